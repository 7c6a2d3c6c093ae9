package web

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
)

const (
	// viewerSpan is how long after its last request a viewer is taken to be watching.
	viewerSpan = 10 * time.Second

	// maxAgent is how much is kept of what a viewer's browser or player calls itself, in bytes.
	maxAgent = 200

	// maxQuery is the most that a query below /hls/ may have, in bytes: playlists have it in each of their addresses. A
	// key has 600 of them at most.
	maxQuery = 1024

	// sweepEvery is how often is looked for viewers that have gone.
	sweepEvery = 2 * time.Second
)

// watching is one viewer of one channel.
type watching struct {
	from        netip.Addr
	key         string // the name of the key that it came with, or empty
	agent       string // what its browser or player calls itself
	since, last time.Time
}

// viewers remembers who fetched something of a channel, and when. Its methods may be called concurrently. Channels must
// be existing ones, else the memory has no bound.
type viewers struct {
	limit int // of each channel; one address gets half of them

	mu       sync.Mutex
	channels map[string]*audience // by the channel's id
}

// audience is the viewers of one channel, those included that have gone since they were looked for last.
type audience struct {
	seen map[string]*watching // by what tells viewers apart
	by   map[netip.Addr]int   // how many there are of each address
}

// saw takes note of a viewer. begun says that it has just begun to watch, full that there is no place for it.
func (v *viewers) saw(channel, viewer string, w watching) (begun, full bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	a := v.channels[channel]
	if a == nil {
		a = &audience{make(map[string]*watching), make(map[netip.Addr]int)}
	}
	known := a.seen[viewer]
	if known != nil && w.last.Sub(known.last) <= viewerSpan {
		known.last = w.last
		return false, false
	}
	if known != nil {
		a.leave(viewer)
	}
	from := customer(w.from)
	if len(a.seen) >= v.limit || a.by[from] >= (v.limit+1)/2 && !from.IsLoopback() {
		return false, true
	}
	if v.channels == nil {
		v.channels = make(map[string]*audience)
	}
	v.channels[channel] = a
	w.since = w.last
	a.seen[viewer] = &w
	a.by[from]++
	return true, false
}

// leave removes a viewer.
func (a *audience) leave(viewer string) {
	from := customer(a.seen[viewer].from)
	delete(a.seen, viewer)
	if a.by[from]--; a.by[from] == 0 {
		delete(a.by, from)
	}
}

// of returns the viewers of a channel, those included that have gone.
func (v *viewers) of(channel string) map[string]*watching {
	if a := v.channels[channel]; a != nil {
		return a.seen
	}
	return nil
}

func (v *viewers) count(channel string, now time.Time) (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range v.of(channel) {
		if now.Sub(w.last) <= viewerSpan {
			n++
		}
	}
	return n
}

// byKey counts viewers by the name of their key: who watches several channels is one of them.
func (v *viewers) byKey(now time.Time) map[string]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	counted := make(map[string]bool)
	n := make(map[string]int)
	for _, a := range v.channels {
		for viewer, w := range a.seen {
			if w.key != "" && now.Sub(w.last) <= viewerSpan && !counted[viewer] {
				counted[viewer] = true
				n[w.key]++
			}
		}
	}
	return n
}

// forget removes the viewers that have gone and returns them by channel.
func (v *viewers) forget(now time.Time) map[string][]*watching {
	v.mu.Lock()
	defer v.mu.Unlock()
	gone := make(map[string][]*watching)
	for channel, a := range v.channels {
		for viewer, w := range a.seen {
			if now.Sub(w.last) > viewerSpan {
				gone[channel] = append(gone[channel], w)
				a.leave(viewer)
			}
		}
		if len(a.seen) == 0 {
			delete(v.channels, channel)
		}
	}
	return gone
}

// serveHLS hands a request to the channel's HLS output and remembers who asked.
func (s *Server) serveHLS(w http.ResponseWriter, r *http.Request) {
	channel := chi.URLParam(r, "channel")
	g := grantOf(r)
	if !g.sees(channel) {
		notFound(w, r)
		return
	}
	output := s.cfg.HLS(channel)
	if output == nil {
		notFound(w, r)
		return
	}
	if len(r.URL.RawQuery) > maxQuery {
		writeText(w, http.StatusRequestURITooLong, "This query is too long. Leave out of it what is not of this link.")
		return
	}
	if !s.admit(channel, g, r) {
		w.Header().Set("Retry-After", "10")
		writeText(w, http.StatusServiceUnavailable, "Too many viewers watch this rig. Try again later.")
		return
	}
	waited := &waitedWriter{
		ResponseWriter: w, server: s, request: r, from: customer(s.clientOf(r)), channel: channel, began: time.Now(),
	}
	http.StripPrefix("/hls/"+channel, output).ServeHTTP(waited, r)
}

// admit takes note of a viewer, and logs where it has just begun to watch. It returns false where there is no place.
func (s *Server) admit(channel string, g *grant, r *http.Request) bool {
	from := s.clientOf(r)
	agent := r.UserAgent()
	agent = strings.Clone(agent[:min(len(agent), maxAgent)]) // it is kept, and its request is not
	viewer := g.viewer
	if viewer == "" {
		viewer = customer(from).String() + " " + agent
	}
	seen := watching{from: from, key: g.key, agent: agent, last: time.Now()}
	begun, full := s.viewers.saw(channel, viewer, seen)
	if begun {
		s.log.Info("viewing began", "kind", "viewer", "channel", channel, "from", from, "key", g.key, "agent", seen.agent)
	}
	return !full
}

// sweep forgets the viewers that have gone, and logs how long they watched.
func (s *Server) sweep(now time.Time) {
	for channel, gone := range s.viewers.forget(now) {
		for _, w := range gone {
			s.log.Info("viewing ended", "kind", "viewer", "channel", channel, "from", w.from, "key", w.key,
				"agent", w.agent, "since", w.since, "seconds", int(w.last.Sub(w.since).Seconds()))
		}
	}
}
