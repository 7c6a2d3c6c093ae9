package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
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
	certificate, err := web.LoadCertificate(t.Cert, t.Key, slog.New(slog.DiscardHandler))
	if err != nil {
		return CertificateCheck{TLS: t, Err: fmt.Errorf("it cannot be used: %s", certificateText(err))}
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

// loadCertificate returns the certificate that viewers' connections are encrypted with, or nil for plain HTTP. The
// error is a sentence for the operator.
func (r *Run) loadCertificate() (*web.Certificate, error) {
	t := r.cfg.TLS
	switch {
	case t.Cert != "":
		certificate, err := web.LoadCertificate(t.Cert, t.Key, r.log)
		if err != nil {
			return nil, &sentence{fmt.Sprintf("The certificate %s cannot be used: %s. Mend it, or leave [tls] empty.",
				t.Cert, certificateText(err)), err}
		}
		return certificate, nil
	case t.SelfSigned:
		folder, err := dataFolder()
		if err == nil {
			var certificate *web.Certificate
			if certificate, err = web.SelfSigned(folder, r.certified(), r.log); err == nil {
				return certificate, nil
			}
		}
		return nil, &sentence{fmt.Sprintf("No certificate could be made: %s. Set one of your own in [tls], "+
			"or leave it empty.", errorText(err)), err}
	default:
		return nil, nil //nolint:nilnil // plain HTTP needs none
	}
}

// certified returns the names and addresses that a certificate of our own making is for.
func (r *Run) certified() []string {
	names := append(r.hosts(), "localhost", "127.0.0.1", "::1")
	if address, err := netip.ParseAddrPort(r.hostOf(r.listener)); err == nil {
		names = append(names, address.Addr().String())
	}
	return names
}

// Fingerprint returns the SHA-256 digest of the certificate that viewers' browsers show, "AB:CD:...", so that viewers
// can be told what to look for. It is empty where the page is served by plain HTTP.
func (r *Run) Fingerprint() string {
	if r.certificate == nil {
		return ""
	}
	return r.certificate.Fingerprint()
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
