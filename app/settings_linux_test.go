package app

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSettingsThatAreNone reads what would make the program wait, or fill its memory, when it reads its settings again.
func TestSettingsThatAreNone(t *testing.T) {
	folder := t.TempDir()
	pipe, huge := filepath.Join(folder, "pipe"), filepath.Join(folder, "huge")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, os.WriteFile(huge, nil, 0o600))
	require.NoError(t, os.Truncate(huge, 1<<40))
	for path, want := range map[string]string{
		pipe: "is a pipe; write a file", huge: "is larger than 1 MiB", "/dev/zero": "is larger than 1 MiB",
	} {
		cfg := Default()
		err := cfg.Load(path)
		require.ErrorIs(t, err, ErrSetting)
		require.ErrorContains(t, err, want)
	}
}
