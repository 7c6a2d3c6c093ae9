package gui

import (
	"errors"
	"image"
	"image/color"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

func TestMain(m *testing.M) {
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
	closing  chan struct{} // Close waits for it to be closed, if there is one
	snaps    int
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
func (r *fakeRun) PreviewError(string) error                  { return nil }
func (r *fakeRun) ViewerURL() string                          { return "http://192.168.1.20:5076/" }
func (r *fakeRun) Warnings() []string                         { return nil }
func (r *fakeRun) Frame(string) (*image.RGBA, uint64, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frame, r.number, time.Time{}
}

func (r *fakeRun) SetHLS(channel string, on bool) {
	r.note(channel + map[bool]string{true: " on", false: " off"}[on])
}

func (r *fakeRun) Snapshot() status.Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snaps++
	return r.snapshot
}

// fakeCommands writes down what a window asks for.
type fakeCommands struct {
	started   []string
	stops     int
	latencies []time.Duration
	hls       []bool
}

func (c *fakeCommands) Start(netInterface string, ports app.Ports) {
	c.started = append(c.started, netInterface+" "+ports.String())
}
func (c *fakeCommands) Stop()                      { c.stops++ }
func (c *fakeCommands) SetLatency(d time.Duration) { c.latencies = append(c.latencies, d) }
func (c *fakeCommands) SetHLS(on bool)             { c.hls = append(c.hls, on) }

var quiet = slog.New(slog.DiscardHandler)

// moment is when the models of tests are.
var moment = time.Date(2026, 1, 2, 14, 2, 31, 0, time.UTC)

// idle is the model of a window that has just opened.
func idle() model {
	return model{
		Config: app.Default(), Now: moment,
		Interfaces: []netInterface{
			{Name: "lo", Up: true, Loop: true, Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}},
			{Name: "eth0", Up: true, Addrs: []netip.Addr{netip.MustParseAddr("192.168.1.20")}},
			{Name: "wlan0"},
		},
	}
}

// waiting is the model of a run that nothing has come to.
func waiting() model {
	m := idle()
	m.Phase = running
	m.URL = "http://192.168.1.20:5076/?key=abc"
	at := status.Time{Time: moment.Add(-90 * time.Second)}
	c := status.Channel{
		ID: "rig1", Name: "Rig 1", State: status.ChannelWaiting, Since: at, LatencyMS: 200,
		Verdict: status.Verdict{Code: status.VerdictNoPackets, Text: "Nothing arrives on UDP 5078-5081."},
		HLS:     status.HLS{Enabled: true},
	}
	for i := range 4 {
		c.Links = append(c.Links, status.Link{Index: i, Port: 5078 + i, State: status.LinkSilent})
	}
	m.Snapshot = status.Snapshot{Started: at, Time: status.Time{Time: moment}, Channels: []status.Channel{c}}
	return m
}

// live is the model of a run that all is well with.
func live() model {
	m := waiting()
	c := &m.Snapshot.Channels[0]
	c.State, c.SurvivesLinks, c.Viewers = status.ChannelLive, 1, 3
	c.Verdict = status.Verdict{Code: status.VerdictOK, Text: "The picture is live."}
	c.Stream = status.Stream{Codec: "h264", Width: 1280, Height: 720, FPS: 25, BitrateBPS: 2.4e6}
	c.Wait = status.Wait{P50: 1, P99: 20, Max: 41}
	c.Packets = status.Packets{Delivered: 12000, Recovered: 4003, Saved: 605}
	c.Recent = map[string]status.Recent{"1s": {Delivered: 250}, "8s": {Delivered: 2000}, "60s": {}}
	for i := range c.Links {
		l := &c.Links[i]
		l.State, l.From = status.LinkUp, "10.77.0.2:4011"+string(rune('2'+i))
		l.Datagrams = status.Datagrams{Received: 4000, Source: 3000, Parity: 1000}
		l.BitrateBPS, l.RatePPS, l.Share = 8e5+1e4*float64(i), 90, 0.25
		l.JitterMS, l.DelayMS, l.Saved = 3.1, 7*float64(i), uint64(12*i)
	}
	return m
}

// oneSilent is live with one link gone, which has cost something.
func oneSilent() model {
	m := live()
	c := &m.Snapshot.Channels[0]
	c.SurvivesLinks = 0
	c.Stream.Damaged = true
	c.Recent["8s"] = status.Recent{Lost: 3}
	l := &c.Links[2]
	l.State, l.Since = status.LinkSilent, status.Time{Time: moment.Add(-12 * time.Second)}
	l.BitrateBPS, l.RatePPS, l.Share = 0, 0, 0
	m.Warnings = []string{"the kernel gave socket buffers of 208 KiB where 4 MiB were asked for"}
	return m
}

// lossy is live with too much lost, though pictures still move.
func lossy() model {
	m := live()
	c := &m.Snapshot.Channels[0]
	c.Stream.Damaged = true
	c.Verdict = status.Verdict{Code: status.VerdictTooLossy, Text: "Too much is lost on the way."}
	c.Recent["1s"] = status.Recent{Delivered: 150, Recovered: 50, Lost: 50}
	return m
}

// noSignal is the model of a rig that has gone.
func noSignal() model {
	m := live()
	c := &m.Snapshot.Channels[0]
	gone := status.Time{Time: moment.Add(-31 * time.Second)}
	c.State, c.Since, c.SurvivesLinks = status.ChannelSilent, gone, 0
	c.Verdict = status.Verdict{Code: status.VerdictSilent, Text: "Nothing has arrived on UDP 5078-5081 for 31 s."}
	for i := range c.Links {
		c.Links[i].State, c.Links[i].Since, c.Links[i].BitrateBPS = status.LinkSilent, gone, 0
	}
	return m
}

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
