package web

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

func (s *Server) routes() *chi.Mux {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{snapshot: s.cfg.Snapshot, requests: s.requests.Load})

	r := chi.NewRouter()
	r.Use(s.recoverPanics, s.securityHeaders, s.ownHost, refuseBodies, s.moveWriteDeadline, middleware.GetHead)
	r.NotFound(notFound)
	r.MethodNotAllowed(notFound)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok") })
	r.Get("/hls/{channel}/access", s.serveAccess) // the access rule is what it answers

	r.Group(func(r chi.Router) {
		r.Use(s.technician)
		r.Get("/readyz", s.serveReady)
		r.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	})
	r.Group(func(r chi.Router) {
		// With HTTP/2 a connection has many requests, and those for what is yet to come wait for it.
		r.Use(s.viewer, s.bound(s.inWork, "1", "Too many requests are waiting. Try again later."))
		r.Method(http.MethodGet, "/", s.cfg.Page)
		r.Method(http.MethodGet, "/assets/*", s.cfg.Page)
		r.Get("/hls/{channel}/*", s.serveHLS)
		r.Get("/api/v1/status", s.serveStatus)
		r.With(s.bound(s.streams, "10", "Too many event streams. Ask for /api/v1/status instead.")).
			Get("/api/v1/events", s.serveEvents)
		r.Get("/*", notFound) // behind the access rule, so that a stranger cannot tell routes from gaps
	})
	return r
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	writeText(w, http.StatusNotFound, "There is nothing at this address.")
}

func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	body, err := encode(visible(s.cfg.Snapshot(), grantOf(r)))
	if err != nil {
		s.log.Error("status cannot be encoded", "error", err)
		writeText(w, http.StatusInternalServerError, "The status cannot be written.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the client may be gone
}

// visible returns a snapshot of the channels that may be seen.
func visible(snapshot status.Snapshot, g *grant) status.Snapshot {
	if g.all {
		return snapshot
	}
	seen := make([]status.Channel, 0, len(g.channels))
	for _, channel := range snapshot.Channels {
		if g.sees(channel.ID) {
			seen = append(seen, channel)
		}
	}
	snapshot.Channels = seen
	return snapshot
}

// serveReady says whether each channel has a picture, and if not, what is missing.
func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	if missing := missingPictures(s.cfg.Snapshot()); len(missing) > 0 {
		writeText(w, http.StatusServiceUnavailable, strings.Join(missing, "\n"))
		return
	}
	writeText(w, http.StatusOK, "ready")
}

// missingPictures returns a line for each channel without a picture.
func missingPictures(snapshot status.Snapshot) []string {
	if len(snapshot.Channels) == 0 {
		return []string{"no channel"}
	}
	var missing []string
	for _, channel := range snapshot.Channels {
		switch {
		case channel.State != status.ChannelLive:
			missing = append(missing, channel.ID+": "+string(channel.State)+": "+channel.Verdict.Text)
		case channel.HLS.Enabled && !channel.HLS.Ready:
			missing = append(missing, channel.ID+": HLS has nothing to play yet")
		}
	}
	return missing
}

// writeText answers with a short text that no cache keeps.
func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone
}
