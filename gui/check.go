package gui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// check is a capture file that is run through the receiver as fast as possible, for its numbers alone.
type check struct {
	Path       string // empty: there is none
	Read, Size int64  // bytes
	Done       bool
	Result     status.Channel // valid once Done, where Err is nil or app.ErrCutOff
	Err        error
}

// hasResult tells whether there is a result to show.
func (c check) hasResult() bool { return c.Done && (c.Err == nil || errors.Is(c.Err, app.ErrCutOff)) }

// replayer runs a capture file through the first channel of a configuration until it is through or the context ends,
// and reports its progress in bytes.
type replayer func(
	ctx context.Context, path string, cfg app.Config, progress func(read, size int64),
) (status.Channel, error)

// replayCapture is the receiver's replayer.
func replayCapture(
	ctx context.Context, path string, cfg app.Config, progress func(read, size int64),
) (status.Channel, error) {
	return app.Replay{Capture: path, Progress: progress}.Run(ctx, cfg)
}

// probeCapture returns nil for a capture file whose beginning can be read, else a sentence for the operator.
func probeCapture(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file. Give a capture file that tcpdump or Wireshark wrote (pcap or pcapng)", path)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // the replay ends at its first packet
	_, err := replayCapture(ctx, path, app.Default(), nil)
	if errors.Is(err, context.Canceled) || errors.Is(err, app.ErrCutOff) {
		return nil
	}
	return err
}

// checker runs one check after the other, each on a goroutine of its own. It belongs to the controller's loop.
type checker struct {
	replay  replayer
	present *checking // nil where there is none
	all     sync.WaitGroup
}

// checking is a check at work.
type checking struct {
	path       string
	cancel     context.CancelFunc
	read, size atomic.Int64
	ended      chan check // has room for the result
}

// begin begins a check in place of the present one, which ends in its own time.
func (k *checker) begin(path string, cfg app.Config) {
	k.cancel()
	ctx, cancel := context.WithCancel(context.Background())
	c := &checking{path: path, cancel: cancel, ended: make(chan check, 1)}
	k.present = c
	k.all.Go(func() {
		defer cancel()
		result, err := k.replay(ctx, path, cfg, func(read, size int64) {
			c.read.Store(read)
			c.size.Store(size)
		})
		c.ended <- check{Path: path, Read: c.read.Load(), Size: c.size.Load(), Done: true, Result: result, Err: err}
	})
}

// cancel ends the present check without waiting for it.
func (k *checker) cancel() {
	if k.present != nil {
		k.present.cancel()
		k.present = nil
	}
}

// close ends all checks and waits for them.
func (k *checker) close() {
	k.cancel()
	k.all.Wait()
}

// ended gives the result of the present check, once.
func (k *checker) ended() <-chan check {
	if k.present == nil {
		return nil
	}
	return k.present.ended
}

// state is the present check as far as it is, or what there was last.
func (k *checker) state(last check) check {
	if p := k.present; p != nil {
		return check{Path: p.path, Read: p.read.Load(), Size: p.size.Load()}
	}
	return last
}
