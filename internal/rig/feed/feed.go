package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
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
	f := &Feed{config: config, to: to, log: log, silent: silence, wake: make(chan struct{}, 1)}
	f.wanted.Store(int64(config.Bitrate))
	return f
}

// SetBitrate changes the most bits a second. The child is started anew for that. Any goroutine may call it.
func (f *Feed) SetBitrate(bitrate int) {
	if f.wanted.Swap(int64(bitrate)) == int64(bitrate) {
		return
	}
	select {
	case f.wake <- struct{}{}:
	default: // it will be read
	}
}

// Came takes note that a packet has come from the child. One from which none comes for 10 s is ended, and another one
// is started. Any goroutine may call it.
func (f *Feed) Came() { f.came.Add(1) }

// Status returns what is known of the feed. Any goroutine may call it.
func (f *Feed) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Run keeps a child running until ctx ends, and returns after it has ended.
func (f *Feed) Run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := f.runChild(ctx)
		if err == nil { // by our wish
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

// runChild runs one child. It returns nil where it was ended for another bitrate or because ctx ended.
func (f *Feed) runChild(ctx context.Context) error {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return ErrNoProgram
	}
	bitrate := int(f.wanted.Load())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, f.config.arguments(f.to, bitrate)...)
	cmd.SysProcAttr = dieWithParent()
	cmd.WaitDelay = time.Second // for an output that something else holds open
	var words tail
	cmd.Stderr = &words
	f.note(func(s *Status) { s.Running, s.Bitrate, s.Starts = true, bitrate, s.Starts+1 })
	defer f.note(func(s *Status) { s.Running = false })
	f.log.Info("the video starts", "kb/s", bitrate/1000)

	ended := make(chan error, 1)
	go func() {
		// The kernel ends a child with the thread that made it (prctl(2), PR_SET_PDEATHSIG), and Go ends threads when
		// it likes.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		ended <- cmd.Run()
	}()
	came := f.came.Load()
	look := time.NewTicker(f.silent)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if ctx.Err() != nil {
				return nil
			}
			return words.reason(err)
		case <-look.C:
			if f.came.Load() == came && ctx.Err() == nil {
				cancel()
				return words.hung(<-ended)
			}
			came = f.came.Load()
		case <-f.wake:
			if int(f.wanted.Load()) != bitrate {
				cancel()
				f.log.Debug("ffmpeg was ended for another bitrate", "status", <-ended)
				return nil
			}
		}
	}
}

func (f *Feed) note(change func(*Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.status)
}

// tail keeps the last line written to it, up to 200 bytes. It is read after the last write.
type tail struct {
	last []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	lines := bytes.Split(bytes.TrimSpace(p), []byte{'\n'})
	if line := lines[len(lines)-1]; len(line) > 0 {
		t.last = append(t.last[:0], line[:min(len(line), 200)]...)
	}
	return len(p), nil
}

// hung says that a child sent nothing any more.
func (t *tail) hung(ended error) error {
	if len(t.last) == 0 {
		return errHung
	}
	return fmt.Errorf("%w; before that, %w", errHung, t.reason(ended))
}

// reason says why a child ended.
func (t *tail) reason(err error) error {
	switch {
	case len(t.last) > 0:
		return fmt.Errorf("ffmpeg says: %s", strings.ToValidUTF8(string(t.last), "?"))
	case err != nil:
		return fmt.Errorf("ffmpeg has ended: %w", err)
	default:
		return errors.New("ffmpeg has ended")
	}
}
