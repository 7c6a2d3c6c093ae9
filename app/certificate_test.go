package app

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/web"
	"github.com/isc-receiver/isc-receiver/internal/written"
)

// TestOwnCertificateIsRenewed starts with a certificate of our own that has ended, or is for another machine: window
// and log say that the fingerprint is another one.
func TestOwnCertificateIsRenewed(t *testing.T) {
	for name, at := range map[string]time.Time{"ended": time.Now().AddDate(-10, 0, 0), "elsewhere": time.Now()} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.TLS.SelfSigned = true
			old, _, err := web.SelfSigned(os.Getenv("STATE_DIRECTORY"), []string{"192.0.2.1"}, at)
			require.NoError(t, err)
			var log written.Text
			r, err := Start(cfg, slog.New(slog.NewTextHandler(&log, nil)))
			require.NoError(t, err)
			require.NotEqual(t, old.Fingerprint(), r.Fingerprint())
			require.Contains(t, strings.Join(r.Warnings(), "\n"), "need the new one: "+r.Fingerprint())
			require.Equal(t, 1, strings.Count(log.String(), "need the new one: "+r.Fingerprint()))
			visit(t, r.ViewerURL(), r.Fingerprint())
			require.NoError(t, end(t, r))
			r = begin(t, cfg)
			require.NotContains(t, strings.Join(r.Warnings(), "\n"), "need the new one")
			require.NoError(t, end(t, r))
		})
	}
}

// TestCertificateInTrouble begins with a certificate that has ended, has it replaced by one of no use and then by a
// good one, while somebody watches: there is one line about each.
func TestCertificateInTrouble(t *testing.T) {
	folder, past := t.TempDir(), t.TempDir()
	old, _, err := web.SelfSigned(past, []string{"wards.example"}, time.Now().AddDate(-10, 0, 0))
	require.NoError(t, err)
	made, _, err := web.SelfSigned(folder, []string{"wards.example"}, time.Now())
	require.NoError(t, err)
	cfg := testConfig(t)
	cfg.TLS = TLS{Cert: filepath.Join(past, "self-signed.crt"), Key: filepath.Join(past, "self-signed.key")}
	var log written.Text
	r, err := Start(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err, "reception must not wait for a certificate")
	require.Contains(t, strings.Join(r.Warnings(), "\n"), "The page's certificate ends at ")
	visit(t, r.ViewerURL(), old.Fingerprint())

	require.NoError(t, os.WriteFile(cfg.TLS.Cert, []byte("half a"), 0o600))
	const trouble = "was changed and cannot be used: failed to find any PEM data in certificate input."
	require.Eventually(t, func() bool { return strings.Count(log.String(), trouble) > 0 }, patience, 10*time.Millisecond)
	require.Contains(t, strings.Join(r.Warnings(), "\n"), trouble)
	visit(t, r.ViewerURL(), old.Fingerprint())

	for _, name := range []string{"self-signed.key", "self-signed.crt"} {
		text, err := fs.ReadFile(os.DirFS(folder), name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(past, name), text, 0o600))
	}
	require.Eventually(t, func() bool { return r.Fingerprint() == made.Fingerprint() }, patience, 10*time.Millisecond)
	require.Empty(t, r.certificateWarnings())
	visit(t, r.ViewerURL(), made.Fingerprint())
	require.NoError(t, end(t, r))
	require.Equal(t, 1, strings.Count(log.String(), trouble))
	require.Equal(t, 1, strings.Count(log.String(), "certificate read anew"))
}
