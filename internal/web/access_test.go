package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKeyBecomesCookie(t *testing.T) {
	s := newTestServer(testKey)
	w := request{path: "/?key=" + testKey + "&channel=rig1"}.do(s)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/?channel=rig1", w.Header().Get("Location"))
	cookie := w.Result().Cookies()[0]
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.NotContains(t, cookie.String(), testKey)
	require.Equal(t, http.StatusOK, request{path: "/", cookie: cookie}.do(s).Code)

	other := newTestServer("another key")
	require.Equal(t, http.StatusUnauthorized, request{path: "/", cookie: cookie}.do(other).Code, "a new key voids it")
	name := signInName(other)
	require.NotEqual(t, cookie.Name, name, "two receivers on one host keep their cookies apart")
	cookie.Name = name
	require.Equal(t, http.StatusUnauthorized, request{path: "/", cookie: cookie}.do(other).Code)
}

func signInName(s *Server) string { return s.access.newCookie(false).Name }

func TestKeyInEachRequest(t *testing.T) {
	s := newTestServer(testKey)
	w := request{path: "/hls/rig1/index.m3u8?key=" + testKey}.do(s)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "hls /index.m3u8?key="+testKey, w.Body.String(), "playlists hand the query on")
	require.Len(t, w.Result().Cookies(), 1)
	require.Equal(t, http.StatusOK, request{path: "/metrics?key=" + testKey}.do(s).Code)
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

func TestLocalMeansNoProxy(t *testing.T) {
	s := newTestServer(testKey)
	for header, code := range map[string]int{"Accept": 200, "X-Forwarded-For": 401, "Forwarded": 401, "X-Real-Ip": 401} {
		for _, from := range []string{"127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
			w := request{path: "/metrics", from: from, header: map[string]string{header: "192.0.2.1"}}.do(s)
			require.Equal(t, code, w.Code, header)
		}
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

func TestWrongKeysAreLimited(t *testing.T) {
	s := newTestServer(testKey)
	cookie := signIn(t, s)
	for range maxWrongKeys {
		w := request{path: "/?key=wrong", accept: "text/html"}.do(s)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Contains(t, w.Body.String(), "This key is not valid")
	}
	w := request{path: "/?key=" + testKey}.do(s)
	require.Equal(t, http.StatusTooManyRequests, w.Code, "even the right one")
	require.Equal(t, "60", w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, request{path: "/", cookie: cookie}.do(s).Code, "who is in stays in")
	w = request{path: "/?key=" + testKey, from: "192.0.2.8:1"}.do(s)
	require.Equal(t, http.StatusSeeOther, w.Code, "others are not concerned")
}

func TestWrongKeysAreForgotten(t *testing.T) {
	a := newAccess(testKey)
	now := time.Unix(1000, 0)
	r, err := http.NewRequest(http.MethodGet, "/?key=wrong", nil)
	require.NoError(t, err)
	for range maxWrongKeys {
		r.RemoteAddr = "192.0.2.1:1"
		require.Equal(t, wrongKey, a.judge(r, now))
	}
	require.Equal(t, tooManyKeys, a.judge(r, now))
	require.Equal(t, wrongKey, a.judge(r, now.Add(wrongKeySpan)))
	for i := range 2 * maxWrongAddresses {
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		a.judge(r, now)
	}
	require.Len(t, a.wrong, maxWrongAddresses)
}
