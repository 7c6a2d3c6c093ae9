package hls

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bluenviron/gohlslib/v2"
)

// playlists serves the files of one muxer, and knows how far its media playlist has come, so that requests for what is
// to come (RFC 8216bis, section 6.2.5.2) can wait here, where their end can be noticed. gohlslib would keep them until
// there is more, whether or not anybody is still there. Its methods may be called from any goroutine.
type playlists struct {
	muxer *gohlslib.Muxer

	playable chan struct{} // closed when there is something to play
	ended    chan struct{} // closed when the goroutine has ended that waits for that

	targetDuration atomic.Int64 // in seconds
	past           past

	mu    sync.Mutex // for who changes what follows
	begun bool
	now   atomic.Pointer[state]
}

// state is what a low-latency playlist has come to. It does not change, so that thousands of requests that wait for the
// next one need no lock, and all of them get the list that was made for the first.
type state struct {
	position
	list   []byte // what is served, for requests without a query of their own
	header http.Header
	moved  chan struct{} // closed when the playlist comes further
	closed bool
}

// position is how far a low-latency playlist has come. It is zero in the other variants.
type position struct {
	segment  uint64 // media sequence number of the segment that is being made
	parts    uint64 // complete ones in that segment
	previous uint64 // parts in the segment before
	part     uint64 // number of the part that is being made, as its path has it
}

// newPlaylists returns the playlists of a muxer. Their target duration is the given one at least, in seconds.
func newPlaylists(muxer *gohlslib.Muxer, target int64) *playlists {
	p := &playlists{
		muxer:    muxer,
		playable: make(chan struct{}),
		ended:    make(chan struct{}),
	}
	p.now.Store(&state{moved: make(chan struct{})})
	p.declare(target)
	return p
}

// declare says which target duration the media playlist has from the beginning to the end, in seconds, if that is more
// than was said before. It must not change once there is something to play (RFC 8216, section 6.2.1), but gohlslib
// changes it with each segment that is longer.
func (p *playlists) declare(target int64) {
	p.targetDuration.Store(max(1, target, p.targetDuration.Load()))
}

func (p *playlists) target() int64 { return p.targetDuration.Load() }

// amend writes the declared target duration into a media playlist that gohlslib made. It takes out the offer to leave
// out old segments (RFC 8216bis, section 4.4.3.8), which is of no use in a list this short.
func (p *playlists) amend(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#EXT-X-TARGETDURATION:"):
			line = "#EXT-X-TARGETDURATION:" + strconv.FormatInt(p.target(), 10) + "\n"
		case strings.HasPrefix(line, "#EXT-X-SERVER-CONTROL:"):
			line, _, _ = strings.Cut(line, ",CAN-SKIP-UNTIL=")
			line = strings.TrimSuffix(line, "\n") + "\n"
		}
		out.WriteString(line)
	}
	return out.String()
}

// start tells that the muxer runs. Only gohlslib knows when there is something to play: it keeps a request for a
// playlist until then, or until the muxer is closed.
func (p *playlists) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = true
	go func() {
		defer close(p.ended)
		if p.fetch(masterPlaylist).body.Len() > 0 {
			close(p.playable)
			p.changed()
		}
	}()
}

// ready tells whether there is something to play, so that a request for a playlist is answered at once.
func (p *playlists) ready() bool {
	select {
	case <-p.playable:
		return true
	default:
		return false
	}
}

// changed tells that the muxer may have come further.
func (p *playlists) changed() {
	if p.muxer.Variant != gohlslib.MuxerVariantLowLatency || !p.ready() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now.Load()
	if now.closed {
		return
	}
	list := p.fetch(mediaPlaylist)
	reached := parsePosition(list.body.String())
	if reached == now.position {
		return
	}
	p.now.Store(&state{
		position: reached, list: []byte(p.amend(list.body.String())), header: list.header, moved: make(chan struct{}),
	})
	close(now.moved)
}

// fetch returns what gohlslib answers to a request.
func (p *playlists) fetch(path string) *memoryWriter {
	var answer memoryWriter
	p.muxer.Handle(&answer, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
	return &answer
}

// close ends the muxer and all that waits. It is called once.
func (p *playlists) close() {
	p.mu.Lock()
	now := p.now.Load()
	p.now.Store(&state{position: now.position, moved: now.moved, closed: true})
	close(now.moved)
	begun := p.begun
	if begun {
		p.muxer.Close()
	}
	p.mu.Unlock()
	if begun {
		<-p.ended
	}
}

// has tells whether a part is complete. Those beyond the last of a segment mean the first of the next.
func (p position) has(segment, part uint64) bool {
	if segment+1 == p.segment {
		return part < p.previous || p.parts > 0
	}
	return segment < p.segment || segment == p.segment && part < p.parts
}

// parsePosition reads a media playlist that gohlslib made.
func parsePosition(text string) position {
	var p position
	for line := range strings.Lines(text) {
		tag, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch tag {
		case "#EXT-X-MEDIA-SEQUENCE":
			p.segment, _ = strconv.ParseUint(value, 10, 64)
		case "#EXT-X-PART":
			p.parts++
		case "#EXTINF":
			p.segment++
			p.previous, p.parts = p.parts, 0
		case "#EXT-X-PRELOAD-HINT":
			_, hint, _ := strings.Cut(value, `URI="`)
			p.part, _ = partNumber(strings.TrimSuffix(hint, `"`))
		}
	}
	return p
}

// partNumber reads the number of a part from its path.
func partNumber(path string) (uint64, bool) {
	i := strings.LastIndex(path, "_part")
	digits, ok := strings.CutSuffix(path[max(i, 0):], ".mp4")
	if i < 0 || !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(digits, "_part"), 10, 64)
	return n, err == nil
}

// memoryWriter is an http.ResponseWriter that keeps the answer.
type memoryWriter struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (w *memoryWriter) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

func (w *memoryWriter) Write(b []byte) (int, error) { return w.body.Write(b) }

func (w *memoryWriter) WriteHeader(code int) { w.code = code }
