package web

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/wholefile"
)

// storeCertificate writes a fresh certificate for 127.0.0.1 and its key over those in a folder.
func storeCertificate(t *testing.T, folder string, now time.Time) (certFile, keyFile string) {
	t.Helper()
	cert, key, err := makeCertificate([]string{"127.0.0.1"}, now)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	require.NoError(t, wholefile.Write(certFile, cert, 0o600))
	require.NoError(t, wholefile.Write(keyFile, key, 0o600))
	return certFile, keyFile
}

// serveTLS runs a server with a certificate and returns its address, and a client that trusts that certificate alone.
func serveTLS(t *testing.T, certificate *Certificate) (url string, client *http.Client) {
	t.Helper()
	s := newTestServer(testKey)
	s.cfg.TLS = certificate.Config()
	listener, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ran)
	})
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate.present().Leaf)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return "https://" + listener.Addr().String(), &http.Client{Transport: transport}
}

func TestSelfSignedServesHTTP2(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	certificate, err := SelfSigned(folder, []string{"127.0.0.1", "receiver.local"}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, []string{"receiver.local"}, certificate.present().Leaf.DNSNames)
	require.WithinDuration(t, time.Now().Add(selfSignedLife), certificate.Expires(), time.Minute)
	url, client := serveTLS(t, certificate)

	response, err := client.Get(url + "/api/v1/status?key=" + testKey)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, 2, response.ProtoMajor)
	require.True(t, response.Cookies()[0].Secure)
	require.Equal(t, certificate.Fingerprint(), fingerprintOf(response))

	response, err = client.Get(url + "/api/v1/events?key=" + testKey)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Contains(t, readEvent(t, bufio.NewScanner(response.Body)), `"id":"rig1"`)
}

func fingerprintOf(response *http.Response) string {
	sum := sha256.Sum256(response.TLS.PeerCertificates[0].Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

func TestSelfSignedIsKept(t *testing.T) {
	folder := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	first, err := SelfSigned(folder, []string{"127.0.0.1"}, log)
	require.NoError(t, err)
	second, err := SelfSigned(folder, []string{"192.0.2.1"}, log)
	require.NoError(t, err)
	require.Equal(t, first.Fingerprint(), second.Fingerprint())
	info, err := os.Stat(second.keyFile)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	cert, key, err := makeCertificate(nil, time.Now().Add(renewBefore/2-selfSignedLife)) // it ends soon
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(second.certFile, cert, 0o600))
	require.NoError(t, os.WriteFile(second.keyFile, key, 0o600))
	third, err := SelfSigned(folder, nil, log)
	require.NoError(t, err)
	require.Greater(t, time.Until(third.Expires()), renewBefore)

	require.NoError(t, os.WriteFile(second.certFile, []byte("something else"), 0o600))
	_, err = SelfSigned(folder, nil, log)
	require.ErrorContains(t, err, "web: certificate: ")
	left, err := os.ReadFile(second.certFile)
	require.NoError(t, err)
	require.Equal(t, "something else", string(left))
}

func TestChangedCertificateIsReadAnew(t *testing.T) {
	var log bytes.Buffer
	folder := t.TempDir()
	certFile, keyFile := storeCertificate(t, folder, time.Now())
	certificate, err := LoadCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	first := certificate.Fingerprint()
	storeCertificate(t, folder, time.Now())
	require.Equal(t, first, certificate.Fingerprint(), "it is not looked at each time")
	certificate.lookEvery = 0
	second := certificate.Fingerprint()
	require.NotEqual(t, first, second)
	require.Contains(t, log.String(), "certificate read anew")

	require.NoError(t, os.Remove(certFile))
	require.Equal(t, second, certificate.Fingerprint(), "while it is gone")
	require.NoError(t, os.WriteFile(certFile, []byte("half a"), 0o600))
	for range 3 {
		require.Equal(t, second, certificate.Fingerprint(), "while it is of no use")
	}
	require.Equal(t, 1, strings.Count(log.String(), "of no use"))
	storeCertificate(t, folder, time.Now().Add(-2*selfSignedLife))
	require.Equal(t, second, certificate.Fingerprint(), "as what has ended is")
	storeCertificate(t, folder, time.Now())
	require.NotEqual(t, second, certificate.Fingerprint())
}

func TestCertificatesOfNoUse(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	folder := t.TempDir()
	certFile, keyFile := storeCertificate(t, folder, time.Now())
	_, otherKey := storeCertificate(t, t.TempDir(), time.Now())
	ended, endedKey := storeCertificate(t, t.TempDir(), time.Now().Add(-2*selfSignedLife))
	for name, files := range map[string][2]string{
		"no file": {"/nowhere", keyFile}, "no key": {certFile, "/nowhere"}, "another key": {certFile, otherKey},
		"ended": {ended, endedKey}, "the other way round": {keyFile, certFile},
	} {
		_, err := LoadCertificate(files[0], files[1], log)
		require.ErrorContains(t, err, "web: certificate: ", name)
	}
}
