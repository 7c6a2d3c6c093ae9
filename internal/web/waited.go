package web

import (
	"net/http"
	"net/netip"
	"time"
)

// blink is how long a request may take without being judged again.
const blink = 50 * time.Millisecond

// waitedWriter judges a request once more before the first byte of an answer that was long in coming, as are those for
// a part that is yet to be made: the key may be void by then.
type waitedWriter struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	from    netip.Addr
	channel string
	began   time.Time
	begun   bool // the answer
	refused bool
}

// Unwrap lets http.ResponseController reach the connection.
func (w *waitedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *waitedWriter) WriteHeader(code int) {
	if w.begin(); !w.refused {
		w.ResponseWriter.WriteHeader(code)
	}
}

// Write implements http.ResponseWriter. What may no longer be seen is dropped.
func (w *waitedWriter) Write(body []byte) (int, error) {
	if w.begin(); w.refused {
		return len(body), nil
	}
	return w.ResponseWriter.Write(body)
}

// begin judges the request, unless the answer has begun.
func (w *waitedWriter) begin() {
	if w.begun {
		return
	}
	w.begun = true
	now := time.Now()
	if now.Sub(w.began) < blink {
		return
	}
	g, result := w.server.access.judge(w.request, w.from, now)
	if result == allowed && g.sees(w.channel) {
		return
	}
	w.refused = true
	header := w.Header()
	for _, name := range []string{
		"Content-Length", "Content-Range", "Content-Encoding", "Etag", "Last-Modified", "Accept-Ranges",
	} {
		header.Del(name) // they are of what is not sent
	}
	if result == allowed {
		notFound(w.ResponseWriter, w.request)
		return
	}
	deny(w.ResponseWriter, w.request, result, g.rest)
}
