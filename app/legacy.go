package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/isc-receiver/isc-receiver/hls"
	"github.com/isc-receiver/isc-receiver/internal/web"
)

// What the original system's server had.
const (
	legacySegment = 3 * time.Second
	legacyFiles   = 5
	legacyChannel = "first" // what its server calls the first channel
)

// legacyProblem returns what is wrong with the old address, or nil.
func (h HTTP) legacyProblem() *Problem {
	if h.LegacyHLSAddress == "" {
		return nil
	}
	const setting = "http.legacy_hls_address"
	if p := checkAddress(h.LegacyHLSAddress, setting, ":5077"); p != nil {
		return p
	}
	page, old := listened(h.Address), listened(h.LegacyHLSAddress)
	return check(page.Port() != old.Port() || old.Port() == 0, setting,
		"the page has port %d; write another, such as :5077", old.Port())
}

// newPlain returns the output that is served at the old address.
func newPlain(log *slog.Logger) (*hls.Publisher, error) {
	return hls.New(hls.Config{Variant: "mpegts", Segment: legacySegment, Files: legacyFiles, Log: log})
}

// openLegacy opens the old address, under the same access rule as the page. It is plain HTTP, as its players know
// nothing else.
func (r *Run) openLegacy() (err error) {
	if r.cfg.HTTP.LegacyHLSAddress == "" {
		return nil
	}
	r.oldListener, err = listen(r.cfg.HTTP.LegacyHLSAddress)
	return err
}

// newLegacy returns what serves the old address.
func (r *Run) newLegacy(page web.Config) *web.Server {
	page.Root, page.Page, page.TLS = legacyChannel, http.NotFoundHandler(), nil
	page.HLS = func(string) http.Handler { return r.list()[0].plain.Plain() }
	return web.New(page)
}

// serve serves the page and the old address until ctx ends or one of them can no longer be served.
func (r *Run) serve(ctx context.Context) error {
	if r.legacy == nil {
		return r.web.Run(ctx, r.listener)
	}
	both, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- r.legacy.Run(both, r.oldListener)
	}()
	err := r.web.Run(both, r.listener)
	stop()
	if legacyErr := <-served; err == nil {
		err = legacyErr
	}
	return err
}

// LegacyURL is the address for players that were set up for the original system's server, with the first key that has
// not expired in its path where one is needed. It is empty where none is served, or nobody can watch.
func (r *Run) LegacyURL() string {
	if r.legacy == nil {
		return ""
	}
	host := r.hostOf(r.oldListener)
	if r.keys == nil {
		return oldLink(host, "")
	}
	key, is := r.keys.List().First(time.Now())
	if !is {
		return ""
	}
	return oldLink(host, key.Secret)
}

// oldLink returns the address for players of the original system's server, with a key unless that is empty.
func oldLink(host, secret string) string {
	if secret != "" {
		host += "/" + url.PathEscape(secret)
	}
	return "http://" + host + hls.PlainPlaylist
}
