package web

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const askPath = "/hls/rig1/access"

func TestProxiesAskForAccess(t *testing.T) {
	s := newKeyedServer(Key{Secret: testKey}, Key{Secret: "other", Channels: []string{"rig2"}})
	for name, test := range map[string]struct {
		request
		code int
	}{
		"cookie":             {request{path: askPath, cookie: cookieOf(t, s, testKey)}, 204},
		"key":                {request{path: askPath + "?key=" + testKey}, 204},
		"nothing":            {request{path: askPath}, 401},
		"wrong key":          {request{path: askPath + "?key=wrong"}, 401},
		"another's key":      {request{path: askPath + "?key=other"}, 403},
		"another's cookie":   {request{path: askPath, cookie: cookieOf(t, s, "other")}, 403},
		"no such channel":    {request{path: "/hls/rig9/access?key=" + testKey}, 403},
		"wrong key, but in":  {request{path: askPath + "?key=wrong", cookie: cookieOf(t, s, testKey)}, 204},
		"a browser's answer": {request{path: askPath, accept: "text/html"}, 401},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			q := test.request
			q.method = method
			w := q.do(s)
			require.Equal(t, test.code, w.Code, name)
			require.Empty(t, w.Body.String(), name)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"), name)
			require.Empty(t, w.Result().Cookies(), name)
		}
	}
	require.Equal(t, http.StatusMethodNotAllowed, request{method: http.MethodPost, path: askPath}.do(s).Code)
}

// A key that is replaced or has expired opens nothing with the very next question.
func TestAccessEndsWithTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKeyedServer(Key{Secret: "guest", Expires: time.Now().Add(time.Hour)})
		cookie := cookieOf(t, s, "guest")
		require.Equal(t, http.StatusNoContent, request{path: askPath, cookie: cookie}.do(s).Code)
		time.Sleep(time.Hour)
		require.Equal(t, http.StatusUnauthorized, request{path: askPath, cookie: cookie}.do(s).Code)
		s.SetKeys([]Key{{Secret: testKey}})
		require.Equal(t, http.StatusUnauthorized, request{path: askPath, cookie: cookie}.do(s).Code)
	})
}

func TestAccessIsNoWayToGuessKeys(t *testing.T) {
	s := newTestServer(testKey)
	for i := range s.limits.WrongKeysPerAddress {
		require.Equal(t, http.StatusUnauthorized, request{path: fmt.Sprint(askPath, "?key=wrong", i)}.do(s).Code)
	}
	require.Equal(t, http.StatusForbidden, request{path: askPath + "?key=" + testKey}.do(s).Code, "even the right one")
	require.Equal(t, http.StatusTooManyRequests, request{path: "/?key=" + testKey}.do(s).Code, "they count together")
}

// Whoever a proxy asks for watches, whether or not there is a place to remember that.
func TestAccessCountsViewers(t *testing.T) {
	s := newTestServer(testKey)
	s.viewers.limit = 4
	for range 3 {
		require.Equal(t, http.StatusNoContent, request{path: askPath, cookie: signIn(t, s)}.do(s).Code)
	}
	require.Equal(t, 2, s.Viewers("rig1"))
	request{path: askPath}.do(s)
	require.Equal(t, 2, s.Viewers("rig1"))
	require.Zero(t, s.Viewers("rig9"))
}
