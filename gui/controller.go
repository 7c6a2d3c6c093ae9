package gui

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
)

const (
	numbersEvery  = 250 * time.Millisecond
	picturesEvery = 20 * time.Millisecond // more often than pictures come, so that none waits long
	networkEvery  = 8                     // times numbersEvery
)

// controller owns the run. Its loop alone starts, asks and closes it, so the window's goroutine never waits: it leaves
// a wish, and is shown models and pictures through do, of each kind one at a time, always the latest.
type controller struct {
	start      starter
	interfaces func() []netInterface
	do         func(func()) // has the window's goroutine call a function later; fyne.Do
	view       view
	log        *slog.Logger
	wake       chan struct{} // a wish has changed

	mu   sync.Mutex
	wish wish

	numbers  outlet[model]
	pictures outlet[picture]

	// Of the loop.
	run     run
	applied wish
	model   model
	shown   uint64 // the number of the last picture
}

// wish is what the operator wants.
type wish struct {
	running bool
	serial  int // goes up with each start, as to start again with the same settings is a wish too
	cfg     app.Config
}

func newController(cfg app.Config, start starter, do func(func()), log *slog.Logger) *controller {
	return &controller{
		start: start, interfaces: networkInterfaces, do: do, log: log,
		wake: make(chan struct{}, 1),
		wish: wish{cfg: cfg.Clone()}, applied: wish{cfg: cfg.Clone()},
		model: model{Config: cfg},
	}
}

// change changes the wish.
func (c *controller) change(f func(w *wish)) {
	c.mu.Lock()
	w := c.wish
	w.cfg = w.cfg.Clone()
	f(&w)
	c.wish = w
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default: // it will wake
	}
}

// Start asks for a run on an interface (empty: all) and ports, in place of the one that there is.
func (c *controller) Start(netInterface string, ports app.Ports) {
	c.change(func(w *wish) {
		w.running = true
		w.serial++
		w.cfg.Channels[0].Interface, w.cfg.Channels[0].Ports = netInterface, ports
	})
}

// Restart asks for a run with the settings that there are.
func (c *controller) Restart() {
	c.change(func(w *wish) {
		w.running = true
		w.serial++
	})
}

// Stop asks for the run to end.
func (c *controller) Stop() { c.change(func(w *wish) { w.running = false }) }

// SetLatency asks for a latency budget, of this run and of those to come.
func (c *controller) SetLatency(d time.Duration) {
	c.change(func(w *wish) { w.cfg.Channels[0].Latency = app.Duration(d) })
}

// SetHLS asks for the HLS output to be on or off, in this run and in those to come.
func (c *controller) SetHLS(on bool) { c.change(func(w *wish) { w.cfg.HLS.Enabled = on }) }

// Run works until the context ends; then it closes the run and returns.
func (c *controller) Run(ctx context.Context) {
	numbers := time.NewTicker(numbersEvery)
	defer numbers.Stop()
	pictures := time.NewTicker(picturesEvery)
	defer pictures.Stop()
	defer c.close()

	c.model.Interfaces = c.interfaces()
	c.fulfil()
	for ticks := 1; ; {
		var done <-chan struct{}
		if c.run != nil {
			done = c.run.Done()
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
			c.fulfil()
		case <-done:
			c.ended()
		case <-numbers.C:
			if ticks++; ticks%networkEvery == 0 {
				c.model.Interfaces = c.interfaces()
			}
			c.showNumbers()
		case <-pictures.C:
			c.showPicture()
		}
	}
}

// fulfil does what the wish asks for beyond what has been done.
func (c *controller) fulfil() {
	c.mu.Lock()
	w := c.wish
	c.mu.Unlock()

	restart := w.running && w.serial != c.applied.serial
	if c.run != nil && (restart || !w.running) {
		c.model.Phase = stopping
		c.showNumbers()
		c.close()
	}
	old, id := c.applied.cfg, w.cfg.Channels[0].ID
	c.applied, c.model.Config = w, w.cfg
	if restart {
		c.open(w.cfg)
	} else if c.run != nil {
		if now := w.cfg.Channels[0].Latency; now != old.Channels[0].Latency {
			c.run.SetLatency(id, time.Duration(now))
		}
		if now := w.cfg.HLS.Enabled; now != old.HLS.Enabled {
			c.run.SetHLS(id, now)
		}
	}
	c.showNumbers()
}

// open starts a run.
func (c *controller) open(cfg app.Config) {
	c.model.Phase, c.model.Failure = starting, nil
	c.showNumbers()
	r, err := c.start(cfg.Clone(), c.log)
	if err != nil {
		c.log.Error("start failed", "error", err)
		c.model.Phase, c.model.Failure = stopped, err
		return
	}
	c.run, c.shown = r, 0
	c.model.Phase = running
}

// close ends the run, where there is one.
func (c *controller) close() {
	if c.run == nil {
		return
	}
	if err := c.run.Close(); err != nil {
		c.log.Error("close failed", "error", err)
	}
	c.run = nil
	c.model.Phase = stopped
	c.model.URL, c.model.Warnings, c.model.PreviewErr = "", nil, nil
	c.pictures.send(c, picture{}, view.ShowPicture)
}

// ended takes note of a run that has ended by itself.
func (c *controller) ended() {
	err := c.run.Err()
	c.close()
	c.model.Failure = err
	c.showNumbers()
}

// showNumbers sends the window the present model.
func (c *controller) showNumbers() {
	if c.run != nil && c.model.Phase == running {
		id := c.applied.cfg.Channels[0].ID
		c.model.Snapshot = c.run.Snapshot()
		c.model.URL = c.run.ViewerURL()
		c.model.Warnings = c.run.Warnings()
		c.model.PreviewErr = c.run.PreviewError(id)
	}
	c.model.Now = time.Now()
	c.numbers.send(c, c.model, view.Show)
}

// showPicture sends the window the latest picture if it is a new one.
func (c *controller) showPicture() {
	if c.run == nil {
		return
	}
	img, number, arrival := c.run.Frame(c.applied.cfg.Channels[0].ID)
	if img == nil || number == c.shown {
		return
	}
	c.shown = number
	c.pictures.send(c, picture{image: img, number: number, arrival: arrival}, view.ShowPicture)
}

// outlet hands values of one kind to the window's goroutine: at most one call is on its way, and what that shows is
// the latest value when it gets there.
type outlet[T any] struct {
	latest  atomic.Pointer[T]
	pending atomic.Bool
}

func (o *outlet[T]) send(c *controller, value T, show func(view, T)) {
	o.latest.Store(&value)
	if o.pending.Swap(true) {
		return
	}
	c.do(func() {
		o.pending.Store(false)
		show(c.view, *o.latest.Load())
	})
}
