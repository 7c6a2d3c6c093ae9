package feed

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// How long it takes until a child that ended is started again: twice as long each time, unless it ran for a while.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
	ranWell    = 10 * time.Second
)

// silence is how long a child may run without sending anything. A camera that hangs does not end it; one that begins
// may take seconds.
const silence = 10 * time.Second

// errHung says that a child sent nothing, and did not end by itself.
var errHung = errors.New("ffmpeg sent nothing any more, and was ended: does the camera hang? Unplug it, and plug it " +
	"in again")

// Feed is the video of a rig. It is used once.
type Feed struct {
	config Config
	to     netip.AddrPort
	log    *slog.Logger
	silent time.Duration // that a child may be
	wanted atomic.Int64  // bits a second
	wake   chan struct{} // holds a token when wanted has changed
	came   atomic.Uint64 // packets of all children
	began  chan struct{} // holds a token when a child has begun to send

	ssrc, before uint32 // of the child that sends, and of the one before; known to Came alone

	mu     sync.Mutex
	status Status
}

// Status is what is known of a feed.
type Status struct {
	Running bool   `json:"running"`
	Bitrate int    `json:"bitrate_bps"` // at most
	Starts  uint64 `json:"starts"`
	Error   string `json:"error"` // why it ended last, other than by our wish
}

// New returns a feed that sends to a local port. The configuration is valid.
func New(config Config, to netip.AddrPort, log *slog.Logger) *Feed {
	f := &Feed{
		config: config, to: to, log: log, silent: silence, wake: make(chan struct{}, 1), began: make(chan struct{}, 1),
	}
	f.wanted.Store(int64(config.Bitrate))
	return f
}

// SetBitrate changes the most bits a second. Another child is started for that. Any goroutine may call it.
func (f *Feed) SetBitrate(bitrate int) {
	if f.wanted.Swap(int64(bitrate)) == int64(bitrate) {
		return
	}
	select {
	case f.wake <- struct{}{}:
	default: // it will be read
	}
}

// Came takes note of a datagram of a child: RTP, with an SSRC of its own, or a report. A child from which no RTP comes
// for 10 s is ended, and another one is started. One goroutine at a time may call it.
func (f *Feed) Came(datagram []byte) {
	if len(datagram) < 12 || datagram[1] >= 192 && datagram[1] <= 223 { // RFC 5761, section 4
		return
	}
	f.came.Add(1)
	ssrc := binary.BigEndian.Uint32(datagram[8:])
	if ssrc == f.ssrc || ssrc == f.before {
		return
	}
	f.ssrc, f.before = ssrc, f.ssrc
	select {
	case f.began <- struct{}{}:
	default: // it will be read
	}
}

// Status returns what is known of the feed. Any goroutine may call it.
func (f *Feed) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Run keeps a child running until ctx ends, and returns after it has ended.
func (f *Feed) Run(ctx context.Context) {
	pause := firstPause
	var old *child
	defer func() { old.stop() }()
	for ctx.Err() == nil {
		began := time.Now()
		next, err := f.runChild(ctx, old)
		if old = next; err == nil { // by our wish
			pause = firstPause
			continue
		}
		if time.Since(began) > ranWell {
			pause = firstPause
		}
		f.note(func(s *Status) { s.Error = err.Error() })
		f.log.Warn("the video has ended and is started again", "reason", err, "in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		pause = min(2*pause, lastPause)
	}
}

// runChild runs one child, and ends the old one, which may be nil, when the new one sends. The error is nil where it
// was left for another bitrate, or because ctx ended. It returns the child that runs on, if one does.
func (f *Feed) runChild(ctx context.Context, old *child) (still *child, err error) {
	bitrate := int(f.wanted.Load())
	select {
	case <-f.began: // that was the old one
	default:
	}
	c, err := startChild(ctx, f.config.arguments(f.to, bitrate))
	if err == nil {
		f.note(func(s *Status) { s.Running, s.Bitrate, s.Starts = true, bitrate, s.Starts+1 })
		f.log.Info("the video starts", "kb/s", bitrate/1000)
		still, err = f.watch(ctx, c, old, bitrate)
	}
	for _, other := range []*child{old, c} {
		if other != still {
			other.stop()
		}
	}
	f.note(func(s *Status) { s.Running = still != nil })
	return still, err
}

// watch waits until there is a reason to end the child or to start another one, and returns as runChild does. While the
// old one is still there, another bitrate waits: no third child begins to send beside two.
func (f *Feed) watch(ctx context.Context, c, old *child, bitrate int) (still *child, err error) {
	came := f.came.Load()
	look := time.NewTicker(f.silent)
	defer look.Stop()
	for {
		select {
		case <-c.ended:
			if ctx.Err() != nil {
				return nil, nil
			}
			return nil, c.words.reason(c.err)
		case <-f.began:
			old.stop()
			old = nil
		case <-look.C:
			if ctx.Err() == nil && (f.came.Load() == came || old != nil) {
				c.stop()
				return nil, c.words.hung(c.err)
			}
			came = f.came.Load()
		case <-f.wake:
		}
		if old == nil && int(f.wanted.Load()) != bitrate {
			return f.keep(c), nil
		}
	}
}

// keep returns the child that goes on until one with another bitrate sends: none of a camera, which cannot be opened
// twice.
func (f *Feed) keep(c *child) *child {
	if f.config.Camera == "" {
		return c
	}
	return nil
}

func (f *Feed) note(change func(*Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.status)
}
