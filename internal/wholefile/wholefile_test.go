package wholefile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	for _, c := range []struct {
		content string
		mode    fs.FileMode
	}{{"one", 0o600}, {"another", 0o640}, {"", 0o600}} {
		require.NoError(t, Write(path, []byte(c.content), c.mode))
		held, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, c.content, string(held))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, c.mode, info.Mode().Perm())
	}
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left beside it")
}

func TestWriteFails(t *testing.T) {
	folder := t.TempDir()
	taken := filepath.Join(folder, "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(taken, "full"), 0o700))
	require.Error(t, Write(taken, []byte("x"), 0o600), "a folder is no file to replace")
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left beside it")
	missing := filepath.Join(folder, "none", "file")
	err = Write(missing, nil, 0o600)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, missing+":", "it is called as people know it")
}
