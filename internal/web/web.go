// Package web is the HTTP side of the receiver: the page, the mount of each channel's HLS output, the status API with
// its event stream, health checks and metrics, and the rule who may see them.
//
// A request passes: recovery from panics, security headers, a check whether it is for a name of this server, refusal of
// bodies and other methods than GET and HEAD, a write deadline that moves with each piece written, the access rule, the
// route. Only /healthz skips the access rule, and /hls/{channel}/access has it for an answer.
package web

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// Config is what a Server serves, and to whom. The functions are called concurrently.
type Config struct {
	// Snapshot returns the state of the receiver now. The server asks at most four times a second for all event
	// streams together, and once for each request of the status, of /readyz and of /metrics.
	Snapshot func() status.Snapshot

	// HLS returns the HLS output of a channel, or nil where there is no such channel. It is called with paths below
	// /hls/{id}, such as "/index.m3u8", and with the query that came, a key's included, so that the playlists it
	// writes hand the query on.
	HLS func(channel string) http.Handler

	// Root, where it is not empty, is the channel whose HLS output is all that is served, at the root: /playlist.m3u8, or
	// /{key}/playlist.m3u8 with the key in the path.
	Root string

	// Page serves "/" and what is below "/assets/".
	Page http.Handler

	// Open lets everyone watch who reaches the server. Else it takes one of the keys; without any, nobody may.
	Open bool

	// Keys are what viewers must know, one of them. SetKeys replaces them.
	Keys []Key

	// Hosts are the names under which the server answers, beside localhost and IP addresses: that of the machine, and
	// that of the public address.
	Hosts []string

	// Origins are the origins, such as "https://wards.example", whose pages may read answers. They still need a key.
	Origins []string

	// TrustedProxies are the networks of the proxies that are believed whom they speak for.
	TrustedProxies []netip.Prefix

	// TLS encrypts viewers' connections; with it, they use HTTP/2. Nil: plain HTTP.
	TLS *tls.Config

	// Limits bounds what clients can take.
	Limits Limits

	// Log takes panics, broken connections, and records of two kinds of their own: "access" about keys, "viewer" about
	// who watched what, from where and when.
	Log *slog.Logger
}

// Server is the http.Handler of the receiver. Its methods may be called concurrently.
type Server struct {
	cfg     Config
	log     *slog.Logger
	limits  Limits
	hosts   map[string]bool
	router  *chi.Mux
	started time.Time
	access  *access
	viewers viewers
	shared  shared
	streams *places // of event streams
	inWork  *places // of viewers' requests

	requests atomic.Uint64

	closing   chan struct{}
	closeOnce sync.Once
}

// New returns a Server. It starts nothing: Run or any http.Server serves it.
func New(cfg Config) *Server {
	limits := cfg.Limits.withDefaults()
	s := &Server{
		cfg:     cfg,
		log:     cfg.Log,
		limits:  limits,
		hosts:   hostSet(cfg.Hosts),
		started: time.Now(),
		access:  newAccess(cfg.Open, cfg.Keys, limits),
		viewers: viewers{limit: limits.Viewers},
		closing: make(chan struct{}),
	}
	s.streams, s.inWork = s.newPlaces(limits.Streams), s.newPlaces(limits.Requests)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.router = s.routes()
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if s.cfg.Root != "" {
		r = fromRoot(r, s.cfg.Root)
	}
	s.router.ServeHTTP(w, r)
}

// SetKeys replaces all keys at once. Who came with a key that is no longer among them sees nothing more, and is told
// that the link is no longer valid.
func (s *Server) SetKeys(keys []Key) { s.access.setKeys(keys) }

// KeyViewers returns how many viewers fetched a playlist or a part of any channel within the last 10 s, by the name of
// the key that they came with.
func (s *Server) KeyViewers() map[string]int { return s.viewers.byKey(time.Now()) }

// Viewers returns how many viewers fetched a playlist or a part of the channel within the last 10 s. A viewer is a
// cookie where a key is needed, else an address and a browser.
func (s *Server) Viewers(channel string) int { return s.viewers.count(channel, time.Now()) }

// Close ends the open event streams and refuses new ones, so that a http.Server that serves s can shut down. Calling
// it again does nothing.
func (s *Server) Close() { s.closeOnce.Do(func() { close(s.closing) }) }
