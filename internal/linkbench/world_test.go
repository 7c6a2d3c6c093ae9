// Package linkbench holds tests alone: rig, links and receiver together, in virtual time.
package linkbench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/netsim"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/receiver"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	picture   = 40 * time.Millisecond // 25 pictures a second; each 25th is an IDR
	ticks     = 3600                  // the same in RTP's 90 kHz
	lengthen  = 3                     // times that the clip's slices are made longer, which gives 2 Mb/s
	tickEvery = 100 * time.Millisecond
	latency   = 200 * time.Millisecond // the receiver's budget, the default
	settle    = 5 * time.Second        // after the last picture: all that still comes has come
	firstPort = 5078
	wire      = 28 // what IPv4 and UDP add to a datagram, in bytes
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// sender is the rig's side, apart from its packetizer and sockets.
type sender interface {
	Push(dst []rig.Datagram, packet []byte, now time.Time) ([]rig.Datagram, error)
	Due() (time.Time, bool)
	Close(dst []rig.Datagram) ([]rig.Datagram, error)
	Feedback(link int, f rig.Feedback, now time.Time) error
	Tick(now time.Time) error
}

// newSender makes the sender of a rig that starts at now, over so many links.
type newSender func(links int, now time.Time) (sender, error)

// world is a rig, its links and its receiver. Rig and receiver can be killed and started again.
type world struct {
	t      testing.TB
	rand   *rand.Rand
	clip   [][][]byte
	with   newSender
	paths  []*netsim.Path
	events netsim.Schedule[func() error]
	now    time.Time

	sender     sender // nil while the rig is dead
	life       int    // of the rig: how often it was started
	packetizer *rig.Packetizer
	ssrc       uint32
	timestamp  uint32
	datagrams  []rig.Datagram
	arrivals   []time.Time

	pipeline *receiver.Pipeline // nil while the receiver is dead
	pool     inbox.Pool
	out      receiver.Result

	report
	onIDR      func()               // an IDR unit of the rig that lives was released; or nil
	onFeedback func(f rig.Feedback) // the receiver sends feedback, before the links have it; or nil
}

// newWorld returns a world in which nothing has been started yet.
func newWorld(t testing.TB, scenario string, seed uint64, with newSender) *world {
	t.Helper()
	s, err := netsim.LoadScenario(scenario)
	require.NoError(t, err)
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 1)), with: with, now: start}
	for i, link := range s.Links {
		w.paths = append(w.paths, netsim.NewPath(link, start, seed, i))
	}
	return w
}

// clip returns the units of the demonstration's clip.
func clip(t testing.TB) [][][]byte {
	t.Helper()
	stream, err := os.ReadFile("../rig/demo.h264")
	require.NoError(t, err)
	parsed, err := rig.ParseClip(stream)
	require.NoError(t, err)
	const seconds, rate = 20, int(time.Second / picture)
	units := make([][][]byte, seconds*rate)
	for n := range units {
		units[n] = parsed.Unit(n)
	}
	return units
}

// longerClip returns the same with its slices lengthened, so that the stream has 2 Mb/s.
func longerClip(t testing.TB) [][][]byte {
	t.Helper()
	units := clip(t)
	for n, unit := range units {
		last := len(unit) - 1
		units[n] = append(slices.Clone(unit[:last]), bytes.Repeat(unit[last], lengthen))
	}
	return units
}

// at has something happen at a time.
func (w *world) at(at time.Time, do func() error) { w.events.Add(at, do) }

// run lets time pass until then.
func (w *world) run(until time.Time) {
	w.t.Helper()
	for {
		at, what := w.next()
		if what == nil || at.After(until) {
			w.now = until
			return
		}
		if at.After(w.now) {
			w.now = at
		}
		require.NoError(w.t, what())
	}
}

// next returns what happens next: an event, a wait of the receiver that ends, or a segment of the rig to be closed.
func (w *world) next() (at time.Time, what func() error) {
	earlier := func(t time.Time, ok bool, do func() error) {
		if ok && (what == nil || t.Before(at)) {
			at, what = t, do
		}
	}
	if t, ok := w.events.Next(); ok {
		earlier(t, ok, func() error { return w.events.Take()() })
	}
	if w.pipeline != nil {
		t, ok := w.pipeline.Next()
		earlier(t, ok, w.advance)
	}
	if w.sender != nil {
		t, ok := w.sender.Due()
		earlier(t, ok, w.closeSegment)
	}
	return at, what
}

// startRig starts the rig anew: it has other numbers and ports, and remembers nothing.
func (w *world) startRig() error {
	w.life++
	w.ssrc, w.timestamp = w.rand.Uint32(), w.rand.Uint32()
	w.resetNumbers(uint16(w.rand.Uint32()))
	var err error
	if w.sender, err = w.with(len(w.paths), w.now); err != nil {
		return err
	}
	w.packetizer, err = rig.NewPacketizer(rig.PacketizerConfig{
		SSRC: w.ssrc, PayloadType: 96, Sequence: uint16(w.first), MaxSize: rig.MaxPacketSize, Multiple: 1,
	})
	if err != nil {
		return err
	}
	life := w.life
	var tick func() error
	tick = func() error {
		if w.life != life || w.sender == nil {
			return nil
		}
		w.at(w.now.Add(tickEvery), tick)
		return w.sender.Tick(w.now)
	}
	w.at(w.now.Add(tickEvery), tick)
	w.at(w.now, func() error { return w.sendPicture(life, 0) })
	return nil
}

// stopRig kills the rig: what is in its open segment is gone.
func (w *world) stopRig() error {
	w.sender = nil
	return nil
}

// startReceiver starts the receiver anew: it remembers nothing.
func (w *world) startReceiver() error {
	ports := make([]int, len(w.paths))
	for i := range ports {
		ports[i] = firstPort + i
	}
	w.pipeline = receiver.NewPipeline(receiver.Config{Ports: ports, Latency: latency}, &w.pool, w.now)
	return nil
}

// stopReceiver kills the receiver: what it holds is gone.
func (w *world) stopReceiver() error {
	w.pipeline = nil
	return nil
}

// sendPicture sends picture n of a life of the rig, unless that is over.
func (w *world) sendPicture(life, n int) error {
	if w.life != life || w.sender == nil {
		return nil
	}
	w.at(w.now.Add(picture), func() error { return w.sendPicture(life, n+1) })
	unit := w.clip[n%len(w.clip)]
	if c, ok := w.sender.(camera); ok {
		unit = c.picture(unit)
	}
	packets, err := w.packetizer.Packetize(unit, w.timestamp+uint32(n)*ticks)
	if err != nil {
		return err
	}
	for _, packet := range packets {
		w.pushed(len(packet), w.now)
		if w.datagrams, err = w.sender.Push(w.datagrams[:0], packet, w.now); err != nil {
			return err
		}
		w.send()
	}
	return nil
}

func (w *world) closeSegment() error {
	var err error
	if w.datagrams, err = w.sender.Close(w.datagrams[:0]); err != nil {
		return err
	}
	w.send()
	return nil
}

// send puts w.datagrams on their links.
func (w *world) send() {
	for _, d := range w.datagrams {
		isc.Stamp(d.Data, isc.Timestamp(w.now), uint16(d.Link))
		w.sent(d)
		path, from := w.paths[d.Link], w.address(d.Link)
		w.arrivals = path.Up.Send(w.arrivals[:0], w.now, len(d.Data))
		data := append([]byte(nil), d.Data...)
		for _, at := range w.arrivals {
			w.at(at, func() error { return w.receive(d.Link, from, data) })
		}
	}
}

// address returns where the receiver sees a link's datagrams come from that are sent now.
func (w *world) address(link int) netip.AddrPort {
	port := 10_000 + 1000*w.life + 100*link + w.paths[link].Binding(w.now)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(link + 1)}), uint16(port))
}

// receive has a datagram arrive at the receiver.
func (w *world) receive(link int, from netip.AddrPort, data []byte) error {
	if w.pipeline == nil {
		return nil
	}
	d := w.pool.GetFor(len(data))
	d.Link, d.From, d.Arrival = link, from, w.now
	d.SetSize(copy(d.Buffer(), data))
	w.pipeline.Push(&w.out, w.now, d)
	w.pipeline.Advance(&w.out, w.now)
	return w.take()
}

func (w *world) advance() error {
	before, _ := w.pipeline.Next()
	w.pipeline.Advance(&w.out, w.now)
	if after, ok := w.pipeline.Next(); ok && !after.After(w.now) && !after.After(before) {
		return fmt.Errorf("no progress at %v", after)
	}
	return w.take()
}

// take takes what the receiver gave.
func (w *world) take() error {
	for _, packet := range w.out.Packets {
		if binary.BigEndian.Uint32(packet.RTP[8:]) != w.ssrc {
			continue // of an earlier life
		}
		w.released(binary.BigEndian.Uint16(packet.RTP[2:]), w.now)
	}
	for _, unit := range w.out.Units {
		if unit.IDR && w.releasedAny && w.onIDR != nil {
			w.onIDR()
		}
	}
	for _, text := range w.out.Feedback {
		if w.onFeedback != nil {
			f, err := rig.ParseFeedback(text)
			if err != nil {
				return err
			}
			w.onFeedback(f)
		}
		for link := range w.paths {
			w.answer(link, append([]byte(nil), text...))
		}
	}
	w.out.Reset()
	return nil
}

// answer sends feedback on a link. Only what is meant for the port that the rig has now on its way reaches it.
func (w *world) answer(link int, text []byte) {
	to, ok := w.pipeline.Answer(w.now, link, len(text))
	if !ok {
		return
	}
	w.pipeline.Answered(w.now, link, len(text))
	for _, at := range w.paths[link].Down.Send(nil, w.now, len(text)) {
		w.at(at, func() error {
			if w.sender == nil || to != w.address(link) {
				return nil
			}
			f, err := rig.ParseFeedback(text)
			if err != nil {
				return err
			}
			return w.sender.Feedback(link, f, w.now)
		})
	}
}
