package webassets

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func bundle() fs.FS {
	return fstest.MapFS{
		".gitkeep":              {},
		"index.html":            {Data: []byte("<p>page")},
		"index.html.gz":         {Data: []byte("page as gzip")},
		"index.html.br":         {Data: []byte("page as br")},
		"assets/main-1.js":      {Data: []byte("script")},
		"assets/main-1.js.gz":   {Data: []byte("script as gzip")},
		"assets/style-1.css":    {Data: []byte("style")},
		"assets/icon-1.svg":     {Data: []byte("icon")},
		"assets/licences-1.txt": {Data: []byte("licences")},
		"assets/something.bin":  {Data: []byte("bytes")},
	}
}

func get(h http.Handler, path, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://receiver"+path, nil)
	r.Header.Set("Accept-Encoding", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestBuilt(t *testing.T) {
	const kept = "private, max-age=31536000, immutable"
	h := newHandler(bundle())
	tests := map[string]struct {
		path, accept                    string
		code                            int
		body, coding, contentType, keep string
	}{
		"page":         {"/", "", 200, "<p>page", "", "text/html; charset=utf-8", "no-cache"},
		"page as gzip": {"/", "gzip, deflate", 200, "page as gzip", "gzip", "text/html; charset=utf-8", "no-cache"},
		"page as br":   {"/", "gzip, deflate, BR", 200, "page as br", "br", "text/html; charset=utf-8", "no-cache"},
		"br refused":   {"/", "br;q=0, gzip;q=0.5", 200, "page as gzip", "gzip", "text/html; charset=utf-8", "no-cache"},
		"all refused":  {"/", "br; q=0.000, gzip;q=0", 200, "<p>page", "", "text/html; charset=utf-8", "no-cache"},
		"script without br": {
			"/assets/main-1.js", "br, gzip", 200, "script as gzip", "gzip", "text/javascript; charset=utf-8", kept,
		},
		"style":    {"/assets/style-1.css", "br", 200, "style", "", "text/css; charset=utf-8", kept},
		"icon":     {"/assets/icon-1.svg", "", 200, "icon", "", "image/svg+xml", kept},
		"licences": {"/assets/licences-1.txt", "", 200, "licences", "", "text/plain; charset=utf-8", kept},
		"other":    {"/assets/something.bin", "", 200, "bytes", "", "application/octet-stream", kept},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := get(h, test.path, test.accept)
			require.Equal(t, test.code, w.Code)
			require.Equal(t, test.body, w.Body.String())
			require.Equal(t, test.coding, w.Header().Get("Content-Encoding"))
			require.Equal(t, test.contentType, w.Header().Get("Content-Type"))
			require.Equal(t, test.keep, w.Header().Get("Cache-Control"))
			require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
		})
	}
}

func TestUnchanged(t *testing.T) {
	h := newHandler(bundle())
	for _, accept := range []string{"", "gzip", "br"} {
		r := httptest.NewRequest(http.MethodGet, "http://receiver/", nil)
		r.Header.Set("Accept-Encoding", accept)
		r.Header.Set("If-None-Match", get(h, "/", accept).Header().Get("Etag"))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusNotModified, w.Code, accept)
		require.Empty(t, w.Body.String())
	}
	require.NotEqual(t, get(h, "/", "gzip").Header().Get("Etag"), get(h, "/", "").Header().Get("Etag"))
}

func TestNothingElse(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"built": newHandler(bundle()), "unbuilt": newHandler(fstest.MapFS{".gitkeep": {}}),
	} {
		for _, path := range []string{
			"/.gitkeep", "/index.html", "/index.html.gz", "/assets/", "/assets", "/assets/main-1.js.gz", "/assets/../index.html",
			"/assets//main-1.js", "//", "/../webassets.go", "/src/main.js",
		} {
			w := get(h, path, "br")
			require.Equal(t, http.StatusNotFound, w.Code, "%s %s", name, path)
			require.Equal(t, "There is nothing at this address.\n", w.Body.String())
		}
	}
}

func TestUnbuilt(t *testing.T) {
	w := get(newHandler(fstest.MapFS{".gitkeep": {}}), "/", "br")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Contains(t, w.Body.String(), "The player was not built")
	require.Contains(t, w.Body.String(), "make web")
	require.Contains(t, w.Body.String(), "/hls/rig1/index.m3u8")
}

// The program's own files, bundled or not: both must serve something.
func TestEmbedded(t *testing.T) {
	code := http.StatusServiceUnavailable
	if Built() {
		code = http.StatusOK
	}
	require.Equal(t, code, get(Handler(), "/", "").Code)
}
