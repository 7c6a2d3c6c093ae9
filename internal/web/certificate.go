package web

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// maxPEM is the most that a file of a certificate may have, in bytes.
const maxPEM = 1 << 20

// Certificate proves to viewers whom they talk to. Its methods may be called concurrently, but for Look and Renew,
// which one goroutine alone may call.
type Certificate struct {
	certFile, keyFile string

	now     atomic.Pointer[tls.Certificate]
	trouble atomic.Pointer[error]

	read, looked string // what the files were like when they were read last, and when Look came by last
}

// LoadCertificate reads a certificate with its chain, and its private key, from PEM files. It may have ended.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile}
	c.read = c.state()
	c.looked = c.read
	pair, err := c.load()
	if err != nil {
		return nil, fmt.Errorf("web: certificate: %w", err)
	}
	c.now.Store(pair)
	return c, nil
}

// Look reads the files again if they have changed, and reports whether there is another certificate now. Files that
// are other ones than with the last call may be half written, and are left for the next one. Where the new ones are of
// no use, or have ended while the former one has not, that goes on, and Trouble says why. Look is meant to be called
// every few seconds.
func (c *Certificate) Look(now time.Time) (changed bool) {
	state := c.state()
	settled := state == c.looked
	if c.looked = state; !settled || state == c.read && c.Trouble() == nil {
		return false
	}
	c.read = state
	next, err := c.load()
	if err == nil && now.After(next.Leaf.NotAfter) && now.Before(c.Expires()) {
		err = fmt.Errorf("%s ended on %s", c.certFile, next.Leaf.NotAfter.Format(time.DateOnly))
	}
	if c.setTrouble(err); err != nil {
		return false
	}
	return !c.now.Swap(next).Leaf.Equal(next.Leaf)
}

// Trouble says why the certificate is not that of its files, or is nil.
func (c *Certificate) Trouble() error {
	if err := c.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *Certificate) setTrouble(err error) { c.trouble.Store(&err) }

// Config returns what Config.TLS takes.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil },
	}
}

// Fingerprint returns the SHA-256 digest of the certificate as browsers show it: "AB:CD:...".
func (c *Certificate) Fingerprint() string {
	sum := sha256.Sum256(c.now.Load().Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// Expires returns when the certificate ends.
func (c *Certificate) Expires() time.Time { return c.now.Load().Leaf.NotAfter }

// EndsSoon tells whether the certificate has ended, or should have been renewed by now: it ends within a week, or
// within a quarter of its life where that is less.
func (c *Certificate) EndsSoon(now time.Time) bool {
	leaf := c.now.Load().Leaf
	return leaf.NotAfter.Sub(now) < min(7*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore)/4)
}

// Names returns the names and addresses that the certificate is for.
func (c *Certificate) Names() []string {
	leaf := c.now.Load().Leaf
	names := slices.Clone(leaf.DNSNames)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	return names
}

// state says what the files are like, so that it is another text when they change.
func (c *Certificate) state() string {
	var state strings.Builder
	for _, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			fmt.Fprintln(&state, err)
			continue
		}
		fmt.Fprintln(&state, info.ModTime().UnixNano(), info.Size(), info.Mode())
	}
	return state.String()
}

// load reads the files, which must be plain ones: to open a pipe would wait.
func (c *Certificate) load() (*tls.Certificate, error) {
	for _, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is no plain file", name)
		case info.Size() > maxPEM:
			return nil, fmt.Errorf("%s is too large for a certificate", name)
		}
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, err
	}
	return &pair, nil
}
