package web

import (
	"net/http"
	"net/netip"
	"sync"
)

// places are what clients take and give back, such as connections. One customer gets half of them at most, unless its
// address is exempt. Its methods may be called concurrently.
type places struct {
	limit  int
	exempt func(netip.Addr) bool

	mu   sync.Mutex
	open int
	by   map[netip.Addr]int // customer
}

// newPlaces returns places of which this machine and trusted proxies may take all.
func (s *Server) newPlaces(limit int) *places {
	return &places{limit: limit, exempt: func(from netip.Addr) bool { return from.IsLoopback() || s.trusts(from) }}
}

// enter takes a place, or returns false where there is none for this address.
func (p *places) enter(from netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open >= p.limit || p.by[customer(from)] >= (p.limit+1)/2 && !p.exempt(from) {
		return false
	}
	if p.by == nil {
		p.by = make(map[netip.Addr]int)
	}
	p.open++
	p.by[customer(from)]++
	return true
}

// leave gives a place back.
func (p *places) leave(from netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	from = customer(from)
	if p.by[from]--; p.by[from] == 0 {
		delete(p.by, from)
	}
}

// bound answers no more requests at a time than there are places, and tells others to come again after so many seconds.
func (s *Server) bound(p *places, again, sorry string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			from := s.clientOf(r)
			if !p.enter(from) {
				w.Header().Set("Retry-After", again)
				writeText(w, http.StatusServiceUnavailable, sorry)
				return
			}
			defer p.leave(from)
			next.ServeHTTP(w, r)
		})
	}
}
