package web

import (
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"time"
)

const (
	// writePiece is the most that is written under one deadline: 64 KiB in 15 s is 35 kbit/s.
	writePiece = 64 << 10

	// contentPolicy lets the page load only what this server has; blob: is how Media Source Extensions play.
	contentPolicy = "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'"
)

// recoverPanics answers 500 and logs where a handler panics, instead of closing the connection without a word.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so, too
				panic(cause)
			}
			s.log.Error("handler panicked", "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
			writeText(w, http.StatusInternalServerError, "Something went wrong in the receiver. Its log says what.")
		}()
		next.ServeHTTP(w, r)
	})
}

// security is what each answer has. The values are shared by all answers, which may replace them, but not change them.
var security = http.Header{
	"Content-Security-Policy":      {contentPolicy},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), microphone=(), geolocation=()"},
}

// securityHeaders sets what each answer has. Pages of other origins may read answers only where their origin is listed.
func (s *Server) securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		maps.Copy(header, security)
		if len(s.cfg.Origins) > 0 {
			header.Set("Vary", "Origin")
		}
		if origin := r.Header.Get("Origin"); slices.Contains(s.cfg.Origins, origin) {
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		next.ServeHTTP(w, r)
	})
}

// refuseBodies answers 405 to all but GET and HEAD, and 413 to a body, whose rest it does not wait for.
func refuseBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.ContentLength != 0:
			_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // without one, net/http waits for the body
			w.Header().Set("Connection", "close")
			writeText(w, http.StatusRequestEntityTooLarge, "Requests have no body here.")
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			writeText(w, http.StatusMethodNotAllowed, "Only GET and HEAD work here.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// moveWriteDeadline drops clients that do not read. A deadline for the whole response would end event streams.
func (s *Server) moveWriteDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&deadlineWriter{
			ResponseWriter: w, control: http.NewResponseController(w), patience: s.limits.WriteTime,
		}, r)
	})
}

// deadlineWriter sets the connection's write deadline anew before each piece that it writes.
type deadlineWriter struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
}

// Unwrap lets http.ResponseController reach the connection.
func (d *deadlineWriter) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (d *deadlineWriter) WriteHeader(code int) {
	d.extend()
	d.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (d *deadlineWriter) Write(body []byte) (int, error) {
	written := 0
	for {
		d.extend()
		piece := body[written:min(written+writePiece, len(body))]
		n, err := d.ResponseWriter.Write(piece)
		written += n
		if err != nil || written == len(body) {
			return written, err
		}
	}
}

// Flush implements http.Flusher, for handlers that do not use http.ResponseController.
func (d *deadlineWriter) Flush() {
	d.extend()
	_ = d.control.Flush() // a dead connection shows at the next write
}

func (d *deadlineWriter) extend() {
	_ = d.control.SetWriteDeadline(time.Now().Add(d.patience)) // test recorders have none
}
