package app

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/web"
)

// visit opens the page over TLS, trusting only the certificate with that fingerprint, and returns the protocol.
func visit(t *testing.T, address, fingerprint string) string {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // the fingerprint is compared, as a viewer would
		VerifyConnection: func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].Raw)
			if got := strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"); got != fingerprint {
				return fmt.Errorf("another certificate: %s", got)
			}
			return nil
		},
	}}
	t.Cleanup(transport.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"healthz", http.NoBody)
	require.NoError(t, err)
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	return response.Proto
}

// TestSelfSigned wants the page over TLS and HTTP/2 with a certificate that stays the same.
func TestSelfSigned(t *testing.T) {
	cfg := testConfig(t)
	cfg.TLS.SelfSigned = true
	r := begin(t, cfg)
	require.True(t, strings.HasPrefix(r.ViewerURL(), "https://127.0.0.1:"), r.ViewerURL())
	fingerprint := r.Fingerprint()
	require.Equal(t, "HTTP/2.0", visit(t, r.ViewerURL(), fingerprint))
	require.FileExists(t, filepath.Join(os.Getenv("STATE_DIRECTORY"), "self-signed.key"))
	require.NoError(t, end(t, r))

	r = begin(t, cfg)
	require.Equal(t, fingerprint, r.Fingerprint())
	require.NoError(t, end(t, r))
}

// TestSelfSignedEverywhere wants a certificate for the address that viewers' links have, where the page is served on
// every interface.
func TestSelfSignedEverywhere(t *testing.T) {
	cfg := testConfig(t)
	cfg.HTTP.Address, cfg.TLS.SelfSigned = ":0", true
	r := begin(t, cfg)
	page, err := url.Parse(r.ViewerURL())
	require.NoError(t, err)
	require.Equal(t, "https", page.Scheme)
	require.Contains(t, r.certificate.Names(), page.Hostname())
	require.NoError(t, end(t, r))
}

func TestCertificate(t *testing.T) {
	folder := t.TempDir()
	made, _, err := web.SelfSigned(folder, []string{"wards.example"}, time.Now())
	require.NoError(t, err)
	cfg := testConfig(t)
	cfg.TLS = TLS{Cert: filepath.Join(folder, "self-signed.crt"), Key: filepath.Join(folder, "self-signed.key")}
	r := begin(t, cfg)
	require.Equal(t, made.Fingerprint(), r.Fingerprint())
	require.Equal(t, "HTTP/2.0", visit(t, r.ViewerURL(), made.Fingerprint()))
	require.NoError(t, end(t, r))

	cfg.TLS.Key = filepath.Join(folder, "none.key")
	_, err = Start(cfg, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "cannot be used")
	require.ErrorContains(t, err, "Mend it, or leave [tls] empty.")
}

// TestCertificateIsChecked has the files of a certificate looked at before anything is started.
func TestCertificateIsChecked(t *testing.T) {
	folder, other := t.TempDir(), t.TempDir()
	made, _, err := web.SelfSigned(folder, []string{"wards.example", "192.0.2.7"}, time.Now())
	require.NoError(t, err)
	_, _, err = web.SelfSigned(other, nil, time.Now())
	require.NoError(t, err)
	good := TLS{Cert: filepath.Join(folder, "self-signed.crt"), Key: filepath.Join(folder, "self-signed.key")}
	look := func(t TLS) CertificateCheck {
		cfg := Default()
		cfg.TLS = t
		return CheckPorts(cfg).Certificate
	}
	require.Equal(t, CertificateCheck{
		TLS: good, Names: []string{"wards.example", "192.0.2.7"}, Expires: made.Expires(),
	}, look(good))
	require.Equal(t, CertificateCheck{}, look(TLS{SelfSigned: true}))
	require.Equal(t, CertificateCheck{}, look(TLS{Cert: good.Cert}))

	past := t.TempDir()
	old, _, err := web.SelfSigned(past, nil, time.Now().AddDate(-10, 0, 0))
	require.NoError(t, err)
	ended := TLS{Cert: filepath.Join(past, "self-signed.crt"), Key: filepath.Join(past, "self-signed.key")}
	require.EqualError(t, look(ended).Err, "it cannot be used: it ended on "+old.Expires().Format(time.DateOnly))

	missing := filepath.Join(folder, "none.key")
	for want, wrong := range map[string]TLS{
		missing + ": no such file or directory": {Cert: good.Cert, Key: missing},
		"private key does not match public key": {Cert: good.Cert, Key: filepath.Join(other, "self-signed.key")},
		os.DevNull + " is no plain file":        {Cert: good.Cert, Key: os.DevNull},
	} {
		check := look(wrong)
		require.Equal(t, wrong, check.TLS)
		require.EqualError(t, check.Err, "it cannot be used: "+want)
	}
}
