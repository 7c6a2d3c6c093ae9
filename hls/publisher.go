// Package hls publishes a video stream as HTTP Live Streaming (RFC 8216 and its draft successor, 8216bis): access units
// in, an http.Handler out, by way of gohlslib.
//
// An epoch is a span of the stream with the same parameter sets. Each has its own muxer and its own playlist path, so
// that no player mixes what does not go together. Outages, restarts of the sender and jumps of its clock do not end an
// epoch: media time goes on without a gap, and programme date time tells the truth. What ends it is another SPS or PPS
// (the init section holds both, and some decoders read them nowhere else), a frame rate that the parts' length does not
// fit, keyframes so seldom that segments become longer than the playlist says, an error of gohlslib, and the switch.
//
//	/index.m3u8          redirects to the present epoch's
//	/{epoch}/index.m3u8  and all that it refers to
package hls

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gohlslib/v2"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// ErrClosed is returned for a unit that is written to a closed Publisher.
var ErrClosed = errors.New("hls: closed")

// ErrConfig is wrapped by all errors about a Config.
var ErrConfig = errors.New("hls: wrong configuration")

var (
	errRate = errors.New("hls: frames come at another rate than before")
	errSets = errors.New("hls: the SPS or PPS of a keyframe cannot be read")
)

// The limits of a Config.
const (
	MinPart    = 50 * time.Millisecond
	MinSegment = 200 * time.Millisecond
	MaxSegment = 60 * time.Second
)

const minFiles = 3 // RFC 8216, section 6.2.2

const logInterval = time.Minute // between two records of the same error

// Config says how to publish. The zero value of each field stands for its default.
type Config struct {
	Variant string        // "low-latency" (default), "fmp4" or "mpegts"
	Segment time.Duration // from 200 ms to a minute, 1 s by default; cut at the first IDR unit after about that
	Part    time.Duration // from 50 ms to Segment, 200 ms by default; of the low-latency variant only
	Files   int           // segments in the playlist, 3 or more; by default as many as are needed
	Log     *slog.Logger  // none by default
}

// Status says how publishing goes.
type Status struct {
	Enabled bool
	Ready   bool   // there is something to play
	Epoch   int    // of the present or latest epoch; goes up when the playlist's path changes; 0 before the first
	Error   string // the latest error, until there is something to play again
}

// Publisher publishes one stream. WriteUnit is for one goroutine, all else may be called from any.
type Publisher struct {
	cfg     Config
	variant gohlslib.MuxerVariant
	log     *slog.Logger
	now     func() time.Time
	maxSize uint64 // of a segment, in bytes

	shown atomic.Pointer[shown]

	mu      sync.Mutex // guards what follows, and shown for writing
	closed  bool
	params  parameterSets
	epoch   *epoch // nil before there is one
	number  int    // of the next epoch
	past    past   // what came before the next epoch
	longest int64  // what target duration playlists need at least, in seconds, as far as is known
	logged  string
	logTime time.Time
}

// past counts what came before an epoch.
type past struct {
	epochs, segments int64
}

// shown is what readers see.
type shown struct {
	status Status // but for Ready
	epoch  *epoch // nil where there is none
	closed bool
}

// missing says why there is nothing to play, or returns an empty text where there is something.
func (s *shown) missing() string {
	switch {
	case !s.status.Enabled:
		return "switched off"
	case s.closed:
		return "closed"
	case s.epoch == nil || !s.epoch.playlists.ready():
		return "nothing to play yet"
	default:
		return ""
	}
}

// New returns a Publisher that is switched on. Its first epoch has the number of the second that it is made in, in
// Unix time, so that a path is not used again after a restart.
func New(cfg Config) (*Publisher, error) {
	return newPublisher(cfg, time.Now)
}

func newPublisher(cfg Config, now func() time.Time) (*Publisher, error) {
	p := &Publisher{cfg: cfg, now: now, log: cfg.Log, number: int(now().Unix()), maxSize: maxSegmentSize}
	switch cfg.Variant {
	case "", "low-latency":
		p.variant = gohlslib.MuxerVariantLowLatency
	case "fmp4":
		p.variant = gohlslib.MuxerVariantFMP4
	case "mpegts":
		p.variant = gohlslib.MuxerVariantMPEGTS
	default:
		return nil, fmt.Errorf("%w: variant %q, want low-latency, fmp4 or mpegts", ErrConfig, cfg.Variant)
	}
	if cfg.Segment == 0 {
		p.cfg.Segment = time.Second
	}
	if cfg.Part == 0 {
		p.cfg.Part = min(200*time.Millisecond, p.cfg.Segment)
	}
	if p.cfg.Segment < MinSegment || p.cfg.Segment > MaxSegment {
		return nil, fmt.Errorf("%w: segment of %v, want %v to %v", ErrConfig, cfg.Segment, MinSegment, MaxSegment)
	}
	if p.cfg.Part < MinPart || p.cfg.Part > p.cfg.Segment {
		return nil, fmt.Errorf("%w: part of %v, want %v to %v", ErrConfig, cfg.Part, MinPart, p.cfg.Segment)
	}
	if cfg.Files != 0 && cfg.Files < minFiles {
		return nil, fmt.Errorf("%w: %d segments, want %d or more", ErrConfig, cfg.Files, minFiles)
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.shown.Store(&shown{status: Status{Enabled: true}})
	return p, nil
}

// WriteUnit publishes a unit. It keeps the unit's NAL units, and may block for some milliseconds. What is wrong with a
// unit or the stream is no error here: Status tells it. The only error is ErrClosed.
func (p *Publisher) WriteUnit(au media.AccessUnit) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	nalus, picture, idr := videoUnit(au.NALUs)
	p.params.update(nalus)
	if !picture || !p.shown.Load().status.Enabled {
		return nil
	}
	if p.epoch != nil && idr && !p.params.equal(&p.epoch.params) {
		p.end(nil)
	}
	if idr && !p.params.complete() && slices.ContainsFunc(au.NALUs, isSPS) {
		p.end(errSets)
		return nil
	}
	u := unit{nalus: nalus, idr: idr, time: au.Time, run: au.Run, torn: au.Hole, arrival: au.Arrival}
	if err := p.write(u); err != nil {
		if errors.Is(err, errKeyframes) {
			p.longest = max(p.longest, p.epoch.longest())
		}
		p.end(err)
		if idr { // there may be a fault in what came before, so begin anew with this one
			if err := p.write(u); err != nil {
				p.end(err)
			}
		}
	}
	return nil
}

// write gives a unit to the present epoch, or to a new one if it can begin one.
func (p *Publisher) write(u unit) error {
	if p.epoch == nil {
		if !u.idr || !p.params.complete() {
			return nil
		}
		e, err := newEpoch(p)
		if err != nil {
			return err
		}
		p.epoch = e
		p.number++
		p.log.Info("HLS epoch begins", "epoch", e.number)
		p.update(func(s *shown) { s.status.Epoch, s.epoch = e.number, e })
	}
	if u.idr {
		u.nalus = p.epoch.params.inFront(u.nalus)
	}
	return p.epoch.write(u)
}

// end ends the present epoch, if there is one. The next IDR unit begins a new one.
func (p *Publisher) end(err error) {
	e := p.epoch
	p.epoch = nil
	reason := p.Status().Error
	if err != nil {
		reason = err.Error()
	}
	p.update(func(s *shown) { s.epoch, s.status.Error = nil, reason })
	if e != nil {
		p.past = past{e.playlists.past.epochs + 1, e.playlists.past.segments + e.segments}
		e.close()
		p.log.Info("HLS epoch ends", "epoch", e.number)
	}
	if err == nil {
		return
	}
	if now := p.now(); err.Error() != p.logged || now.Sub(p.logTime) >= logInterval {
		p.logged, p.logTime = err.Error(), now
		p.log.Warn("HLS output begins anew with the next keyframe", "error", err)
	}
}

func (p *Publisher) update(change func(*shown)) {
	s := *p.shown.Load()
	change(&s)
	p.shown.Store(&s)
}

// SetEnabled switches the output off or on. Off, requests get an answer that says so. On, a new epoch begins with the
// next IDR unit.
func (p *Publisher) SetEnabled(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || on == p.shown.Load().status.Enabled {
		return
	}
	if !on {
		p.end(nil)
	}
	p.update(func(s *shown) { s.status.Enabled, s.status.Error = on, "" })
}

// Status returns how publishing goes. It never waits.
func (p *Publisher) Status() Status {
	s := p.shown.Load()
	status := s.status
	if s.epoch != nil && s.epoch.playlists.ready() {
		status.Ready, status.Error = true, ""
	}
	return status
}

// Close ends the output and frees all requests that wait. Calling it again does nothing.
func (p *Publisher) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	p.end(nil)
	p.update(func(s *shown) { s.closed = true })
}
