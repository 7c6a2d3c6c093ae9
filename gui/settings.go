package gui

import (
	"slices"
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/form"
)

// lookEvery is how often the ports of a set-up are looked at again.
const lookEvery = time.Second

// keepWish is settings to keep.
type keepWish struct {
	serial int
	cfg    app.Config
}

// lookWish is settings whose ports are to be looked at, while the set-up can be seen.
type lookWish struct {
	on     bool
	serial int
	cfg    app.Config
}

// errand does one thing at a time on a goroutine of its own, so that the loop that owns it need not wait: the latest
// that was asked for, once the one before is done.
type errand[In, Out any] struct {
	do      func(In) Out
	done    chan Out // one result; taken must be called for each
	busy    bool
	next    *In
	working sync.WaitGroup
}

func newErrand[In, Out any](do func(In) Out) *errand[In, Out] {
	return &errand[In, Out]{do: do, done: make(chan Out, 1)}
}

// ask asks for it to be done.
func (e *errand[In, Out]) ask(in In) {
	if e.busy {
		e.next = &in
		return
	}
	e.busy = true
	e.working.Go(func() { e.done <- e.do(in) })
}

// taken is to be called once a result has been taken.
func (e *errand[In, Out]) taken() {
	e.busy = false
	if next := e.next; next != nil {
		e.next = nil
		e.ask(*next)
	}
}

// finish waits for what is being done, and does what was asked for after that.
func (e *errand[In, Out]) finish() {
	e.working.Wait()
	if e.next != nil {
		e.do(*e.next)
	}
}

// keepFunc returns what saves settings to a file, and says how that went.
func keepFunc(path string) func(cfg app.Config) form.Kept {
	return func(cfg app.Config) form.Kept {
		beside, err := app.Save(path, cfg)
		return form.Kept{Path: path, Config: cfg, Beside: beside, Err: err}
	}
}

// use has the controller begin with a user's settings, and keep those that are applied where they are kept.
func (c *controller) use(s app.UserSettings) {
	c.keeper = newErrand(keepFunc(s.Path))
	c.model.Ask, c.model.Right = s.Ask, app.CaptureRight()
	c.model.Kept = form.Kept{Path: s.Path, Config: s.Kept, Over: s.Winning, Wrong: s.Err}
}

// Apply asks for a run with these settings, and for them to be kept. What no settings file says stays, but that a
// capture ends.
func (c *controller) Apply(cfg app.Config) {
	c.change(func(w *wish) {
		if w.cfg.HLS.Enabled != cfg.HLS.Enabled {
			w.hls = nil
		}
		cfg.Demo, cfg.Preview, cfg.Capture = w.cfg.Demo, w.cfg.Preview, ""
		if several := len(cfg.Channels) > 1; several != (len(w.cfg.Channels) > 1) {
			w.all = several
		}
		w.cfg = cfg.Clone()
		w.settle()
		w.running = true
		w.setup++
		w.keep = keepWish{w.keep.serial + 1, cfg}
	})
}

// settle chooses channels that there are.
func (w *wish) settle() {
	first := w.cfg.Channels[0].ID
	if channelIndexOf(w.cfg, w.chosen) < 0 {
		w.chosen = first
	}
	if channelIndexOf(w.cfg, w.player) < 0 {
		w.player = first
	}
}

// Keep asks for settings to be kept for the next start.
func (c *controller) Keep(cfg app.Config) {
	c.change(func(w *wish) { w.keep = keepWish{w.keep.serial + 1, cfg} })
}

// Look asks who has the ports of settings.
func (c *controller) Look(cfg app.Config) {
	c.change(func(w *wish) { w.look.serial, w.look.cfg = w.look.serial+1, cfg })
}

// LookAtPorts says whether the set-up can be seen, so that its ports are to be looked at again and again.
func (c *controller) LookAtPorts(on bool) { c.change(func(w *wish) { w.look.on = on }) }

// keep has the settings saved that the wish asks to keep, where they are kept.
func (c *controller) keep(old, w wish) {
	if w.keep.serial != old.keep.serial && c.model.Kept.Path != "" {
		c.keeper.ask(w.keep.cfg)
	}
}

// kept takes note of settings that have been saved, or not.
func (c *controller) kept(k form.Kept) {
	if k.Err != nil {
		c.log.Error("the settings were not saved", "error", k.Err)
		k.Config, k.Wrong = c.model.Kept.Config, c.model.Kept.Wrong // the file is as it was
	}
	k.Over = c.model.Kept.Over
	c.model.Kept = k
	c.keeper.taken()
}

// lookAtPorts has the ports of the set-up looked at, if it is time.
func (c *controller) lookAtPorts() {
	look := c.applied.look
	if !look.on || look.serial == 0 || c.looker.busy || look.serial == c.looked && time.Since(c.lookedAt) < lookEvery {
		return
	}
	c.looked, c.lookedAt = look.serial, time.Now()
	c.looker.ask(look.cfg)
}

// fits tells whether the present run can go on with a wish's channels.
func (c *controller) fits(w wish) bool {
	return c.run != nil && c.applied.cfg.Capture == "" && len(c.applied.cfg.Differences(w.cfg)) == 0
}

// setChannels has the run go on with a wish's channels, and reports whether it does. Where it cannot, the channels stay
// as they were.
func (c *controller) setChannels(old, w wish) bool {
	c.model.SetupErr = c.run.SetChannels(w.cfg.Channels)
	if c.model.SetupErr == nil {
		c.switchHLS(w)
		c.watch(w)
		return true
	}
	c.log.Error("the set-up was not applied", "error", c.model.SetupErr)
	back := func(w *wish) {
		w.cfg.Channels = slices.Clone(old.cfg.Channels)
		w.chosen, w.all, w.player = old.chosen, old.all, old.player
	}
	back(&c.applied)
	c.change(func(latest *wish) {
		if latest.setup == w.setup {
			back(latest)
		}
	})
	c.model.Config, c.model.Chosen, c.model.All, c.model.Player = c.applied.cfg, old.chosen, old.all, old.player
	return false
}

// switchHLS switches the outputs that the operator has switched otherwise than the settings say.
func (c *controller) switchHLS(w wish) {
	for id, on := range w.hls {
		if on != w.cfg.HLS.Enabled {
			c.run.SetHLS(id, on)
		}
	}
}
