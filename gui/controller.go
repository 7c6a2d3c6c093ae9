package gui

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/form"
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
	probe      func(capture string) error
	interfaces func() []netInterface
	do         func(func()) // has the window's goroutine call a function later; fyne.Do
	view       view
	log        *slog.Logger
	wake       chan struct{} // a wish has changed

	mu         sync.Mutex
	wish       wish
	keyChanges []keyChange // that are to be made

	numbers  outlet[model]
	pictures outlet[[]picture]

	// Of the loop.
	run        run
	applied    wish
	model      model
	watched    []string          // the channels whose pictures are shown
	shown      map[string]uint64 // the numbers of their last pictures
	painted    time.Time         // when the last of these was shown
	dumpErrors map[string]error  // of the present run, by channel
	checker    checker
	keeper     *errand[app.Config, form.Kept]
	looker     *errand[app.Config, app.PortChecks]
	locksmith  *errand[func() error, error] // changes keys
	looked     int                          // the serial of the settings whose ports were looked at last
	lookedAt   time.Time
	opened     time.Time // when the run began
}

func newController(cfg app.Config, start starter, do func(func()), log *slog.Logger) *controller {
	w := newWish(cfg)
	c := &controller{
		start: start, probe: probeCapture, interfaces: networkInterfaces, do: do, log: log,
		wake: make(chan struct{}, 1), wish: w, applied: w, checker: checker{replay: replayCapture},
		model:  model{Config: w.cfg, Chosen: w.chosen, All: w.all, Player: w.player},
		looker: newErrand(app.CheckPorts), locksmith: newErrand(func(change func() error) error { return change() }),
	}
	c.use(app.UserSettings{})
	return c
}

// Run works until the context ends; then it closes the run and returns.
func (c *controller) Run(ctx context.Context) {
	numbers := time.NewTicker(numbersEvery)
	defer numbers.Stop()
	pictures := time.NewTicker(picturesEvery)
	defer pictures.Stop()
	defer c.checker.close()
	defer c.keeper.finish()
	defer c.looker.working.Wait()
	defer c.locksmith.finish()
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
			c.checker.cancel() // it ends while the run is closed
			return
		case <-c.wake:
			c.fulfil()
			c.nextKeyChange()
		case <-done:
			c.ended()
		case result := <-c.checker.ended():
			c.checker.cancel()
			c.model.Check = result
			c.showNumbers()
		case k := <-c.keeper.done:
			c.kept(k)
			c.showNumbers()
		case err := <-c.locksmith.done:
			c.keysChanged(err)
			c.showNumbers()
		case ports := <-c.looker.done:
			c.model.Ports = ports
			c.looker.taken()
			c.showNumbers()
		case <-numbers.C:
			c.lookAtPorts()
			if ticks++; ticks%networkEvery == 0 {
				c.model.Interfaces = c.interfaces()
			}
			c.showNumbers()
		case <-pictures.C:
			c.showPictures()
		}
	}
}

// fulfil does what the wish asks for beyond what has been done.
func (c *controller) fulfil() {
	c.mu.Lock()
	w := c.wish
	c.mu.Unlock()

	applied := w.setup != c.applied.setup
	restart := w.running && (w.serial != c.applied.serial || applied && !c.fits(w))
	if capture := w.cfg.Capture; restart && capture != "" {
		if err := c.probe(capture); err != nil {
			c.refuse(w, err)
			return
		}
	}
	if c.run != nil && (restart || !w.running) {
		c.model.Phase = stopping
		c.showNumbers()
		c.close()
	}
	old := c.applied
	c.applied = w
	c.model.Config, c.model.Player, c.model.HLS = w.cfg, w.player, w.hls
	c.model.Chosen, c.model.All, c.model.Rate = w.chosen, w.all, w.rate
	if w.check != old.check {
		c.check(w)
	}
	c.keep(old, w)
	switch {
	case restart:
		c.open(w)
	case c.run != nil && (!applied || c.setChannels(old, w)):
		c.adjust(old, w)
	}
	c.showNumbers()
}

// refuse leaves everything as it is, as the wish's capture cannot be opened, and says so.
func (c *controller) refuse(w wish, err error) {
	c.log.Error("the capture was not opened", "error", err)
	c.model.Refused = refusal{err, c.model.Refused.number + 1}
	c.takeBack(w.serial)
	c.showNumbers()
}

// takeBack takes the wish for a start back, if it is still the latest: what runs, or does not, is then what is wanted.
func (c *controller) takeBack(serial int) {
	c.change(func(w *wish) {
		if w.serial == serial {
			w.serial, w.running = c.applied.serial, c.run != nil
			w.cfg.Capture, w.player = c.applied.cfg.Capture, c.applied.player
		}
	})
}

// open starts a run.
func (c *controller) open(w wish) {
	c.model.Phase, c.model.Failure, c.model.Refused.err = starting, nil, nil
	c.model.SetupErr, c.model.Ask = nil, false
	c.model.Elapsed, c.model.Playback = 0, app.Playback{Path: w.cfg.Capture}
	c.model.Dumps, c.model.DumpErr, c.dumpErrors = nil, nil, map[string]error{}
	c.showNumbers()
	r, err := c.start(w.forRun(), c.log)
	if err != nil {
		c.log.Error("start failed", "error", err)
		c.failed(err)
		return
	}
	c.run, c.opened = r, time.Now()
	c.switchHLS(w)
	c.watch(w)
	c.model.Phase = running
}

// failed takes note of why there is no run. The next one is live.
func (c *controller) failed(err error) {
	c.model.Phase, c.model.Failure = stopped, err
	if c.applied.cfg.Capture != "" {
		c.applied.cfg.Capture = ""
		c.model.Config.Capture = ""
		c.takeBack(c.applied.serial)
	}
}

// adjust changes what can be changed in a run.
func (c *controller) adjust(old, w wish) {
	for _, ch := range w.cfg.Channels {
		if i := channelIndexOf(old.cfg, ch.ID); i >= 0 && ch.Latency != old.cfg.Channels[i].Latency {
			c.run.SetLatency(ch.ID, time.Duration(ch.Latency))
		}
		if now := hlsOn(w.cfg, w.hls, ch.ID); now != hlsOn(old.cfg, old.hls, ch.ID) {
			c.run.SetHLS(ch.ID, now)
		}
		if dump := w.dumps[ch.ID]; dump != old.dumps[ch.ID] {
			c.dump(ch.ID, dump.on)
		}
	}
	if !slices.Equal(w.watched(), c.watched) {
		c.watch(w)
	}
}

// watch has the pictures made that are looked at. Until they come there are none.
func (c *controller) watch(w wish) {
	c.watched, c.shown = w.watched(), map[string]uint64{}
	c.run.ShowPreviews(c.watched...)
	c.pictures.send(c, nil, view.ShowPictures)
}

// dump starts or stops to save what arrives at a channel.
func (c *controller) dump(channel string, on bool) {
	var err error
	if on {
		_, err = c.run.StartDump(channel, "") // the path comes with its state
	} else {
		err = c.run.StopDump(channel)
	}
	if err != nil {
		c.log.Error("saving what arrives failed", "channel", channel, "error", err)
	}
	c.dumpErrors[channel] = err
}

// dumps is what is saved of each channel.
func (c *controller) dumps() map[string]app.Dump {
	dumps := make(map[string]app.Dump, len(c.applied.cfg.Channels))
	for _, ch := range c.applied.cfg.Channels {
		dumps[ch.ID] = c.run.Dump(ch.ID)
	}
	return dumps
}

// check begins the wish's check, or ends the one that there is.
func (c *controller) check(w wish) {
	c.model.Check = check{}
	if w.check.path == "" {
		c.checker.cancel()
		return
	}
	c.checker.begin(w.check.path, withFirst(w.cfg, w.chosen))
}

// close ends the run, where there is one.
func (c *controller) close() {
	if c.run == nil {
		return
	}
	if err := c.run.Close(); err != nil {
		c.log.Error("close failed", "error", err)
	}
	c.model.Dumps = c.dumps()
	c.model.Viewers = app.Viewers{}
	c.run = nil
	c.model.Phase = stopped
	c.model.URL, c.model.LegacyURL, c.model.Fingerprint = "", "", ""
	c.model.Warnings, c.model.PreviewErr = nil, nil
	c.pictures.send(c, nil, view.ShowPictures)
}

// ended takes note of a run that has ended by itself.
func (c *controller) ended() {
	err := c.run.Err()
	c.close()
	c.failed(err)
	c.showNumbers()
}

// showNumbers sends the window the present model.
func (c *controller) showNumbers() {
	if c.run != nil && c.model.Phase == running {
		id := c.applied.chosen
		c.model.Snapshot = c.run.Snapshot()
		c.model.URL, c.model.LegacyURL = c.run.ViewerURL(), c.run.LegacyURL()
		c.model.Fingerprint = c.run.Fingerprint()
		c.model.Viewers = c.run.Viewers()
		c.model.Warnings = c.run.Warnings()
		c.model.PreviewErr = map[string]error{}
		for _, id := range c.watched {
			c.model.PreviewErr[id] = c.run.PreviewError(id)
		}
		c.model.Dumps, c.model.DumpErr = c.dumps(), c.dumpErrors[id]
		if p, ok := c.run.Playback(); ok {
			if !c.model.Playback.Done {
				c.model.Elapsed = time.Since(c.opened)
			}
			c.model.Playback = p
		}
	}
	c.model.Check = c.checker.state(c.model.Check)
	c.model.Now = time.Now()
	c.numbers.send(c, c.model, view.Show)
}

// showPictures sends the window the latest pictures, all in one, if there is a new one among them: the window is
// painted as a whole, so that two at a time cost no more than one.
func (c *controller) showPictures() {
	if c.run == nil || time.Since(c.painted) < paintEvery(len(c.watched), c.applied.rate) {
		return
	}
	news := false
	pictures := make([]picture, 0, len(c.watched))
	for _, id := range c.watched {
		img, number, arrival := c.run.Frame(id)
		if img == nil {
			continue
		}
		news = news || number != c.shown[id]
		c.shown[id] = number
		pictures = append(pictures, picture{channel: id, image: img, number: number, arrival: arrival})
	}
	if news {
		c.painted = time.Now()
		c.pictures.send(c, pictures, view.ShowPictures)
	}
}

// paintEvery is how far apart pictures are shown at the least: as the operator has chosen, or by how many there are at
// once, one in all its rate, many less often, since each of them costs.
func paintEvery(pictures, rate int) time.Duration {
	switch {
	case rate > 0:
		return time.Second/time.Duration(rate) - picturesEvery
	case pictures <= 1:
		return 0
	case pictures <= 4:
		return 80 * time.Millisecond
	default:
		return 125 * time.Millisecond
	}
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

// turns are those of the window's goroutine, until it ends. Then Fyne would call functions on whichever goroutine asks.
type turns struct{ over atomic.Bool }

// do has the window's goroutine call a function later, if there is a later.
func (t *turns) do(f func()) {
	if t.over.Load() {
		return
	}
	fyne.Do(func() {
		if !t.over.Load() {
			f()
		}
	})
}

func (t *turns) end() { t.over.Store(true) }
