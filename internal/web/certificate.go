package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/wholefile"
)

const (
	// lookEvery is how often is looked whether the files of a certificate have changed.
	lookEvery = 2 * time.Second

	// selfSignedLife is how long a certificate of our own making is good: Apple's browsers take no longer ones.
	selfSignedLife = 800 * 24 * time.Hour

	// renewBefore is how long before its end it is made anew, with the next start.
	renewBefore = 60 * 24 * time.Hour
)

// Certificate proves to viewers whom they talk to. It follows its files: when they change, the next connection gets
// what they then say, and where that is of no use, what they said before. Its methods may be called concurrently.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	lookEvery         time.Duration

	mu     sync.Mutex
	looked time.Time
	seen   [2]stamp // of the files as last read, good or bad
	now    *tls.Certificate
}

// stamp tells one state of a file from another.
type stamp struct {
	changed time.Time
	size    int64
}

// LoadCertificate reads a certificate with its chain, and its private key, from PEM files.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, lookEvery: lookEvery}
	seen, err := c.stamps()
	if err != nil {
		return nil, fmt.Errorf("web: certificate: %w", err)
	}
	c.seen, c.looked = seen, time.Now()
	if c.now, err = c.read(); err != nil {
		return nil, fmt.Errorf("web: certificate: %w", err)
	}
	return c, nil
}

// SelfSigned returns a certificate of our own making for names and addresses, which browsers warn of, but which
// encrypts. It is kept in a folder, so that its fingerprint stays the same until it is about to end.
func SelfSigned(folder string, hosts []string, log *slog.Logger) (*Certificate, error) {
	certFile, keyFile := filepath.Join(folder, "self-signed.crt"), filepath.Join(folder, "self-signed.key")
	kept, err := LoadCertificate(certFile, keyFile, log)
	switch {
	case err == nil && time.Until(kept.Expires()) > renewBefore:
		return kept, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err // it may be somebody's: do not write over it
	}
	cert, key, err := makeCertificate(hosts, time.Now())
	if err != nil {
		return nil, fmt.Errorf("web: certificate: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("web: certificate: %w", err)
	}
	if err := errors.Join(wholefile.Write(keyFile, key, 0o600), wholefile.Write(certFile, cert, 0o600)); err != nil {
		return nil, fmt.Errorf("web: certificate: %w", err)
	}
	return LoadCertificate(certFile, keyFile, log)
}

// Config returns what Config.TLS takes.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.present(), nil },
	}
}

// Fingerprint returns the SHA-256 digest of the certificate as browsers show it: "AB:CD:...".
func (c *Certificate) Fingerprint() string {
	sum := sha256.Sum256(c.present().Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// Expires returns when the certificate ends.
func (c *Certificate) Expires() time.Time { return c.present().Leaf.NotAfter }

// Names returns the names and addresses that the certificate is for.
func (c *Certificate) Names() []string {
	leaf := c.present().Leaf
	names := slices.Clone(leaf.DNSNames)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	return names
}

// present returns the certificate as it is now, after a look at its files where the last one was some time ago.
func (c *Certificate) present() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < c.lookEvery {
		return c.now
	}
	c.looked = time.Now()
	seen, err := c.stamps()
	if err != nil || seen == c.seen {
		return c.now // a file that is gone for a moment is being replaced
	}
	c.seen = seen
	next, err := c.read()
	if err != nil {
		c.log.Error("the changed certificate is of no use; the former one goes on", "file", c.certFile, "error", err)
		return c.now
	}
	c.now = next
	c.log.Info("certificate read anew", "file", c.certFile, "expires", next.Leaf.NotAfter)
	return c.now
}

func (c *Certificate) stamps() (stamps [2]stamp, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamps, err
		}
		stamps[i] = stamp{info.ModTime(), info.Size()}
	}
	return stamps, nil
}

func (c *Certificate) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, err
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("%s ended on %s", c.certFile, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return &pair, nil
}

// makeCertificate returns a certificate and its private key as PEM.
func makeCertificate(hosts []string, now time.Time) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "ISC Receiver"},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.Add(selfSignedLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if address, noAddress := netip.ParseAddr(host); noAddress == nil {
			template.IPAddresses = append(template.IPAddresses, address.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER}), nil
}
