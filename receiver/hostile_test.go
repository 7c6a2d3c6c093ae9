package receiver

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// hostileStep is the time from packet to packet in these tests.
const hostileStep = 2 * time.Millisecond

// steady makes 600 packets of one stream.
func steady(ssrc uint32, first uint16, from time.Time) (packets [][]byte, times []time.Time) {
	lengths := make([]int, 600)
	for i := range lengths {
		lengths[i] = 50 + i%30
	}
	return rtpPackets(ssrc, first, lengths), paced(from, len(lengths), hostileStep)
}

// requireEach runs events and checks that all of want came out in order, each once, and nothing else.
func requireEach(t *testing.T, want [][]byte, events []event) *harness {
	t.Helper()
	h := newHarness(t, 200*time.Millisecond)
	for _, e := range sortByTime(events) {
		h.push(e)
	}
	h.flush()
	for i, p := range want[:min(len(want), len(h.packets))] {
		require.True(t, bytes.Equal(p, h.packets[i]), "packet %d: got %d, want %d", i,
			rtpSequence(h.packets[i]), rtpSequence(p))
	}
	require.Zero(t, len(want)-len(h.packets), "packets that are missing")
	return h
}

func segmentOf(e event) uint16 { return binary.BigEndian.Uint16(e.data) }
func numberIn(e event) uint16  { return binary.BigEndian.Uint16(e.data[24:]) }

// made returns a datagram with that header and random bytes, from a stranger.
func made(rng *rand.Rand, at time.Time, header isc.Header) event {
	data := header.Append(nil)
	payload := make([]byte, header.Longest()+1)
	for i := range payload {
		payload[i] = byte(1 + rng.IntN(255))
	}
	return event{at, rng.IntN(testLinks), elsewhere(0), append(data, payload...)}
}

// delayed moves the events that late names.
func delayed(events []event, by time.Duration, late func(e event) bool) []event {
	for i := range events {
		if late(events[i]) {
			events[i].at = events[i].at.Add(by)
		}
	}
	return events
}

func TestLinkFarBehind(t *testing.T) {
	packets, times := rtpPackets(1, 100, equalLengths(3600, 60)), paced(epoch, 3600, time.Millisecond)
	rng := rand.New(rand.NewPCG(1, 1))
	slow := map[uint16]uint16{} // one packet of each of the first segments is on a link that is 1.5 s behind
	events := delayed(encode(t, packets, times, fixed(3, 1)), 1500*time.Millisecond, func(e event) bool {
		if segmentOf(e) > 1600 {
			return false
		}
		if _, ok := slow[segmentOf(e)]; !ok {
			slow[segmentOf(e)] = numberOf(rng.IntN(4), 3)
		}
		return slow[segmentOf(e)] == numberIn(e)
	})
	requireEach(t, packets, events)
}

func TestParityBeyondTheBudget(t *testing.T) {
	for _, shape := range [][2]int{{1, 3}, {2, 2}, {3, 1}, {1, 1}} {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			packets, times := steady(1, 100, epoch)
			requireEach(t, packets, delayed(encode(t, packets, times, fixed(shape[0], shape[1])), 250*time.Millisecond,
				func(e event) bool { return numberIn(e) >= 10 }))
		})
	}
}

func TestRestartWithASlowLink(t *testing.T) {
	a, ta := steady(1, 100, epoch)
	b, tb := steady(2, 40000, epoch.Add(1200*time.Millisecond))
	slow := map[uint16]bool{}
	events := delayed(slices.Concat(encode(t, a, ta, fixed(3, 1)), encode(t, b, tb, fixed(3, 1))), 150*time.Millisecond,
		func(e event) bool { // the link that brings the first of each segment
			before := slow[segmentOf(e)]
			slow[segmentOf(e)] = true
			return !before
		})
	requireEach(t, slices.Concat(a, b), events)
}

func TestRestartBesideStrangersParity(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	a, ta := steady(1, 100, epoch)
	b, tb := steady(2, 700, epoch.Add(1200*time.Millisecond))
	events := slices.Concat(encode(t, a, ta, fixed(3, 1)), encode(t, b, tb, fixed(3, 1)))
	for i := range 300 {
		events = append(events, made(rng, ta[200+i],
			isc.Header{Segment: uint16(10 + i), Lengths: [8]uint16{100, 100}, Redundancy: 1, Number: 10}))
	}
	for seed := range uint64(20) {
		disturbed := disturb(rand.New(rand.NewPCG(seed, 3)), events, maxReorder, 0.05)
		requireEach(t, slices.Concat(a, b), disturbed)
	}
}

func TestMadeUpRivals(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	packets, times := steady(1, 100, epoch)
	var events []event
	for _, e := range encode(t, packets, times, fixed(3, 1)) {
		if numberIn(e) == 0 {
			for i := range uint16(6) {
				events = append(events, made(rng, e.at.Add(-time.Millisecond),
					isc.Header{Segment: segmentOf(e), Lengths: [8]uint16{100 + i, 100}, Redundancy: 1, Number: 10}))
			}
		}
		events = append(events, e)
	}
	requireEach(t, packets, events)
}

func TestFloodOfMadeUpParity(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	packets, times := steady(1, 100, epoch)
	events := drop(encode(t, packets, times, fixed(3, 1)), func(s int, n uint16) bool { return s > 3 && n == 1 })
	events = delayed(events, 10*time.Millisecond, func(e event) bool { return numberIn(e) < 10 }) // parity comes first
	for i := range 4000 {
		at := times[100].Add(time.Duration(i) * 200 * time.Microsecond)
		near := 100 + uint16(at.Sub(epoch)/hostileStep)
		header := isc.Header{Segment: near + 400 + uint16(i%300), Redundancy: 1, Number: 10}
		for j := range 1 + i%3 {
			header.Lengths[j] = uint16(100 + i%1000)
		}
		events = append(events, made(rng, at, header))
	}
	requireEach(t, packets, events)
}

func TestProbationIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	h := newHarness(t, 200*time.Millisecond)
	for i := range 6000 {
		h.push(made(rng, epoch.Add(time.Duration(i)*100*time.Microsecond), isc.Header{
			Segment: uint16(i), Lengths: [8]uint16{uint16(100 + i%500)}, Redundancy: 1, Number: 10,
		}))
	}
	h.flush()
	require.Empty(t, h.packets)
}

// TestStrangerNeverTakesOver lets a stranger send a stream of its own while the rig's is live, with and without parity
// that has the headers of the rig's segments.
func TestStrangerNeverTakesOver(t *testing.T) {
	packets, times := steady(1, 100, epoch)
	other, _ := steady(99, 40000, epoch)
	for _, forging := range []bool{false, true} {
		var enc isc.Encoder
		var events []event
		for i, e := range encode(t, packets, times, fixed(3, 1)) {
			events = append(events, e)
			if numberIn(e) != 2 || i < 100 {
				continue
			}
			if forging {
				forged := bytes.Clone(e.data)
				binary.BigEndian.PutUint16(forged[24:], 10)
				longest := max(int(binary.BigEndian.Uint16(forged[2:])), int(binary.BigEndian.Uint16(forged[4:])),
					int(binary.BigEndian.Uint16(forged[6:])))
				forged = append(forged[:isc.HeaderSize], bytes.Repeat([]byte{1}, longest+1)...)
				events = append(events, event{e.at, e.link, elsewhere(0), forged})
			}
			n := i / 4 % 190 * 3
			datagrams, err := enc.Encode(other[n:n+3], 1)
			require.NoError(t, err)
			for _, d := range datagrams {
				events = append(events, event{e.at, e.link, elsewhere(0), bytes.Clone(d)})
			}
		}
		h := requireEach(t, packets, events)
		require.Equal(t, 1, h.pipeline.runs)
		for link := range testLinks {
			require.Equal(t, rigAddress(link), h.pipeline.From(link), "where feedback goes")
		}
	}
}

func TestForgedParityBeforeTheTrueOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	packets, times := steady(1, 100, epoch)
	var events []event
	for _, e := range drop(encode(t, packets, times, fixed(3, 1)), func(s int, n uint16) bool { return s > 3 && n == 1 }) {
		if numberIn(e) == 10 {
			forged := bytes.Clone(e.data)
			for i := range forged[isc.HeaderSize+1:] {
				forged[isc.HeaderSize+1+i] = byte(rng.Uint32())
			}
			events = append(events, event{e.at, e.link, elsewhere(0), forged})
		}
		events = append(events, e)
	}
	requireEach(t, packets, events)
}

// TestChangedAnywhere sends each datagram again with a byte changed, and cut off, from a stranger: what is malformed is
// counted so, and nothing is lost.
func TestChangedAnywhere(t *testing.T) {
	packets, times := steady(1, 100, epoch)
	var events []event
	for i, e := range encode(t, packets, times, fixed(3, 1)) {
		events = append(events, e)
		changed := bytes.Clone(e.data)
		changed[i%isc.HeaderSize] ^= byte(1 << (i / isc.HeaderSize % 8))
		if numberIn(e) >= 10 || i%isc.HeaderSize < 18 {
			events = append(events, event{e.at, e.link, elsewhere(0), changed})
		}
		events = append(events, event{e.at, e.link, elsewhere(0), e.data[:i%len(e.data)]})
	}
	h := requireEach(t, packets, events)
	counts, _ := h.pipeline.Counts()
	require.Greater(t, counts.Malformed, uint64(800))
}

// TestLostBeforeCoding has a rig that lost packets of its own input, within segments and between them.
func TestLostBeforeCoding(t *testing.T) {
	for _, by := range []uint16{1, 5, 300, 900} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			packets, times := steady(1, 65000, epoch)
			for i := range packets {
				lost := uint16(i / 50) // by turns first, second and third in a segment
				binary.BigEndian.PutUint16(packets[i][2:], rtpSequence(packets[i])+lost*by)
			}
			for _, r := range []int{0, 1} {
				events := encode(t, packets, times, fixed(3, r))
				requireEach(t, packets, events)
				if r == 1 {
					requireEach(t, packets, drop(events, func(s int, n uint16) bool { return n == numberOf(s%4, 3) }))
				}
			}
		})
	}
}

// TestFarAheadWithinASegment has a packet that waits, and a segment whose packets are further apart than the order has
// places for.
func TestFarAheadWithinASegment(t *testing.T) {
	for _, shape := range []func(int) (int, int){fixed(2, 0), fixed(2, 2)} {
		packets := rtpPackets(1, 100, equalLengths(7, 20))
		binary.BigEndian.PutUint16(packets[3][2:], 102+6100)
		binary.BigEndian.PutUint16(packets[6][2:], 300)
		times := paced(epoch, len(packets), time.Millisecond)
		head := encode(t, packets[:2], times, fixed(2, 0))
		far := encode(t, packets[2:4], times[4:], shape)
		waiting := encode(t, packets[6:], times, fixed(1, 0))
		for _, e := range waiting {
			e.at = epoch.Add(110 * time.Millisecond)
			head = append(head, e)
		}
		for _, parity := range []bool{false, true} {
			h := newHarness(t, 200*time.Millisecond)
			for _, e := range head {
				h.push(e)
			}
			for _, e := range far {
				if parity == (numberIn(e) >= 10) {
					e.at = epoch.Add(120 * time.Millisecond)
					h.push(e)
				}
			}
			h.flush()
		}
	}
}
