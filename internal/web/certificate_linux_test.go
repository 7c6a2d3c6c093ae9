package web

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCertificateIsNoPipe finds pipes in place of files, to open which would wait for ever.
func TestCertificateIsNoPipe(t *testing.T) {
	certFile, keyFile := storeCertificate(t, t.TempDir(), time.Now())
	folder := t.TempDir()
	pipe := filepath.Join(folder, "self-signed.crt")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := LoadCertificate(pipe, keyFile)
	require.ErrorContains(t, err, "is no plain file")
	_, err = LoadCertificate(certFile, pipe)
	require.ErrorContains(t, err, "is no plain file")
	require.NoError(t, syscall.Mkfifo(filepath.Join(folder, "self-signed.key"), 0o600))
	c, _ := start(t, folder, time.Now(), "ward")
	require.ErrorContains(t, c.Trouble(), "is no plain file")
}
