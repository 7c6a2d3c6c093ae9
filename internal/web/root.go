package web

import (
	"net/http"
	"net/url"
	"strings"
)

// fromRoot returns a request for a file at the root as one for a file of a channel's HLS output. A folder that it is in
// is the key.
func fromRoot(r *http.Request, channel string) *http.Request {
	query := r.URL.Query()
	file := strings.TrimPrefix(r.URL.Path, "/")
	if key, rest, ok := strings.Cut(file, "/"); ok {
		file = rest
		query.Set("key", key)
	}
	inner := r.Clone(r.Context())
	inner.URL = &url.URL{Path: "/hls/" + channel + "/" + file, RawQuery: query.Encode()}
	return inner
}
