package app

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/web"
)

const (
	// certificateEvery is how often is looked whether the page's certificate is as it should be.
	certificateEvery = 2 * time.Second

	// tellRenewed is how long the operator is told of another fingerprint.
	tellRenewed = 24 * time.Hour
)

// loadCertificate makes ready what viewers' connections are encrypted with, where they are. The error is a sentence for
// the operator.
func (r *Run) loadCertificate() (err error) {
	t := r.cfg.TLS
	switch {
	case t.Cert != "":
		if r.certificate, err = web.LoadCertificate(t.Cert, t.Key); err != nil {
			return &sentence{fmt.Sprintf("The certificate %s cannot be used: %s. Mend it, or leave [tls] empty.",
				t.Cert, certificateText(err)), err}
		}
	case t.SelfSigned:
		folder, _ := dataFolder() // where there is none, the certificate says so
		var renewed bool
		if r.certificate, renewed, err = web.SelfSigned(folder, r.certified(), time.Now()); err != nil {
			return &sentence{fmt.Sprintf("No certificate could be made: %s. Set one of your own in [tls], "+
				"or leave it empty.", errorText(err)), err}
		}
		r.noteRenewed(renewed)
	}
	return nil
}

// certified returns the names and addresses that a certificate of our own making is for: those that links have, and
// those of this machine alone.
func (r *Run) certified() []string {
	names := append(r.hosts(), "localhost", "127.0.0.1", "::1")
	if r.cfg.HTTP.PublicURL != "" {
		return names
	}
	if address, err := netip.ParseAddrPort(r.hostOf(r.listener)); err == nil {
		names = append(names, address.Addr().String())
	}
	return names
}

// followCertificate reads a certificate anew when its files change, and makes one of our own anew when that is due,
// until the context ends.
func (r *Run) followCertificate(ctx context.Context) {
	if r.certificate == nil {
		return
	}
	ticker := time.NewTicker(certificateEvery)
	defer ticker.Stop()
	said := r.certificateWarnings() // they were logged at the start
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if r.cfg.TLS.SelfSigned {
			r.noteRenewed(r.certificate.Renew(r.certified(), time.Now()))
		} else if r.certificate.Look(time.Now()) {
			r.log.Info("certificate read anew", "fingerprint", r.Fingerprint(), "expires", r.certificate.Expires())
		}
		said = r.logNews(said, r.certificateWarnings())
	}
}

// noteRenewed takes note that the page's own certificate is another one.
func (r *Run) noteRenewed(renewed bool) {
	if renewed {
		now := time.Now()
		r.renewed.Store(&now)
	}
}

// certificateWarnings says what is wrong with the certificate, or new.
func (r *Run) certificateWarnings() (all []string) {
	if r.certificate == nil {
		return nil
	}
	own := r.cfg.TLS.SelfSigned
	if at := r.renewed.Load(); at != nil && time.Since(*at) < tellRenewed {
		all = append(all, "The page's certificate was made anew, as this computer has another address or name, or as the "+
			"former one was about to end: browsers warn once more. Viewers who compare its fingerprint need the new one: "+
			r.Fingerprint())
	}
	switch err := r.certificate.Trouble(); {
	case err != nil && own:
		all = append(all, fmt.Sprintf("The page's certificate cannot be kept as it should be: %s. It is good until the "+
			"receiver stops, but its fingerprint will be another one with the next start.", certificateText(err)))
	case err != nil:
		all = append(all, fmt.Sprintf("The certificate %s was changed and cannot be used: %s. The former one goes on until "+
			"the receiver stops. Mend it before the next start.", r.cfg.TLS.Cert, certificateText(err)))
	}
	if ends := r.certificate.Expires(); !own && r.certificate.EndsSoon(time.Now()) {
		all = append(all, fmt.Sprintf("The page's certificate ends at %s: browsers then show a warning in place of the "+
			"page. Put a renewed one at %s.", ends.Local().Format("2006-01-02 15:04"), r.cfg.TLS.Cert))
	}
	return all
}

// Fingerprint returns the SHA-256 digest of the certificate that viewers' browsers show, "AB:CD:...", so that viewers
// can be told what to look for. It is empty where the page is served by plain HTTP.
func (r *Run) Fingerprint() string {
	if r.certificate == nil {
		return ""
	}
	return r.certificate.Fingerprint()
}
