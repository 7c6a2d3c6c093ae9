//go:build unix

package wholefile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRootWritesForOthers needs root: what it writes is the service's, whose folder or file it is.
func TestRootWritesForOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	owner := func() int {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return int(info.Sys().(*syscall.Stat_t).Uid)
	}
	require.NoError(t, os.Chown(folder, 1234, 1234))
	require.NoError(t, Write(path, nil, 0o600))
	require.Equal(t, 1234, owner())
	require.NoError(t, os.Chown(path, 4321, 4321))
	require.NoError(t, Write(path, nil, 0o600))
	require.Equal(t, 4321, owner())
}
