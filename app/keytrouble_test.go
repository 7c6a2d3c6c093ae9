package app

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/keys"
)

func TestFileTroubleSaysWhatToDo(t *testing.T) {
	wrap := func(err error) error {
		return fmt.Errorf("%w: %w", keys.ErrNotStored, &fs.PathError{Op: "open", Path: "/x/keys", Err: err})
	}
	for want, err := range map[string]error{
		"Run: sudo chown -R " + ownName() + " /x; ": wrap(syscall.EACCES),
		"Make room there":                  wrap(syscall.ENOSPC),
		"Have it mounted for writing":      wrap(syscall.EROFS),
		"Put the file itself in its place": wrap(keys.ErrNoFile),
		"End it: sudo fuser -v /x":         wrap(keys.ErrBusy),
		"Mend it, or move it away":         wrap(keys.ErrBroken),
	} {
		require.Contains(t, fileTrouble("/x/keys", err), want)
	}
	require.Equal(t, "input/output error", fileTrouble("/x/keys", wrap(syscall.EIO)))
	require.Contains(t, fileTrouble("/x/It's mine/keys", wrap(syscall.EACCES)), ` '/x/It'\''s mine'; sudo chmod `)
}

// TestFolderInPlaceOfKeys begins where a folder has the name of the keys' file: reception and page go on with a key
// that is new, which window and log say, with what to do; and the keys that come into its place open the page.
func TestFolderInPlaceOfKeys(t *testing.T) {
	cfg := keyed(t)
	path := filepath.Join(os.Getenv("STATE_DIRECTORY"), "viewer-keys.json")
	require.NoError(t, os.Mkdir(path, 0o700))
	var log bytes.Buffer
	r, err := Start(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	warnings := strings.Join(r.Warnings(), "\n")
	require.Contains(t, warnings, "keys in "+path+" cannot be read: a link, a folder or a device has that name. ")
	client, base := visitor(t, r, firstSecret(r))
	require.ErrorContains(t, r.RemoveKey(keys.FirstName), "cannot be read")
	code, _ := get(t, client, base+"/")
	require.Equal(t, http.StatusUnauthorized, code)

	require.NoError(t, os.Remove(path))
	const secret = "0123456789abcdef"
	require.NoError(t, os.WriteFile(path, []byte(`{"keys":[{"name":"Ward","secret":"`+secret+`"}]}`), 0o644))
	require.Eventually(t, func() bool { return firstSecretOr(r) == secret }, patience, 10*time.Millisecond)
	visitor(t, r, secret)
	require.Eventually(t, func() bool {
		return strings.Contains(strings.Join(r.Warnings(), "\n"), "Others on this computer can read the viewers' keys")
	}, patience, 10*time.Millisecond)
	require.NoError(t, end(t, r))
	require.Contains(t, log.String(), "Put the file itself in its place")
	require.Contains(t, log.String(), "chmod 600 "+path)
}

func firstSecretOr(r *Run) string {
	if list := r.keys.List(); len(list) > 0 {
		return list[0].Secret
	}
	return ""
}

// TestLostKeysAreLogged ends while the keys cannot be stored.
func TestLostKeysAreLogged(t *testing.T) {
	cfg := keyed(t)
	folder := filepath.Join(t.TempDir(), "folder")
	t.Setenv("STATE_DIRECTORY", folder)
	var log bytes.Buffer
	r, err := Start(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	require.ErrorContains(t, r.RemoveKey(keys.FirstName), "links that were replaced or removed would open the page again")
	require.NoError(t, end(t, r))
	require.Contains(t, log.String(), "what was changed of the viewers' keys is lost")
}
