// Package preview turns H.264 access units into pictures for a window, through an ffmpeg child process.
//
// The child takes an Annex B byte stream on its standard input and gives raw RGBA pictures of one fixed size on its
// standard output. Decoding hostile or torn video is its risk alone: when it dies, it is started again with back-off.
//
//	WriteUnit --pipe--> ffmpeg --pipe--> reader --> ring of pictures --> Frame
package preview

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

var (
	// ErrNoDecoder says that the ffmpeg program was not found. It wraps exec.ErrNotFound.
	ErrNoDecoder = fmt.Errorf("preview: no decoder: %w", exec.ErrNotFound)

	// ErrDecoder says that the ffmpeg program ended, or stopped taking data.
	ErrDecoder = errors.New("preview: decoder failed")

	// ErrClosed says that the Decoder was closed.
	ErrClosed = errors.New("preview: closed")
)

const (
	minBackOff = 500 * time.Millisecond
	maxBackOff = 8 * time.Second

	// writeTimeout is how long a child may refuse data before it is taken for hung, and killed.
	writeTimeout = 5 * time.Second
)

// Config says how to decode. The zero value is valid.
type Config struct {
	Width, Height int          // of every picture, in pixels; 640 and 360 where zero
	Command       string       // the ffmpeg program, a name or a path; "ffmpeg" where empty
	Log           *slog.Logger // slog.Default() where nil
}

// Decoder decodes one stream. WriteUnit belongs to one goroutine; the other methods may be called from any.
type Decoder struct {
	cfg Config

	// Of the goroutine that calls WriteUnit.
	params  params
	buf     []byte
	backOff time.Duration // what the next failure costs
	retry   time.Time     // no child is started before this

	pictures pictures

	mu     sync.Mutex
	child  *child // the running one, or nil
	ending *child // the last one that Show ended, or nil
	hidden bool   // nobody looks
	stale  bool   // the latest picture is older than the last Show
	err    error
	closed bool
}

// New returns a Decoder whose pictures are looked at. It starts no child before the first unit that decoding can begin
// at.
func New(cfg Config) *Decoder {
	if cfg.Width <= 0 || cfg.Height <= 0 {
		cfg.Width, cfg.Height = 640, 360
	}
	if cfg.Command == "" {
		cfg.Command = "ffmpeg"
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	d := &Decoder{cfg: cfg, backOff: minBackOff}
	d.pictures.init(cfg.Width, cfg.Height)
	return d
}

// WriteUnit gives the next unit to the child and starts one where none runs, which it does only at an IDR unit whose
// parameter sets are known; units before that are skipped without error. It may block while the child is busy, for at
// most 5 s; Close frees it. An error means that the unit was not taken: ErrNoDecoder, ErrDecoder or ErrClosed. To call
// it again after an error is right: the child is tried again after 0.5 s, then twice that, up to 8 s.
func (d *Decoder) WriteUnit(au media.AccessUnit) error {
	own := d.params.remember(au.NALUs)
	c, err := d.current()
	if err != nil {
		return err
	}
	if c == nil {
		if !au.IDR || !d.params.complete() || time.Now().Before(d.retry) {
			return nil
		}
		if c, err = d.start(); err != nil {
			return d.fail(err)
		}
		if c == nil { // nobody looks
			return nil
		}
	}

	d.buf = d.buf[:0]
	if au.IDR && !own {
		d.buf = d.params.append(d.buf)
	}
	d.buf = appendAnnexB(d.buf, au.NALUs)
	// The delimiter of the unit to come tells the decoder that this one is whole: one picture less of delay.
	d.buf = append(d.buf, delimiter...)

	c.arrivals.push(au.Arrival, time.Now())
	if err := c.write(d.buf); err != nil {
		if !d.end(c) { // nobody looks any more
			return nil
		}
		return d.fail(err)
	}
	return nil
}

// Show says whether anybody looks. While nobody does, no child runs, units are taken and not decoded, and there is no
// picture; then the first one is that of the next IDR unit.
func (d *Decoder) Show(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hidden = !on
	if on || d.closed {
		return
	}
	d.stale, d.err = true, nil
	if d.child != nil {
		d.child.kill()
		d.child, d.ending = nil, d.child
	}
}

// current returns the running child, nil where there is none, and takes note of one that has died.
func (d *Decoder) current() (*child, error) {
	d.mu.Lock()
	c, closed := d.child, d.closed
	d.mu.Unlock()
	switch {
	case closed:
		return nil, ErrClosed
	case c == nil:
		return nil, nil
	}
	select {
	case <-c.done:
		if !d.end(c) {
			return nil, nil
		}
		return nil, d.fail(c.reason())
	default:
		return c, nil
	}
}

// start starts a child, or none while nobody looks. The caller must not hold d.mu.
func (d *Decoder) start() (*child, error) {
	d.mu.Lock()
	ending := d.ending
	d.mu.Unlock()
	if ending != nil {
		<-ending.done // until then it may write to the ring
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return nil, ErrClosed
	case d.hidden:
		return nil, nil
	}
	var c *child
	c, err := startChild(d.cfg, &d.pictures, func() { d.shown(c) })
	if err != nil {
		return nil, err
	}
	d.child, d.ending = c, nil
	return c, nil
}

// shown is called by a child's reader with its first picture: the decoder works, so an old failure is history.
func (d *Decoder) shown(c *child) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.child == c {
		d.err, d.stale = nil, false
	}
}

// end kills a child, waits for it and forgets it. It returns false where Show had ended the child before.
func (d *Decoder) end(c *child) bool {
	c.kill()
	<-c.done
	if c.pictures.Load() > 0 {
		d.backOff = minBackOff
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.child != c {
		return false
	}
	d.child = nil
	return true
}

// fail notes why there is no child and when to try again.
func (d *Decoder) fail(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.err = err
	d.cfg.Log.Warn("preview decoder failed", "error", err, "retry_in", d.backOff)
	d.retry = time.Now().Add(d.backOff)
	d.backOff = min(2*d.backOff, maxBackOff)
	return err
}

// Frame returns the latest picture, of the configured size and with the aspect ratio kept by black bars; its number,
// which counts from 1 over the Decoder's life; and when the unit that it was decoded from arrived, as far as that can
// be told when the child leaves pictures out. There is none before the first, nor while nobody looks, nor then until
// the next: nil, 0 and the zero time.
//
// The picture is not written to until four newer ones have come, so a caller that polls at the picture rate may hand
// it on without a copy.
func (d *Decoder) Frame() (picture *image.RGBA, number uint64, arrival time.Time) {
	d.mu.Lock()
	hidden := d.hidden || d.stale
	d.mu.Unlock()
	if hidden {
		return nil, 0, time.Time{}
	}
	return d.pictures.latest()
}

// Err returns why there are no new pictures: ErrNoDecoder, or ErrDecoder with the child's last words; nil once a
// child has given a picture after that.
func (d *Decoder) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Close ends the child, waits for it, and frees a WriteUnit that is blocked. Frame keeps answering. Calling Close
// again does nothing.
func (d *Decoder) Close() {
	d.mu.Lock()
	d.closed = true
	children := []*child{d.child, d.ending}
	d.mu.Unlock()
	for _, c := range children {
		if c != nil {
			c.kill()
			<-c.done
		}
	}
}
