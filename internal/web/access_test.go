package web

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// newKeyedServer serves the example to whoever has one of the keys.
func newKeyedServer(keys ...Key) *Server {
	s := newTestServer("none")
	s.SetKeys(keys)
	return s
}

// cookieOf exchanges a key for a cookie.
func cookieOf(t *testing.T, s *Server, secret string) *http.Cookie {
	t.Helper()
	w := request{path: "/?key=" + secret}.do(s)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Len(t, w.Result().Cookies(), 1)
	return w.Result().Cookies()[0]
}

func TestKeyBecomesCookie(t *testing.T) {
	s := newTestServer(testKey)
	w := request{path: "/?key=" + testKey + "&channel=rig1"}.do(s)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/?channel=rig1", w.Header().Get("Location"))
	cookie := w.Result().Cookies()[0]
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.Equal(t, int(cookieLife.Seconds()), cookie.MaxAge)
	require.NotContains(t, cookie.String(), testKey)
	require.Equal(t, http.StatusOK, request{path: "/", cookie: cookie}.do(s).Code)

	other := newTestServer("another key")
	require.Equal(t, http.StatusUnauthorized, request{path: "/", cookie: cookie}.do(other).Code, "a new key voids it")
	name := cookieOf(t, other, "another%20key").Name
	require.NotEqual(t, cookie.Name, name, "two receivers on one host keep their cookies apart")
	cookie.Name = name
	require.Equal(t, http.StatusUnauthorized, request{path: "/", cookie: cookie}.do(other).Code)
}

func TestKeyInEachRequest(t *testing.T) {
	s := newTestServer(testKey)
	w := request{path: "/hls/rig1/index.m3u8?key=" + testKey}.do(s)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "hls /index.m3u8?key="+testKey, w.Body.String(), "playlists hand the query on")
	require.Len(t, w.Result().Cookies(), 1)
	require.Equal(t, http.StatusOK, request{path: "/metrics?key=" + testKey}.do(s).Code)
}

func TestKeysCanBeReplaced(t *testing.T) {
	s := newKeyedServer(Key{Secret: "one"}, Key{Secret: "two"}, Key{Name: "forgotten"})
	one, two := cookieOf(t, s, "one"), cookieOf(t, s, "two")
	require.Equal(t, http.StatusUnauthorized, request{path: "/?key="}.do(s).Code, "an empty key opens nothing")
	s.SetKeys([]Key{{Secret: "two"}, {Secret: "three"}})
	require.Equal(t, http.StatusUnauthorized, request{path: "/", cookie: one}.do(s).Code)
	require.Equal(t, http.StatusUnauthorized, request{path: "/?key=one"}.do(s).Code)
	require.Equal(t, http.StatusOK, request{path: "/", cookie: two}.do(s).Code)
	cookieOf(t, s, "three")
	s.SetKeys(nil)
	require.Equal(t, http.StatusUnauthorized, request{path: "/", cookie: two}.do(s).Code, "without keys nobody may")
	s.SetKeys([]Key{{Secret: "two"}})
	require.Equal(t, http.StatusOK, request{path: "/", cookie: two}.do(s).Code, "it is there again")
}

// TestReplacedKeysAreNoGuesses has a player with a key that was replaced ask on and on: it keeps nobody else out who
// comes from the same address, and its viewer is told.
func TestReplacedKeysAreNoGuesses(t *testing.T) {
	s := newKeyedServer(Key{Secret: "old"})
	cookie := cookieOf(t, s, "old")
	s.SetKeys([]Key{{Secret: "new"}})
	for range 2 * s.limits.WrongKeysPerAddress {
		for _, r := range []request{{path: "/hls/rig1/x?key=old"}, {path: "/hls/rig1/x", cookie: cookie}} {
			w := r.do(s)
			require.Equal(t, http.StatusUnauthorized, w.Code)
			require.Contains(t, w.Body.String(), "This link is no longer valid")
		}
	}
	require.Equal(t, http.StatusSeeOther, request{path: "/?key=new"}.do(s).Code)

	for i := range 2 * maxVoid {
		s.SetKeys([]Key{{Secret: fmt.Sprint("key ", i)}})
	}
	require.Len(t, s.access.keys.Load().void, maxVoid)
	require.Contains(t, request{path: "/?key=old"}.do(s).Body.String(), "This key is not valid", "it is long forgotten")
}

// TestWaitingRequestsAreJudgedAgain replaces a key while a viewer waits for a part that is yet to be made.
func TestWaitingRequestsAreJudgedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		next []Key
		code int
	}{
		"kept":          {[]Key{{Secret: "old"}}, http.StatusOK},
		"replaced":      {[]Key{{Secret: "new"}}, http.StatusUnauthorized},
		"for other rig": {[]Key{{Secret: "old", Channels: []string{"rig2"}}}, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newKeyedServer(Key{Secret: "old"})
				made := make(chan struct{})
				s.cfg.HLS = func(string) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						<-made
						w.Header().Set("Content-Length", "5")
						_, _ = w.Write([]byte("me"))
						_, _ = w.Write([]byte("dia"))
					})
				}
				cookie := cookieOf(t, s, "old")
				answer := make(chan *httptest.ResponseRecorder, 1)
				go func() { answer <- request{path: "/hls/rig1/part", cookie: cookie}.do(s) }()
				time.Sleep(time.Second)
				s.SetKeys(c.next)
				close(made)
				w := <-answer
				require.Equal(t, c.code, w.Code)
				require.Equal(t, c.code == http.StatusOK, w.Body.String() == "media")
				require.Equal(t, c.code == http.StatusOK, w.Header().Get("Content-Length") != "")
			})
		})
	}
}

func TestViewersByKey(t *testing.T) {
	s := newKeyedServer(Key{Name: "Ward", Secret: "one"}, Key{Name: "Theatre", Secret: "two"})
	s.cfg.HLS = func(string) http.Handler { return http.NotFoundHandler() }
	one, two := cookieOf(t, s, "one"), cookieOf(t, s, "two")
	for _, cookie := range []*http.Cookie{one, one, two, cookieOf(t, s, "one")} {
		for _, path := range []string{"/hls/rig1/x", "/hls/rig2/x"} {
			request{path: path, cookie: cookie}.do(s)
		}
	}
	require.Equal(t, map[string]int{"Ward": 2, "Theatre": 1}, s.KeyViewers())
}

// BenchmarkCookie judges a viewer where there are as many keys as may be.
func BenchmarkCookie(b *testing.B) {
	keys := make([]Key, 100)
	for i := range keys {
		keys[i] = Key{Name: fmt.Sprint("key ", i), Secret: fmt.Sprint("secret ", i)}
	}
	a := newAccess(false, keys, Limits{}.withDefaults())
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", http.NoBody)
	r.AddCookie(a.keys.Load().keys[50].newCookie(false))
	now := time.Now()
	for b.Loop() {
		if _, result := a.judge(r, netip.Addr{}, now); result != allowed {
			b.Fatal(result)
		}
	}
}

func TestKeysExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKeyedServer(Key{Secret: "guest", Expires: time.Now().Add(time.Hour)})
		cookie := cookieOf(t, s, "guest")
		require.Equal(t, int(cookieLife.Seconds()), cookie.MaxAge, "it outlives the key, and tells of its end")
		require.Equal(t, http.StatusOK, request{path: "/", cookie: cookie}.do(s).Code)
		void := request{path: "/api/v1/status"}.do(s)
		require.NotContains(t, void.Header().Get("Www-Authenticate"), "expired")
		time.Sleep(time.Hour)
		w := request{path: "/", cookie: cookie, accept: "text/html"}.do(s)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Contains(t, w.Body.String(), "This link has expired")
		require.Contains(t, w.Header().Get("Www-Authenticate"), `error="expired"`)
		for range 2 * s.limits.WrongKeysPerAddress {
			w = request{path: "/?key=guest"}.do(s)
			require.Equal(t, http.StatusUnauthorized, w.Code, "an expired key is no wrong one")
			require.Contains(t, w.Body.String(), "This link has expired")
		}
	})
}

func TestKeysForSomeChannels(t *testing.T) {
	s := newKeyedServer(
		Key{Secret: "first", Channels: []string{"rig1"}}, Key{Secret: "second", Channels: []string{"rig2"}},
	)
	s.cfg.HLS = func(string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("media")) })
	}
	first, second := cookieOf(t, s, "first"), cookieOf(t, s, "second")
	for path, want := range map[string][2]int{
		"/": {200, 200}, "/assets/x": {200, 200}, "/hls/rig1/x": {200, 404}, "/hls/rig2/x": {404, 200},
		"/metrics": {403, 403}, "/readyz": {403, 403},
	} {
		require.Equal(t, want[0], request{path: path, cookie: first}.do(s).Code, path)
		require.Equal(t, want[1], request{path: path, cookie: second}.do(s).Code, path)
	}
	require.Contains(t, request{path: "/api/v1/status", cookie: first}.do(s).Body.String(), `"id":"rig1"`)
	require.Contains(t, request{path: "/api/v1/status", cookie: second}.do(s).Body.String(), `"channels":[]`)
	both := request{
		path: "/hls/rig2/x", cookie: first, header: map[string]string{"Cookie": second.Name + "=" + second.Value},
	}
	require.Equal(t, http.StatusOK, both.do(s).Code, "two keys open what each of them does")
}

func TestForgedCookies(t *testing.T) {
	s := newTestServer(testKey)
	good := signIn(t, s)
	nonce, mac, _ := strings.Cut(good.Value, ".")
	for _, value := range []string{
		"", ".", testKey, nonce, nonce + ".", "." + mac, "x" + nonce + "." + mac, nonce + "." + mac + "AA", nonce + ".!!",
	} {
		w := request{path: "/", cookie: &http.Cookie{Name: good.Name, Value: value}}.do(s)
		require.Equal(t, http.StatusUnauthorized, w.Code, value)
	}
}

func TestDeniedIsAPageForBrowsers(t *testing.T) {
	s := newTestServer(testKey)
	w := request{path: "/", accept: "text/html,*/*"}.do(s)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Contains(t, w.Body.String(), "<h1>This link needs the key</h1>")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "style-src 'sha256-")
	require.NotEmpty(t, w.Header().Get("Www-Authenticate"))
	w = request{path: "/hls/rig1/index.m3u8"}.do(s)
	require.True(t, strings.HasPrefix(w.Body.String(), "This link needs the key. "))
}

func TestWrongKeysAreLimitedAndLogged(t *testing.T) {
	var log bytes.Buffer
	s := newTestServer(testKey)
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	cookie := signIn(t, s)
	const neighbour = "192.0.2.9:1"
	for range 3 * s.limits.WrongKeysPerAddress {
		w := request{path: "/?key=old", from: neighbour, accept: "text/html"}.do(s)
		require.Equal(t, http.StatusUnauthorized, w.Code, "an old link is no guess after guess")
		require.Contains(t, w.Body.String(), "This key is not valid")
	}
	for i := range s.limits.WrongKeysPerAddress - 1 {
		guess := request{path: fmt.Sprint("/?key=wrong", i), from: neighbour}
		if i%2 == 0 {
			guess.cookie = cookie
			require.Equal(t, http.StatusSeeOther, guess.do(s).Code, "who is in stays in, but does not guess on")
		} else {
			require.Equal(t, http.StatusUnauthorized, guess.do(s).Code)
		}
	}
	w := request{path: "/?key=" + testKey, from: neighbour}.do(s)
	require.Equal(t, http.StatusTooManyRequests, w.Code, "even the right one")
	require.Equal(t, "60", w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusSeeOther, request{path: "/?key=" + testKey, from: neighbour, cookie: cookie}.do(s).Code)
	require.Equal(t, http.StatusOK, request{path: "/", cookie: cookie}.do(s).Code, "who is in stays in")
	const line = `msg="wrong key" kind=access from=192.0.2.9`
	require.Equal(t, s.limits.WrongKeysPerAddress, strings.Count(log.String(), line))
	require.Equal(t, 1, strings.Count(log.String(), "keys are refused for the rest of the minute"))
	w = request{path: "/?key=" + testKey, from: "192.0.2.8:1"}.do(s)
	require.Equal(t, http.StatusSeeOther, w.Code, "others are not concerned")
}

func TestWrongKeysAreLimitedInAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(testKey)
		cookie := signIn(t, s)
		guess := func(i int) int {
			return request{path: "/?key=wrong", from: fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)}.do(s).Code
		}
		for i := range s.limits.WrongKeys {
			require.Equal(t, http.StatusUnauthorized, guess(i))
		}
		for i := range s.limits.WrongKeys {
			require.Equal(t, http.StatusTooManyRequests, guess(2*s.limits.WrongKeys+i))
		}
		require.Len(t, s.access.wrong.by, s.limits.WrongKeys)
		require.Len(t, s.access.wrong.wrong, s.limits.WrongKeys)
		require.Equal(t, http.StatusOK, request{path: "/", cookie: cookie}.do(s).Code)
		time.Sleep(wrongSpan)
		require.Equal(t, http.StatusSeeOther, request{path: "/?key=" + testKey, from: "10.0.0.1:1"}.do(s).Code)
	})
}

// TestPlayersGoOnBesideGuesses has players with the key in each request watch behind the address of one who guesses.
func TestPlayersGoOnBesideGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKeyedServer(Key{Name: "a", Secret: testKey}, Key{Name: "b", Secret: "another"})
		watch := func(secret, from string) int {
			return request{path: "/hls/rig1/index.m3u8?key=" + secret, from: from}.do(s).Code
		}
		require.Equal(t, http.StatusOK, watch(testKey, "192.0.2.7:1"))
		for minute := range 5 {
			for i := range s.limits.WrongKeysPerAddress {
				watch(fmt.Sprintf("wrong%d-%d", minute, i), "192.0.2.7:2")
			}
			for range 10 {
				require.Equal(t, http.StatusOK, watch(testKey, "192.0.2.7:1"))
				require.Equal(t, http.StatusTooManyRequests, watch("another", "192.0.2.7:2"), "nobody watched with that")
				time.Sleep(wrongSpan / 10)
			}
		}
		time.Sleep(2 * wrongSpan)
		for i := range s.limits.WrongKeysPerAddress {
			watch(fmt.Sprint("wrong", i), "192.0.2.7:2")
		}
		require.Equal(t, http.StatusTooManyRequests, watch(testKey, "192.0.2.7:1"), "it was long ago")
		for i := range maxRight + 10 {
			s.access.wrong.addRight(attempt{from: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}, time.Now())
		}
		require.Len(t, s.access.wrong.right, maxRight)
	})
}

func TestClientBehindProxies(t *testing.T) {
	s := newTestServer("")
	s.cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}
	for _, test := range []struct{ from, forwarded, want string }{
		{"192.0.2.7:1", "", "192.0.2.7"},
		{"192.0.2.7:1", "203.0.113.1", "192.0.2.7"}, // it is no proxy of ours
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "203.0.113.1", "203.0.113.1"},
		{"10.0.0.1:1", "198.51.100.1, 203.0.113.1", "203.0.113.1"}, // the first it made up
		{"10.0.0.1:1", "203.0.113.1, 10.0.0.2", "203.0.113.1"},
		{"10.0.0.1:1", "nonsense, 10.0.0.2", "10.0.0.2"},
		{"127.0.0.1:1", "2001:db8::1", "2001:db8::1"},
		{"[::ffff:127.0.0.1]:1", "::ffff:203.0.113.1", "203.0.113.1"},
		{"nonsense", "203.0.113.1", "invalid IP"},
	} {
		r, err := http.NewRequest(http.MethodGet, "/", nil)
		require.NoError(t, err)
		r.RemoteAddr = test.from
		r.Header.Set(forwardedFor, test.forwarded)
		require.Equal(t, test.want, s.clientOf(r).String(), test)
	}
}

func TestCookiesAreSecureBehindTLS(t *testing.T) {
	s := newTestServer(testKey)
	s.cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for from, secure := range map[string]bool{"10.0.0.1:1": true, "192.0.2.1:1": false} {
		w := request{path: "/?key=" + testKey, from: from, header: map[string]string{"X-Forwarded-Proto": "https"}}.do(s)
		require.Equal(t, secure, w.Result().Cookies()[0].Secure, from)
	}
}

func TestLocalMeansNoProxy(t *testing.T) {
	s := newTestServer(testKey)
	for header, code := range map[string]int{"Accept": 200, "X-Forwarded-For": 401, "Forwarded": 401, "X-Real-Ip": 401} {
		for _, from := range []string{"127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
			w := request{path: "/metrics", from: from, header: map[string]string{header: "192.0.2.1"}}.do(s)
			require.Equal(t, code, w.Code, header)
		}
	}
}
