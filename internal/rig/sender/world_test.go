package sender

import (
	"container/heap"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/netsim"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

const worldLinks = 4

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a rig, a receiver, and the links between them in both directions, in virtual time.
type world struct {
	t        *testing.T
	now      time.Time
	events   events
	order    int
	rig      *stream
	there    [worldLinks]*netsim.Link
	back     [worldLinks]*netsim.Link
	receiver *receiver.Pipeline
	pool     inbox.Pool

	clip       *rig.Clip
	packetizer *rig.Packetizer
	pictures   int
	sentAt     map[uint16]time.Time

	latencies []latency
	scored    []scored
	sent      [worldLinks]int
}

// latency is how long a packet took from the rig's input to its release.
type latency struct {
	at        time.Time // of its release
	took      time.Duration
	recovered bool
}

// scored is when the receiver's scores came to the rig, and the weights that it then gave.
type scored struct {
	at      time.Time
	weights [worldLinks]float64
}

// event is something that happens at a time.
type event struct {
	at    time.Time
	order int
	do    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// newWorld returns a world whose links are as configured, with RTP packets of that size at most.
func newWorld(t *testing.T, configs [worldLinks]netsim.LinkConfig, size int) *world {
	t.Helper()
	w := &world{t: t, now: epoch, sentAt: map[uint16]time.Time{}}
	for i, config := range configs {
		w.there[i] = netsim.NewLink(config, epoch, uint64(i))
		w.back[i] = netsim.NewLink(config, epoch, uint64(100+i))
	}
	config := Default()
	config.To = "receiver.example"
	var err error
	w.rig, err = newStream(config, w, epoch)
	require.NoError(t, err)
	w.receiver = receiver.NewPipeline(receiver.Config{
		ID: "rig1", Name: "Rig 1", Ports: config.Ports, Latency: 200 * time.Millisecond,
	}, &w.pool, epoch)
	stream, err := os.ReadFile(filepath.Join("..", "demo.h264"))
	require.NoError(t, err)
	w.clip, err = rig.ParseClip(stream)
	require.NoError(t, err)
	w.packetizer, err = rig.NewPacketizer(rig.PacketizerConfig{
		SSRC: 7, PayloadType: 96, Sequence: 65_000, MaxSize: size, Multiple: 1,
	})
	require.NoError(t, err)
	w.at(epoch, w.picture)
	w.at(epoch, w.tick)
	return w
}

func (w *world) at(at time.Time, do func()) {
	w.order++
	heap.Push(&w.events, event{at, w.order, do})
}

// run has everything happen until then.
func (w *world) run(until time.Time) {
	w.t.Helper()
	for {
		next := until
		if due, ok := w.receiver.Next(); ok && due.Before(next) {
			next = due
		}
		if due, ok := w.rig.engine.Due(); ok && due.Before(next) {
			next = due
		}
		if len(w.events) > 0 && !w.events[0].at.After(next) {
			e := heap.Pop(&w.events).(event)
			w.now = e.at
			e.do()
			continue
		}
		if next.After(w.now) {
			w.now = next
		}
		if !next.Before(until) {
			return
		}
		w.rig.due(w.now)
		w.advance()
	}
}

// advance has the receiver do what is due, as it does a few times a second even where nothing is.
func (w *world) advance() {
	var out receiver.Result
	w.receiver.Advance(&out, w.now)
	w.take(&out)
}

// picture sends the next picture.
func (w *world) picture() {
	packets, err := w.packetizer.Packetize(w.clip.Unit(w.pictures), uint32(w.pictures)*3600)
	require.NoError(w.t, err)
	for _, packet := range packets {
		w.sentAt[binary.BigEndian.Uint16(packet[2:])] = w.now
		w.rig.input(packet, camera, w.now)
	}
	w.pictures++
	w.at(w.now.Add(40*time.Millisecond), w.picture)
}

func (w *world) tick() {
	up := make([]plan.Up, worldLinks)
	for i := range up {
		up[i] = plan.Up{Path: i, Up: true}
	}
	w.rig.tick(up, w.now)
	w.advance()
	w.at(w.now.Add(tickEvery), w.tick)
}

// Send implements links.
func (w *world) Send(link int, datagram []byte) error {
	w.sent[link]++
	for _, at := range w.there[link].Send(nil, w.now, len(datagram)) {
		d := w.pool.Get()
		d.SetSize(copy(d.Buffer(), datagram))
		w.at(at, func() {
			d.Link, d.Arrival = link, w.now
			d.From = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(link)}), 40_000)
			var out receiver.Result
			w.receiver.Push(&out, w.now, d)
			w.take(&out)
		})
	}
	return nil
}

// take takes note of what the receiver released, and sends its feedback.
func (w *world) take(out *receiver.Result) {
	for _, p := range out.Packets {
		number := binary.BigEndian.Uint16(p.RTP[2:])
		w.latencies = append(w.latencies, latency{w.now, w.now.Sub(w.sentAt[number]), p.Recovered})
	}
	for _, datagram := range out.Feedback {
		for link := range worldLinks {
			if _, ok := w.receiver.Answer(w.now, link, len(datagram)); !ok {
				continue
			}
			w.receiver.Answered(w.now, link, len(datagram))
			for _, at := range w.back[link].Send(nil, w.now, len(datagram)) {
				w.at(at, func() { w.hear(link, datagram) })
			}
		}
	}
}

func (w *world) hear(link int, datagram []byte) {
	said, err := rig.ParseFeedback(datagram)
	require.NoError(w.t, err)
	w.rig.feedback(link, said, w.now)
	if said.Scores == nil || w.isCopy(said.Scores) {
		return
	}
	s := scored{at: w.now}
	for i, l := range w.rig.engine.Plan().Links {
		s.weights[i] = l.Weight
	}
	w.scored = append(w.scored, s)
}

// isCopy tells whether scores came on another link a moment before. Rounds take longer than the links differ.
func (w *world) isCopy([]uint32) bool {
	n := len(w.scored)
	return n > 0 && w.now.Sub(w.scored[n-1].at) < 200*time.Millisecond
}

// slowest returns the longest latency of the packets that were released from one time to another.
func (w *world) slowest(from, to time.Time) (most time.Duration) {
	for _, l := range w.latencies {
		if !l.at.Before(from) && l.at.Before(to) {
			most = max(most, l.took)
		}
	}
	return most
}

// firstScores returns the nth scores, from 0, that came after a time.
func (w *world) firstScores(after time.Time, n int) scored {
	w.t.Helper()
	for _, s := range w.scored {
		if s.at.After(after) {
			if n == 0 {
				return s
			}
			n--
		}
	}
	w.t.Fatal("no such scores")
	return scored{}
}

// links returns the links as the receiver shows them.
func (w *world) links() []status.Link { return w.receiver.Snapshot(w.now).Links }
