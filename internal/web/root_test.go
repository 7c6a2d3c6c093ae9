package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRoot wants the access rule to hold where the key is in the path.
func TestRoot(t *testing.T) {
	served := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("media " + r.URL.Path))
	})
	s := New(Config{
		Root: "first", Keys: []Key{{Name: "ward", Secret: "the-key"}}, Page: http.NotFoundHandler(),
		HLS: func(string) http.Handler { return served },
	})
	for path, want := range map[string]int{
		"/the-key/playlist.m3u8":     http.StatusOK,
		"/playlist.m3u8?key=the-key": http.StatusOK,
		"/playlist.m3u8":             http.StatusUnauthorized,
		"/wrong/playlist.m3u8":       http.StatusUnauthorized,
		"/wrong/a?key=the-key":       http.StatusUnauthorized,
		"/a%2fplaylist.m3u8":         http.StatusUnauthorized,
		"/":                          http.StatusUnauthorized,
		"/../hls/first/a":            http.StatusUnauthorized,
		"//healthz":                  http.StatusUnauthorized,
		"/metrics":                   http.StatusUnauthorized,
		"/readyz":                    http.StatusUnauthorized,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.Host = "192.0.2.1"
		s.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, path)
		require.Equal(t, want == http.StatusOK, w.Body.String() == "media /playlist.m3u8", path)
	}
}
