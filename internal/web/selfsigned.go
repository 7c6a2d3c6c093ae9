package web

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/wholefile"
)

const (
	// selfSignedLife is how long a certificate of our own making is good: Apple's browsers take no longer ones.
	selfSignedLife = 800 * 24 * time.Hour

	// renewAtStart and renewAnyTime are how long before its end it is made anew. A start is the better time, as viewers
	// have to accept the new one.
	renewAtStart = 60 * 24 * time.Hour
	renewAnyTime = 7 * 24 * time.Hour

	// maxNames is how many names and addresses it is for: those of now, and then former ones.
	maxNames = 30
)

// errNoFolder says that a certificate could not be kept.
var errNoFolder = errors.New("there is no folder for it")

// SelfSigned returns a certificate of our own making for names and addresses, which browsers warn of, but which
// encrypts. It is kept in a folder, so that its fingerprint stays the same. Where that cannot be read or written there
// is one all the same, and Trouble says why it will be another one with the next start. An empty folder is none.
// The second result tells whether there was another one before, of another fingerprint.
func SelfSigned(folder string, hosts []string, now time.Time) (c *Certificate, renewed bool, err error) {
	c = &Certificate{certFile: filepath.Join(folder, "self-signed.crt"), keyFile: filepath.Join(folder, "self-signed.key")}
	if folder == "" {
		c.certFile, c.keyFile = "", ""
	}
	kept, err := c.load()
	switch {
	case err == nil:
		c.now.Store(kept)
		renewed, err = c.renew(hosts, now, renewAtStart)
		c.setTrouble(err) // the one that there is will do
		return c, renewed, nil
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	default: // it may be somebody's, and is not written over
		c.certFile, c.keyFile = "", ""
	}
	made, cert, key, makeErr := makeCertificate(nil, names(hosts), now)
	if makeErr != nil {
		return nil, false, fmt.Errorf("web: certificate: %w", makeErr)
	}
	if err == nil {
		err = c.store(cert, key)
	}
	c.setTrouble(err)
	c.now.Store(made)
	return c, false, nil
}

// Renew makes a certificate of our own anew, with the same private key, where it ends within a week, is not good yet by
// this clock, or is not for one of these hosts. What it was for before it still is. It reports whether there is another
// one now. Where it cannot be kept, the former one goes on, and Trouble says why.
func (c *Certificate) Renew(hosts []string, now time.Time) (renewed bool) {
	renewed, err := c.renew(hosts, now, renewAnyTime)
	if renewed || err != nil {
		c.setTrouble(err)
	}
	return renewed
}

func (c *Certificate) renew(hosts []string, now time.Time, before time.Duration) (renewed bool, err error) {
	leaf := c.now.Load().Leaf
	former, wanted := names(c.Names()), names(hosts)
	missing := func(name string) bool { return !slices.Contains(former, name) }
	if leaf.NotAfter.Sub(now) > before && now.After(leaf.NotBefore) && !slices.ContainsFunc(wanted, missing) {
		return false, nil
	}
	for _, name := range former {
		if len(wanted) < maxNames && !slices.Contains(wanted, name) {
			wanted = append(wanted, name)
		}
	}
	private, _ := c.now.Load().PrivateKey.(crypto.Signer)
	next, cert, key, err := makeCertificate(private, wanted, now)
	if err == nil {
		err = c.store(cert, key)
	}
	if err != nil {
		return false, err
	}
	c.now.Store(next)
	return true, nil
}

// store writes the files. The key comes first: a certificate without it is of no use, a key without one is made anew.
func (c *Certificate) store(cert, key []byte) error {
	if c.certFile == "" {
		return cmp.Or(c.Trouble(), errNoFolder)
	}
	if err := os.MkdirAll(filepath.Dir(c.certFile), 0o700); err != nil {
		return err
	}
	if err := wholefile.Write(c.keyFile, key, 0o600); err != nil {
		return err
	}
	return wholefile.Write(c.certFile, cert, 0o600)
}

// names returns hosts as certificates have them: addresses in one form, names that the DNS could have, each once.
func names(hosts []string) (all []string) {
	for _, host := range hosts {
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		if address, err := netip.ParseAddr(host); err == nil {
			name = address.Unmap().WithZone("").String()
		}
		other := func(r rune) bool { return r > '~' || r <= ' ' }
		if name != "" && !strings.ContainsFunc(name, other) && !slices.Contains(all, name) && len(all) < maxNames {
			all = append(all, name)
		}
	}
	return all
}

// makeCertificate returns a certificate for hosts, and it and its private key as PEM. Without a private key it makes
// one.
func makeCertificate(private crypto.Signer, hosts []string, now time.Time) (
	made *tls.Certificate, cert, key []byte, err error,
) {
	if private == nil {
		if private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, nil, nil, err
		}
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, nil, err
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
		return nil, nil, nil, err
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, nil, err
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER})
	pair, err := tls.X509KeyPair(cert, key)
	return &pair, cert, key, err
}
