package web

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/wholefile"
)

// written is how many certificates storeCertificate has written.
var written atomic.Int64

// storeCertificate writes a fresh certificate for 127.0.0.1 and its key over those in a folder. Each is a second
// younger than the one before, as a file system may give the same time to all files of a test.
func storeCertificate(t *testing.T, folder string, now time.Time) (certFile, keyFile string) {
	t.Helper()
	_, cert, key, err := makeCertificate(nil, []string{"127.0.0.1"}, now)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	require.NoError(t, wholefile.Write(certFile, cert, 0o600))
	require.NoError(t, wholefile.Write(keyFile, key, 0o600))
	stamp := time.Unix(1e9+written.Add(1), 0)
	require.NoError(t, os.Chtimes(certFile, stamp, stamp))
	require.NoError(t, os.Chtimes(keyFile, stamp, stamp))
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
	trusted.AddCert(certificate.now.Load().Leaf)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return "https://" + listener.Addr().String(), &http.Client{Transport: transport}
}

func TestSelfSignedServesHTTP2(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	certificate, renewed, err := SelfSigned(folder, []string{"127.0.0.1", "Receiver.local."}, time.Now())
	require.NoError(t, err)
	require.False(t, renewed)
	require.NoError(t, certificate.Trouble())
	require.Equal(t, []string{"receiver.local"}, certificate.now.Load().Leaf.DNSNames)
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

// start returns the certificate that a start has at a time, with what it says of it.
func start(t *testing.T, folder string, now time.Time, hosts ...string) (c *Certificate, renewed bool) {
	t.Helper()
	c, renewed, err := SelfSigned(folder, hosts, now)
	require.NoError(t, err)
	return c, renewed
}

// TestSelfSignedIsKept wants a certificate to stay the same as long as it can, and its private key for ever.
func TestSelfSignedIsKept(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	first, _ := start(t, folder, now, "127.0.0.1", "ward")
	again, renewed := start(t, folder, now, "ward", "127.0.0.1")
	require.False(t, renewed)
	require.Equal(t, first.Fingerprint(), again.Fingerprint())
	require.False(t, again.Renew([]string{"127.0.0.1"}, now))
	info, err := os.Stat(again.keyFile)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	for name, at := range map[string]time.Time{
		"it ends soon":       first.Expires().Add(-renewAtStart + time.Hour),
		"it has ended":       first.Expires().Add(time.Hour),
		"it is not good yet": now.Add(-24 * time.Hour),
	} {
		before, _ := start(t, folder, now, "ward")
		next, renewed := start(t, folder, at, "ward")
		require.True(t, renewed, name)
		require.NoError(t, next.Trouble())
		require.NotEqual(t, before.Fingerprint(), next.Fingerprint())
		require.Equal(t, first.now.Load().Leaf.PublicKey, next.now.Load().Leaf.PublicKey, "who knows the key knows it still")
		require.WithinDuration(t, at.Add(selfSignedLife), next.Expires(), time.Second)
		require.Equal(t, []string{"ward", "127.0.0.1"}, next.Names())
	}
}

// TestSelfSignedFollowsTheMachine has addresses and names change while a receiver runs.
func TestSelfSignedFollowsTheMachine(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	c, _ := start(t, folder, now, "127.0.0.1", "ward", "192.0.2.1")
	first := c.Fingerprint()
	there := []string{"127.0.0.1", "ward", "192.0.2.2", "fe80::1%eth0", "klinik-m\u00fcnchen"}
	require.True(t, c.Renew(there, now))
	require.False(t, c.Renew(there, now), "and once only")
	second := c.Fingerprint()
	require.NotEqual(t, first, second)
	require.Equal(t, []string{"ward", "127.0.0.1", "192.0.2.2", "fe80::1", "192.0.2.1"}, c.Names())
	require.False(t, c.Renew([]string{"WARD", "192.0.2.1"}, now), "it was there before")
	again, renewed := start(t, folder, now, "192.0.2.1")
	require.False(t, renewed)
	require.Equal(t, second, again.Fingerprint())

	for i := range 2 * maxNames { // a laptop that sees many networks
		require.True(t, c.Renew([]string{"ward", fmt.Sprint("198.51.100.", i)}, now))
		require.LessOrEqual(t, len(c.Names()), maxNames)
		require.Contains(t, c.Names(), "ward")
	}
	require.False(t, c.Renew([]string{"ward"}, c.Expires().Add(-renewAtStart+time.Hour)), "a start is the better time")
	require.True(t, c.Renew([]string{"ward"}, c.Expires().Add(-renewAnyTime+time.Hour)))
}

// TestSelfSignedCannotBeKept wants viewers' connections encrypted all the same, and nobody's file written over.
func TestSelfSignedCannotBeKept(t *testing.T) {
	now := time.Now()
	folder := t.TempDir()
	certFile := filepath.Join(folder, "self-signed.crt")
	require.NoError(t, os.WriteFile(certFile, []byte("something else"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "self-signed.key"), []byte("something else"), 0o600))
	c, renewed := start(t, folder, now, "ward")
	require.False(t, renewed)
	require.ErrorContains(t, c.Trouble(), "failed to find any PEM data")
	require.Equal(t, []string{"ward"}, c.Names())
	why := c.Trouble()
	for range 2 { // Renew is called every few seconds
		require.False(t, c.Renew([]string{"theatre"}, now))
		require.Equal(t, why, c.Trouble())
	}
	left, err := os.ReadFile(certFile)
	require.NoError(t, err)
	require.Equal(t, "something else", string(left))

	c, _ = start(t, filepath.Join(certFile, "below-a-file"), now, "ward")
	require.Error(t, c.Trouble())
	c, _ = start(t, "", now, "ward")
	require.ErrorIs(t, c.Trouble(), errNoFolder)

	folder = filepath.Join(t.TempDir(), "folder")
	c, _ = start(t, folder, now, "ward")
	before := c.Fingerprint()
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	require.False(t, c.Renew([]string{"theatre"}, now))
	require.Error(t, c.Trouble())
	require.Equal(t, before, c.Fingerprint(), "the former one goes on")
	why = c.Trouble()
	require.False(t, c.Renew([]string{"theatre"}, now))
	require.EqualError(t, c.Trouble(), why.Error())
	require.NoError(t, os.Remove(folder))
	require.True(t, c.Renew([]string{"theatre"}, now))
	require.NoError(t, c.Trouble())
}

// TestChangedCertificateIsReadAnew replaces files, also in two steps, by halves, by what does not fit, and by nothing.
func TestChangedCertificateIsReadAnew(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	certFile, keyFile := storeCertificate(t, folder, now)
	c, err := LoadCertificate(certFile, keyFile)
	require.NoError(t, err)
	require.False(t, c.Look(now))
	first := c.Fingerprint()
	storeCertificate(t, folder, now)
	require.False(t, c.Look(now), "it may be half written")
	require.True(t, c.Look(now))
	require.False(t, c.Look(now))
	second := c.Fingerprint()
	require.NotEqual(t, first, second)

	otherCert, otherKey := storeCertificate(t, t.TempDir(), now)
	ended, endedKey := storeCertificate(t, t.TempDir(), now.Add(-2*selfSignedLife))
	whole, err := os.ReadFile(otherCert)
	require.NoError(t, err)
	half := filepath.Join(folder, "half.pem")
	require.NoError(t, os.WriteFile(half, whole[:len(whole)/2], 0o600))
	for name, files := range map[string][2]string{
		"half written": {half, otherKey}, "without its key": {otherCert, keyFile}, "ended": {ended, endedKey},
		"the other way round": {otherKey, otherCert}, "gone": {filepath.Join(folder, "none"), otherKey},
		"a folder": {folder, otherKey},
	} {
		c.certFile, c.keyFile = files[0], files[1]
		require.False(t, c.Look(now), name)
		require.NoError(t, c.Trouble(), "it may be half written")
		for range 3 {
			require.False(t, c.Look(now), name)
			require.Error(t, c.Trouble(), name)
		}
		require.Equal(t, second, c.Fingerprint(), name)
		c.certFile, c.keyFile = certFile, keyFile
		c.Look(now)
		require.False(t, c.Look(now), "it is the one that was read before")
		require.NoError(t, c.Trouble(), name)
	}
	storeCertificate(t, folder, now)
	c.Look(now)
	require.True(t, c.Look(now))

	c, err = LoadCertificate(ended, endedKey)
	require.NoError(t, err, "better than no reception")
	require.True(t, c.EndsSoon(now))
	require.False(t, c.EndsSoon(now.Add(-2*selfSignedLife)))
	c.certFile, c.keyFile = otherCert, otherKey
	c.Look(now)
	require.True(t, c.Look(now))
}

func TestCertificatesOfNoUse(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := storeCertificate(t, folder, time.Now())
	_, otherKey := storeCertificate(t, t.TempDir(), time.Now())
	huge := filepath.Join(folder, "huge.pem")
	require.NoError(t, os.WriteFile(huge, make([]byte, maxPEM+1), 0o600))
	for name, files := range map[string][2]string{
		"no file": {"/nowhere", keyFile}, "no key": {certFile, "/nowhere"}, "another key": {certFile, otherKey},
		"the other way round": {keyFile, certFile}, "huge": {huge, keyFile}, "a folder": {certFile, folder},
	} {
		_, err := LoadCertificate(files[0], files[1])
		require.ErrorContains(t, err, "web: certificate: ", name)
	}
}
