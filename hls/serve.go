package hls

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gohlslib/v2"
)

const (
	masterPlaylist = "index.m3u8"
	mediaPlaylist  = "video1_stream.m3u8" // of the variants with parts or fMP4 segments
	mediaSuffix    = "_stream.m3u8"       // of that of any variant

	waitTargets = 3 // target durations that a request may wait (RFC 8216bis, section 6.2.5.2)
)

// ServeHTTP serves the playlists and segments, under paths relative to where the Publisher is mounted. It answers at
// once, but for requests of the low-latency variant that ask for what comes next: those wait until it is there, for
// three target durations at most, or until their client is gone or the epoch ends.
func (p *Publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "only GET and HEAD")
		return
	}
	shown := p.shown.Load()
	missing := shown.missing()
	number, file, inEpoch := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case inEpoch && number != strconv.Itoa(shown.status.Epoch), !inEpoch && number != masterPlaylist:
		refuse(w, http.StatusNotFound, "not found")
	case missing != "":
		unavailable(w, missing)
	case inEpoch:
		shown.epoch.playlists.serve(w, r, file)
	default:
		target := url.URL{Path: strconv.Itoa(shown.status.Epoch) + "/" + masterPlaylist, RawQuery: r.URL.RawQuery}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Location", target.String())
		w.WriteHeader(http.StatusFound)
	}
}

// serve answers a request for one file.
func (p *playlists) serve(w http.ResponseWriter, r *http.Request, file string) {
	query := r.URL.Query()
	lowLatency := p.muxer.Variant == gohlslib.MuxerVariantLowLatency
	if lowLatency && !p.await(w, r, file, query) {
		return
	}
	for name := range query {
		if strings.HasPrefix(name, "_HLS_") {
			query.Del(name) // awaited already; gohlslib would put it into the playlist's addresses
		}
	}
	if now := p.now.Load(); file == mediaPlaylist && len(query) == 0 && len(now.list) > 0 {
		maps.Copy(w.Header(), now.header)
		_, _ = w.Write(now.list) // the client may be gone
		return
	}
	inner := &http.Request{Method: r.Method, URL: &url.URL{Path: file, RawQuery: query.Encode()}}
	answer := answerWriter{ResponseWriter: w}
	switch {
	case strings.Contains(file, "/"):
	case strings.HasSuffix(file, mediaSuffix):
		var list memoryWriter
		p.muxer.Handle(&list, inner)
		if list.code == http.StatusOK {
			maps.Copy(w.Header(), list.header)
			_, _ = answer.Write([]byte(p.amend(list.body.String()))) // the client may be gone
		}
	default:
		p.muxer.Handle(&answer, inner)
	}
	if !answer.begun {
		refuse(w, http.StatusNotFound, "not found")
	}
}

// await waits until what the request asks for is there, and returns true. Else it has answered.
func (p *playlists) await(w http.ResponseWriter, r *http.Request, file string, query url.Values) bool {
	there, ok := p.wanted(file, query)
	if !ok {
		refuse(w, http.StatusBadRequest, "no such segment or part")
		return false
	}
	var timeout <-chan time.Time
	for {
		now := p.now.Load()
		switch {
		case now.closed:
			refuse(w, http.StatusNotFound, "not found")
			return false
		case there(now.position):
			return true
		case timeout == nil:
			timer := time.NewTimer(waitTargets * time.Duration(p.target()) * time.Second)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-now.moved:
		case <-r.Context().Done():
			return false
		case <-timeout:
			unavailable(w, "nothing new")
			return false
		}
	}
}

// wanted returns what tells that a request can be answered, or false where it asks for what is too far ahead or makes
// no sense.
func (p *playlists) wanted(file string, query url.Values) (there func(position) bool, ok bool) {
	reached := p.now.Load().position
	if number, isPart := partNumber(file); isPart && number <= reached.part+1 {
		return func(now position) bool { return number < now.part }, true
	}
	if file != mediaPlaylist || !query.Has("_HLS_msn") && !query.Has("_HLS_part") {
		return func(position) bool { return true }, true
	}
	segment, part, whole, err := parseDirectives(query)
	if err != nil || segment > reached.segment+1 {
		return nil, false
	}
	if whole {
		return func(now position) bool { return segment < now.segment }, true
	}
	return func(now position) bool { return now.has(segment, part) }, true
}

// parseDirectives reads the delivery directives of a blocking reload (RFC 8216bis, section 6.2.5): which segment is
// asked for, and which part of it or that the whole is.
func parseDirectives(query url.Values) (segment, part uint64, whole bool, err error) {
	if segment, err = strconv.ParseUint(query.Get("_HLS_msn"), 10, 64); err != nil {
		return 0, 0, false, err
	}
	if !query.Has("_HLS_part") {
		return segment, 0, true, nil
	}
	part, err = strconv.ParseUint(query.Get("_HLS_part"), 10, 64)
	return segment, part, false, err
}

func refuse(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, code)
}

func unavailable(w http.ResponseWriter, text string) {
	w.Header().Set("Retry-After", "1")
	refuse(w, http.StatusServiceUnavailable, text)
}

// answerWriter notices whether there was an answer: gohlslib gives none to requests for unknown files.
type answerWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *answerWriter) WriteHeader(code int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(code)
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}
