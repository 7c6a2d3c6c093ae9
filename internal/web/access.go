package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	// cookieLife is how long a browser keeps its right to watch while the key stays the same.
	cookieLife = 30 * 24 * time.Hour

	// An address may send maxWrongKeys within wrongKeySpan before all its keys are refused for the rest of that span.
	maxWrongKeys = 10
	wrongKeySpan = time.Minute

	// maxWrongAddresses bounds how many addresses are remembered for their wrong keys.
	maxWrongAddresses = 4096
)

// access knows the key and who has shown it.
//
// A key is exchanged for a cookie "nonce.mac": 16 random bytes and their HMAC under the key. So the server stores
// nothing, viewers can be told apart, the key itself is in no cookie, and a new key makes all cookies void.
type access struct {
	key    string
	cookie string // the cookie's name, one for each key, as cookies know no ports

	mu    sync.Mutex
	wrong map[netip.Addr]wrongKeys
}

// wrongKeys counts the wrong keys of one address since a moment.
type wrongKeys struct {
	since time.Time
	count int
}

// verdict is what access thinks of a request.
type verdict int

const (
	allowed verdict = iota
	needsKey
	wrongKey
	tooManyKeys
)

func newAccess(key string) *access {
	a := &access{key: key, wrong: make(map[netip.Addr]wrongKeys)}
	a.cookie = "isc_" + hex.EncodeToString(a.mac("cookie name"))[:8]
	return a
}

// viewer lets only those pass who may watch. A right key in the query of the page is exchanged for a cookie and leaves
// the address bar; elsewhere it counts for the request, for players outside a browser, which get the cookie too.
func (s *Server) viewer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result := s.access.judge(r, time.Now())
		if result != allowed {
			if result == wrongKey {
				s.log.Warn("wrong key", "from", r.RemoteAddr)
			}
			deny(w, r, result)
			return
		}
		if s.access.key != "" && r.URL.Query().Has("key") {
			if s.access.viewerCookie(r) == "" {
				http.SetCookie(w, s.access.newCookie(r.TLS != nil))
			}
			if r.URL.Path == "/" {
				w.Header().Set("Cache-Control", "no-store")
				http.Redirect(w, r, withoutKey(r), http.StatusSeeOther)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// technician lets pass who may watch, and programs on this machine.
func (s *Server) technician(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isLocal(r) {
			next.ServeHTTP(w, r)
			return
		}
		s.viewer(next).ServeHTTP(w, r)
	})
}

// isLocal tells whether a request comes from this machine, and not through a proxy on it.
func isLocal(r *http.Request) bool {
	forwarded := r.Header.Get("Forwarded") + r.Header.Get("X-Forwarded-For") + r.Header.Get("X-Real-Ip")
	return addressOf(r).IsLoopback() && forwarded == ""
}

func withoutKey(r *http.Request) string {
	query := r.URL.Query()
	query.Del("key")
	if len(query) == 0 {
		return "/"
	}
	return "/?" + query.Encode()
}

func (a *access) judge(r *http.Request, now time.Time) verdict {
	if a.key == "" {
		return allowed
	}
	query := r.URL.Query()
	if !query.Has("key") {
		if a.viewerCookie(r) != "" {
			return allowed
		}
		return needsKey
	}
	from := addressOf(r)
	if a.refuses(from, now) {
		return tooManyKeys
	}
	got, want := sha256.Sum256([]byte(query.Get("key"))), sha256.Sum256([]byte(a.key))
	if subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
		return allowed
	}
	a.addWrong(from, now)
	return wrongKey
}

func (a *access) refuses(from netip.Addr, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	w, found := a.wrong[from]
	return found && w.count >= maxWrongKeys && now.Sub(w.since) < wrongKeySpan
}

func (a *access) addWrong(from netip.Addr, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w, found := a.wrong[from]
	if !found && len(a.wrong) >= maxWrongAddresses {
		for other := range a.wrong { // any one: a key is too long to be guessed with so many addresses, too
			delete(a.wrong, other)
			break
		}
	}
	if !found || now.Sub(w.since) >= wrongKeySpan {
		w = wrongKeys{since: now}
	}
	w.count++
	a.wrong[from] = w
}

func (a *access) newCookie(secure bool) *http.Cookie {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // crypto/rand never fails
	text := base64.RawURLEncoding.EncodeToString(nonce)
	return &http.Cookie{
		Name: a.cookie, Value: text + "." + base64.RawURLEncoding.EncodeToString(a.mac(text)),
		Path: "/", MaxAge: int(cookieLife.Seconds()),
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

// viewerCookie returns the nonce of the request's cookie, or "" where there is none or its MAC is wrong.
func (a *access) viewerCookie(r *http.Request) string {
	cookie, err := r.Cookie(a.cookie)
	if err != nil {
		return ""
	}
	nonce, text, _ := strings.Cut(cookie.Value, ".")
	mac, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !hmac.Equal(mac, a.mac(nonce)) {
		return ""
	}
	return nonce
}

func (a *access) mac(text string) []byte {
	h := hmac.New(sha256.New, []byte(a.key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// viewerOf returns what tells a viewer from others: the cookie's nonce, else the address and the browser's name.
func (a *access) viewerOf(r *http.Request) string {
	if a.key != "" {
		if nonce := a.viewerCookie(r); nonce != "" {
			return nonce
		}
	}
	return addressOf(r).String() + " " + r.UserAgent()
}

// addressOf returns the address that a request came from: of IPv6 the first 64 bits, which is what one customer gets.
func addressOf(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := from.Addr().Unmap().WithZone("")
	if address.Is6() && !address.IsLoopback() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return address
}
