package gui

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

func TestMain(m *testing.M) {
	if showForReal() {
		return
	}
	time.Local = time.UTC // clock times are in the pictures of the window that tests compare
	os.Exit(m.Run())
}

// fakeRun is a run that says what it is told to and writes down what is asked of it.
type fakeRun struct {
	mu       sync.Mutex
	calls    []string
	snapshot status.Snapshot
	frame    *image.RGBA
	number   uint64
	done     chan struct{}
	err      error
	moving   func(channel string) (*image.RGBA, uint64, time.Time) // in place of frame and number
	warnings []string

	url, legacyURL, fingerprint string // url is the usual one where it is empty

	closing chan struct{} // Close waits for it to be closed, if there is one

	previewErr map[string]error
	playback   app.Playback // there is one where it has a path
	dump       app.Dump
	dumpErr    error // of StartDump and StopDump

	channelsErr error // of SetChannels

	viewers app.Viewers
	keyErr  error // of changes of keys
}

func newFakeRun() *fakeRun { return &fakeRun{done: make(chan struct{})} }

func (r *fakeRun) note(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
}

func (r *fakeRun) noted() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.calls...)
}

func (r *fakeRun) Close() error {
	if r.closing != nil {
		<-r.closing
	}
	r.note("close")
	return errors.New("no matter")
}

func (r *fakeRun) Done() <-chan struct{}                      { return r.done }
func (r *fakeRun) Err() error                                 { return r.err }
func (r *fakeRun) SetLatency(channel string, b time.Duration) { r.note(channel + " " + b.String()) }
func (r *fakeRun) PreviewError(channel string) error          { return r.previewErr[channel] }
func (r *fakeRun) ViewerURL() string                          { return cmp.Or(r.url, "http://192.168.1.20:5076/") }
func (r *fakeRun) LegacyURL() string                          { return r.legacyURL }
func (r *fakeRun) Fingerprint() string                        { return r.fingerprint }
func (r *fakeRun) Warnings() []string                         { return r.warnings }
func (r *fakeRun) Viewers() app.Viewers                       { return r.viewers }
func (r *fakeRun) ReplaceKey(name string) error               { r.note("replace key " + name); return r.keyErr }

func (r *fakeRun) RemoveKey(name string) error { r.note("remove key " + name); return r.keyErr }

func (r *fakeRun) Frame(channel string) (*image.RGBA, uint64, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.moving != nil {
		return r.moving(channel)
	}
	return r.frame, r.number, time.Time{}
}

func (r *fakeRun) AddKey(name string, _ time.Time, channels []string) error {
	r.note("add key " + name + " " + strings.Join(channels, ","))
	return r.keyErr
}

func (r *fakeRun) SetHLS(channel string, on bool) {
	r.note(channel + map[bool]string{true: " on", false: " off"}[on])
}

func (r *fakeRun) Snapshot() status.Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshot
}

func (r *fakeRun) ShowPreviews(channels ...string) { r.note("previews " + strings.Join(channels, ",")) }

func (r *fakeRun) Playback() (app.Playback, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.playback, r.playback.Path != ""
}

func (r *fakeRun) StartDump(channel, path string) (string, error) {
	r.note("dump " + channel + path)
	return "/captures/" + channel + ".pcapng", r.dumpErr
}

func (r *fakeRun) StopDump(channel string) error {
	r.note("end dump " + channel)
	return r.dumpErr
}

func (r *fakeRun) Dump(string) app.Dump {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dump
}

func (r *fakeRun) SetChannels(channels []app.Channel) error {
	ids := make([]string, 0, len(channels))
	for _, ch := range channels {
		ids = append(ids, ch.ID)
	}
	r.note("channels " + strings.Join(ids, ","))
	return r.channelsErr
}

// set changes what the run says.
func (r *fakeRun) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// fakeCommands writes down what a window asks for.
type fakeCommands struct {
	asked   []string
	covered bool
	looked  []app.Config
	looking bool
}

func (c *fakeCommands) ask(words ...any) {
	c.asked = append(c.asked, strings.TrimSpace(fmt.Sprintln(words...)))
}

// take returns what was asked for since it was called last.
func (c *fakeCommands) take() []string {
	asked := c.asked
	c.asked = nil
	return asked
}

func (c *fakeCommands) Apply(cfg app.Config) {
	for _, ch := range cfg.Channels {
		c.ask("apply", ch.ID, ch.Interface, ch.Ports)
	}
}
func (c *fakeCommands) Keep(cfg app.Config)        { c.ask("keep", len(cfg.Channels)) }
func (c *fakeCommands) Look(cfg app.Config)        { c.looked = append(c.looked, cfg) }
func (c *fakeCommands) LookAtPorts(on bool)        { c.looking = on }
func (c *fakeCommands) Stop()                      { c.ask("stop") }
func (c *fakeCommands) Play(capture string)        { c.ask("play", capture) }
func (c *fakeCommands) PlayAgain()                 { c.ask("play again") }
func (c *fakeCommands) GoLive()                    { c.ask("go live") }
func (c *fakeCommands) Choose(channel string)      { c.ask("choose", channel) }
func (c *fakeCommands) ShowAll(on bool)            { c.ask("show all", on) }
func (c *fakeCommands) Cover(on bool)              { c.covered = on }
func (c *fakeCommands) SetLatency(d time.Duration) { c.ask("latency", d) }
func (c *fakeCommands) SetHLS(on bool)             { c.ask("hls", on) }
func (c *fakeCommands) ReplaceKey(name string)     { c.ask("replace key", name) }
func (c *fakeCommands) RemoveKey(name string)      { c.ask("remove key", name) }
func (c *fakeCommands) AddKey(name string, expires time.Time, channels []string) {
	c.ask("add key", name, expires.Format("2006-01-02 15:04"), channels)
}
func (c *fakeCommands) SetRate(pictures int) { c.ask("rate", pictures) }
func (c *fakeCommands) SetDump(on bool)      { c.ask("dump", on) }
func (c *fakeCommands) Check(capture string) { c.ask("check", capture) }
func (c *fakeCommands) EndCheck()            { c.ask("end check") }

var quiet = slog.New(slog.DiscardHandler)

// moment is when the models of tests are.
var moment = time.Date(2026, 1, 2, 14, 2, 31, 0, time.UTC)

// testPicture is a picture with something on it.
func testPicture() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 64, 36))
	for y := range 36 {
		for x := range 64 {
			img.Set(x, y, color.RGBA{R: uint8(4 * x), G: uint8(7 * y), B: 90, A: 255})
		}
	}
	return img
}
