package gui

import (
	"maps"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
)

// wish is what the operator wants. A controller's loop fulfils the latest one. Serial numbers go up with what is to be
// done again though nothing has changed.
type wish struct {
	running bool
	serial  int // of the start
	cfg     app.Config
	chosen  string          // the ID of the channel whose links to show
	all     bool            // show the pictures of all channels
	rate    int             // the most pictures a second to show of each; 0 is by their number
	covered bool            // no picture is in sight
	player  string          // the ID of the channel to play cfg.Capture in
	hls     map[string]bool // by the ID of each channel whose output has been switched
	dumps   map[string]dumpWish
	check   checkWish
	setup   int // the serial number of the set-up
	keep    keepWish
	look    lookWish
}

// dumpWish is whether to save what arrives at a channel.
type dumpWish struct {
	serial int
	on     bool
}

// checkWish is a capture to check; an empty path is to stop, and to forget the result.
type checkWish struct {
	serial int
	path   string
}

func newWish(cfg app.Config) wish {
	first := cfg.Channels[0].ID
	return wish{cfg: cfg.Clone(), chosen: first, player: first, all: len(cfg.Channels) > 1}
}

// watched are the IDs of the channels whose previews are looked at.
func (w wish) watched() []string {
	if w.covered {
		return nil
	}
	return visible(w.cfg, w.chosen, w.all)
}

// clone returns a copy that shares nothing.
func (w wish) clone() wish {
	w.cfg = w.cfg.Clone()
	w.hls, w.dumps = maps.Clone(w.hls), maps.Clone(w.dumps)
	return w
}

// rig is the configuration of the chosen channel.
func (w *wish) rig() *app.Channel { return &w.cfg.Channels[channelIndex(w.cfg, w.chosen)] }

// forRun is the configuration to start: a capture plays in the first channel, and nothing else may send to it.
func (w wish) forRun() app.Config {
	if w.cfg.Capture == "" {
		return w.cfg.Clone()
	}
	cfg := withFirst(w.cfg, w.player)
	cfg.Demo = false
	return cfg
}

// withFirst returns a copy of a configuration with a channel of its in front of the others.
func withFirst(cfg app.Config, id string) app.Config {
	cfg = cfg.Clone()
	i := channelIndex(cfg, id)
	first := cfg.Channels[i]
	cfg.Channels = slices.Insert(slices.Delete(cfg.Channels, i, i+1), 0, first)
	return cfg
}

// change changes the wish.
func (c *controller) change(f func(w *wish)) {
	c.mu.Lock()
	w := c.wish.clone()
	f(&w)
	c.wish = w
	c.mu.Unlock()
	c.stir()
}

// stir has the loop look at what is wanted.
func (c *controller) stir() {
	select {
	case c.wake <- struct{}{}:
	default: // it will wake
	}
}

// Restart asks for a run with the settings that there are.
func (c *controller) Restart() {
	c.change(func(w *wish) {
		w.running = true
		w.serial++
	})
}

// Stop asks for the run to end. The next one is live.
func (c *controller) Stop() {
	c.change(func(w *wish) {
		w.running = false
		w.cfg.Capture = ""
	})
}

// Play asks for a run in which the chosen channel plays a capture file, and for the check to stop.
func (c *controller) Play(capture string) {
	c.change(func(w *wish) {
		w.running = true
		w.serial++
		w.cfg.Capture, w.player = capture, w.chosen
		w.check = checkWish{serial: w.check.serial + 1}
	})
}

// PlayAgain asks for the capture that plays from its beginning.
func (c *controller) PlayAgain() { c.Restart() }

// GoLive asks for a run that receives, in place of one that plays a capture.
func (c *controller) GoLive() {
	c.change(func(w *wish) {
		w.running = true
		w.serial++
		w.cfg.Capture = ""
	})
}

// Choose asks for another channel to be the one whose links are shown.
func (c *controller) Choose(channel string) { c.change(func(w *wish) { w.chosen = channel }) }

// ShowAll asks for the pictures of all channels to be shown, or for that of the chosen one.
func (c *controller) ShowAll(on bool) { c.change(func(w *wish) { w.all = on }) }

// SetRate asks for so many pictures a second of each channel at most; 0 is by their number.
func (c *controller) SetRate(pictures int) { c.change(func(w *wish) { w.rate = pictures }) }

// Cover says that something covers the pictures, or no more.
func (c *controller) Cover(on bool) { c.change(func(w *wish) { w.covered = on }) }

// SetLatency asks for a latency budget of the chosen channel, in this run and in those to come.
func (c *controller) SetLatency(d time.Duration) {
	c.change(func(w *wish) { w.rig().Latency = app.Duration(d) })
}

// SetHLS asks for the HLS output of the chosen channel to be on or off, in this run and in those to come.
func (c *controller) SetHLS(on bool) {
	c.change(func(w *wish) {
		if w.hls == nil {
			w.hls = map[string]bool{}
		}
		w.hls[w.rig().ID] = on
	})
}

// SetDump asks for what arrives at the chosen channel to be saved from now on, or no more. A run's end ends it.
func (c *controller) SetDump(on bool) {
	c.change(func(w *wish) {
		if w.dumps == nil {
			w.dumps = map[string]dumpWish{}
		}
		id := w.rig().ID
		w.dumps[id] = dumpWish{serial: w.dumps[id].serial + 1, on: on}
	})
}

// Check asks for a capture file to be run through the chosen channel's settings at once, beside the run.
func (c *controller) Check(capture string) {
	c.change(func(w *wish) { w.check = checkWish{serial: w.check.serial + 1, path: capture} })
}

// EndCheck asks for the check to stop, and for its result to be forgotten.
func (c *controller) EndCheck() { c.Check("") }
