package web

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pathOf returns a path that a route's pattern takes.
func pathOf(pattern string) string {
	return strings.NewReplacer("{channel}", "rig1", "*", "index.m3u8").Replace(pattern)
}

// Each route there is, those to come included, keeps what it knows from who has no key, a wrong one, one that has
// expired, or one of another channel. The walk takes the routes from the router, so a new one cannot be left out.
func TestEachRouteAsksForAKey(t *testing.T) {
	open := map[string]bool{"/healthz": true} // says nothing of the rigs
	s := newKeyedServer(
		Key{Secret: testKey}, Key{Secret: "old", Expires: time.Now().Add(-time.Hour)},
		Key{Secret: "other", Channels: []string{"rig2"}},
	)
	s.Close() // so that event streams end after their first event
	expired := s.access.keys.Load().keys[1].newCookie(false)
	strangers := map[string]request{
		"no key": {}, "wrong key": {path: "?key=wrong"}, "expired key": {path: "?key=old"},
		"expired cookie":        {cookie: expired},
		"wrong key in a cookie": {cookie: &http.Cookie{Name: expired.Name, Value: testKey}},
	}
	routes := routesOf(t, s)
	require.Greater(t, len(routes), 5)
	for _, route := range routes {
		for name, stranger := range strangers {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				q := stranger
				q.method, q.path, q.from = method, pathOf(route)+stranger.path, fmt.Sprintf("10.0.%d.1:1", rand.N(256))
				w := q.do(s)
				if open[route] {
					require.Equal(t, http.StatusOK, w.Code, route)
					require.Contains(t, []string{"", "ok\n"}, w.Body.String())
					continue
				}
				require.Contains(t, []int{401, 403, 429}, w.Code, "%s %s with %s", method, route, name)
				requireNothingOf(t, w, route)
				require.Empty(t, w.Result().Cookies(), route)
			}
		}
		w := request{path: pathOf(route), cookie: cookieOf(t, s, "other")}.do(s)
		requireNothingOf(t, w, route+" with the key of another channel")
	}
}

// requireNothingOf requires that an answer holds no byte of the example's media or status.
func requireNothingOf(t *testing.T, w *httptest.ResponseRecorder, what string) {
	t.Helper()
	for _, secret := range []string{"rig1", "Rig 1", "hls /", "isc_", "ready", "5078", "All is well"} {
		require.NotContains(t, w.Body.String(), secret, what)
	}
}

func TestHosts(t *testing.T) {
	s := newTestServer("")
	for host, code := range map[string]int{
		"receiver": 200, "receiver:5076": 200, "RECEIVER.": 200, "localhost:5076": 200,
		"192.0.2.1": 200, "192.0.2.1:5076": 200,
		"[2001:db8::1]:5076": 200, "[2001:db8::1]": 200, "[fe80::1%25eth0]:5076": 200, "evil.example": 403, "": 403,
		"receiver.evil.example": 403, "evil.example:5076": 403, "receiver@evil.example": 403, "localhost.evil.example": 403,
		"127.0.0.1.evil.example": 403,
	} {
		for _, path := range []string{"/", "/healthz", "/api/v1/status", "/nothing"} {
			r := httptest.NewRequest(http.MethodGet, "http://receiver"+path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if code == http.StatusOK && path == "/nothing" {
				require.Equal(t, http.StatusNotFound, w.Code, host)
				continue
			}
			require.Equal(t, code, w.Code, "%q%s", host, path)
		}
	}
}

func TestOriginsAreListed(t *testing.T) {
	s := newTestServer("")
	ask := func(origin string) http.Header {
		return request{path: "/api/v1/status", header: map[string]string{"Origin": origin}}.do(s).Header()
	}
	require.Empty(t, ask("https://wards.example").Get("Access-Control-Allow-Origin"))
	s.cfg.Origins = []string{"https://wards.example"}
	header := ask("https://wards.example")
	require.Equal(t, "https://wards.example", header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "Origin", header.Get("Vary"))
	require.Equal(t, "cross-origin", header.Get("Cross-Origin-Resource-Policy"))
	require.Empty(t, header.Get("Access-Control-Allow-Credentials"), "other pages need a key of their own")
	for _, origin := range []string{"https://evil.example", "null", "", "https://wards.example.evil.example"} {
		header = ask(origin)
		require.Empty(t, header.Get("Access-Control-Allow-Origin"), origin)
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"), origin)
	}
}

// A thousand ways to reach what is not there, with a valid cookie and without: nothing but 400, 401, 403 and 404, and
// 200 for nothing else than the page itself.
func TestTricksReachNothing(t *testing.T) {
	s := newTestServer(testKey)
	cookie := signIn(t, s)
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"..", ".", "%2e%2e", "%2E%2e", "..%2f", "%2f", "%5c", "..\\", "%00", "%", "//", "/", "etc", "passwd", "hls", "rig1",
		"rig2", "api", "v1", "status", "metrics", "assets", "index.m3u8", "%c0%ae", "%252e%252e", "~", "*",
		"{channel}", ";", "\u0000", "viewer-key", "config.toml",
	}
	headers := []string{
		"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Host", "X-HTTP-Method-Override", "X-Forwarded-For", "Forwarded",
	}
	for range 1000 {
		path := "/nothing"
		for range 1 + random.IntN(6) {
			path += "/" + pieces[random.IntN(len(pieces))]
		}
		r := httptest.NewRequest(http.MethodGet, "http://receiver/", nil)
		r.URL.Path, r.URL.RawPath, r.RequestURI = path, "", path
		r.Header.Set(headers[random.IntN(len(headers))], []string{"/api/v1/status", "127.0.0.1", "localhost"}[random.IntN(3)])
		for _, with := range []bool{false, true} {
			if with {
				r.AddCookie(cookie)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Contains(t, []int{400, 401, 403, 404}, w.Code, path)
			requireNothingOf(t, w, path)
		}
	}
}
