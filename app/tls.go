package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/web"
)

// problem returns what is wrong with the settings of TLS, or nil.
func (t TLS) problem() *Problem {
	switch {
	case t.Cert != "" && t.Key == "":
		return check(false, "tls.key", "the certificate's private key is missing; name its file, too")
	case t.Key != "" && t.Cert == "":
		return check(false, "tls.cert", "the private key's certificate is missing; name its file, too")
	}
	return check(!t.SelfSigned || t.Cert == "", "tls.self_signed",
		"there is a certificate already; leave cert and key empty, or write false")
}

// CertificateCheck is what the files of a certificate are like. It is empty where settings name none.
type CertificateCheck struct {
	TLS     TLS      // whose files they are
	Err     error    // why they cannot be used, to stand in a sentence, or nil
	Names   []string // that the certificate is for
	Expires time.Time
}

// checkCertificate reads the files of a certificate, where both are named.
func checkCertificate(t TLS) CertificateCheck {
	if t.Cert == "" || t.Key == "" {
		return CertificateCheck{}
	}
	certificate, err := web.LoadCertificate(t.Cert, t.Key)
	if err != nil {
		return CertificateCheck{TLS: t, Err: fmt.Errorf("it cannot be used: %s", certificateText(err))}
	}
	if ends := certificate.Expires(); time.Now().After(ends) {
		return CertificateCheck{TLS: t, Err: fmt.Errorf("it cannot be used: it ended on %s", ends.Format(time.DateOnly))}
	}
	return CertificateCheck{TLS: t, Names: certificate.Names(), Expires: certificate.Expires()}
}

// certificateText says why a certificate cannot be used, and of which of its files.
func certificateText(err error) string {
	text := strings.TrimPrefix(errorText(err), "tls: ")
	if file, is := errors.AsType[*fs.PathError](err); is {
		text = file.Path + ": " + text
	}
	return text
}

// trustedProxies returns the networks of the proxies that are believed whom they speak for.
func (h HTTP) trustedProxies() []netip.Prefix {
	networks, _ := h.parseProxies() // they were checked
	return networks
}

func (h HTTP) parseProxies() (networks []netip.Prefix, err error) {
	for _, text := range h.TrustedProxies {
		network, wrong := parseAllowed(text)
		if wrong != nil {
			err = errors.Join(err, wrong)
			continue
		}
		networks = append(networks, network)
	}
	return networks, err
}
