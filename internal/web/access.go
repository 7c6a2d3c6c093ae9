package web

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
)

// access knows the keys, and who has sent wrong ones. Its methods may be called concurrently.
type access struct {
	open  bool
	keys  atomic.Pointer[keyring]
	set   sync.Mutex // held while the keys are set
	wrong attempts
}

// verdict is what access thinks of a request.
type verdict int

const (
	allowed verdict = iota
	needsKey
	wrongKey
	expiredKey
	voidKey // it was replaced or removed
	tooManyKeys
)

func newAccess(open bool, keys []Key, limits Limits) *access {
	a := &access{open: open, wrong: attempts{perAddress: limits.WrongKeysPerAddress, total: limits.WrongKeys}}
	a.keys.Store(new(keyring))
	a.setKeys(keys)
	return a
}

func (a *access) setKeys(keys []Key) {
	a.set.Lock()
	defer a.set.Unlock()
	a.keys.Store(newKeyring(keys, a.keys.Load()))
}

// judge says whether a request from a client may see something, and what. A key that is wrong does no harm to who has
// a valid cookie.
func (a *access) judge(r *http.Request, from netip.Addr, now time.Time) (grant, verdict) {
	if a.open {
		return grant{all: true}, allowed
	}
	var g grant
	ring := a.keys.Load()
	result := ring.cookies(r, &g, now)
	query := r.URL.Query()
	if !query.Has("key") {
		return g, result
	}
	sent := attempt{from, sha256.Sum256([]byte(query.Get("key")))}
	rest, refused := a.wrong.refuses(sent, now)
	if refused && result == allowed {
		return g, allowed
	}
	if refused {
		g.rest = rest
		return g, tooManyKeys
	}
	key, byKey := ring.find(sent.digest, now)
	if byKey == wrongKey {
		g.wrong = &sent
	}
	switch {
	case byKey == allowed:
		a.wrong.addRight(sent, now)
		if key.nonceOf(r) == "" {
			g.fresh = key
		}
		g.add(key)
		g.key = key.Name
		return g, allowed
	case result == allowed:
		return g, allowed
	default:
		return g, byKey
	}
}

// viewer lets only those pass who may watch. A right key in the query of the page is exchanged for a cookie and leaves
// the address bar; elsewhere it counts for the request, for players outside a browser, which get the cookie too.
func (s *Server) viewer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		from := customer(s.clientOf(r))
		g, result := s.access.judge(r, from, now)
		s.noteWrong(r, &g, now)
		if result != allowed {
			deny(w, r, result, g.rest)
			return
		}
		if g.fresh != nil {
			http.SetCookie(w, g.fresh.newCookie(s.encrypted(r)))
		}
		if !s.access.open && r.URL.Path == "/" && r.URL.Query().Has("key") {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, withoutKey(r), http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), grantKey{}, &g)))
	})
}

// noteWrong counts and logs a wrong key: ten of an address and a thousand in all within a minute, as the limits have
// it, so nobody can fill the log.
func (s *Server) noteWrong(r *http.Request, g *grant, now time.Time) {
	if g.wrong == nil {
		return
	}
	fresh, ofAddress, all := s.access.wrong.addWrong(*g.wrong, now)
	if !fresh {
		return
	}
	s.log.Warn("wrong key", "kind", "access", "from", s.clientOf(r), "path", r.URL.Path, "of_address", ofAddress)
	if ofAddress == s.limits.WrongKeysPerAddress || all == s.limits.WrongKeys {
		s.log.Warn("keys are refused for the rest of the minute", "kind", "access", "from", s.clientOf(r),
			"of_address", ofAddress, "in_all", all)
	}
}

// serveAccess tells a proxy that keeps video of a channel whether a request may have it: 204 if so, 401 without a valid
// key, and 403 where there is no such channel for this key, or while keys are refused unread. nginx takes no other
// codes (ngx_http_auth_request_module). Whoever may have it counts as a viewer, since the rest that it fetches need not
// come here; beyond the limit of viewers it is not counted, as it costs this server nothing more.
func (s *Server) serveAccess(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	from := customer(s.clientOf(r))
	g, result := s.access.judge(r, from, now)
	s.noteWrong(r, &g, now)
	channel := chi.URLParam(r, "channel")
	code := http.StatusNoContent
	switch {
	case result == tooManyKeys, result == allowed && (!g.sees(channel) || s.cfg.HLS(channel) == nil):
		code = http.StatusForbidden
	case result != allowed:
		code = http.StatusUnauthorized
	default:
		s.admit(channel, &g, r)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
}

// technician lets programs on this machine pass, and viewers whose key opens all channels.
func (s *Server) technician(next http.Handler) http.Handler {
	whole := s.viewer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !grantOf(r).all {
			writeText(w, http.StatusForbidden, "This key is for some of the rigs alone, and this page is about all.")
			return
		}
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isLocal(r) {
			next.ServeHTTP(w, r)
			return
		}
		whole.ServeHTTP(w, r)
	})
}

type grantKey struct{}

// grantOf returns what a request may see that viewer let pass.
func grantOf(r *http.Request) *grant {
	g, ok := r.Context().Value(grantKey{}).(*grant)
	if !ok {
		return new(grant) // nothing
	}
	return g
}

func withoutKey(r *http.Request) string {
	query := r.URL.Query()
	query.Del("key")
	if len(query) == 0 {
		return "/"
	}
	return "/?" + query.Encode()
}
