package receiver

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// FuzzSegment gives a segment some of its datagrams in any order, repeated, changed and forged ones among them. Without
// these the packets that it has must be the true ones, and as many as the coding can give. In any case what it has must
// fit together, and all memory must come back.
func FuzzSegment(f *testing.F) {
	f.Add(uint64(1), byte(3), byte(1), []byte{0, 1, 3})
	f.Add(uint64(2), byte(3), byte(1), []byte{3, 2, 1, 0, 0, 3})
	f.Add(uint64(3), byte(8), byte(4), []byte{11, 10, 9, 8, 0, 2, 4, 6, 7, 5})
	f.Add(uint64(4), byte(2), byte(3), []byte{4, 3, 2}) // parity alone
	f.Add(uint64(5), byte(8), byte(5), []byte{0, 1, 2, 3, 5, 8, 10, 11, 9})
	f.Add(uint64(6), byte(4), byte(3), []byte{0, 0x84, 5, 4, 0xC5, 1, 6})
	f.Add(uint64(7), byte(1), byte(9), []byte{0xC1, 0xC2, 0xC3, 4})
	f.Fuzz(func(t *testing.T, seed uint64, k, r byte, order []byte) {
		k, r = 1+k%isc.MaxSources, r%(isc.MaxParity+1)
		if len(order) > 64 {
			order = order[:64]
		}
		s := newSegmentTest(t, seed, int(k), int(r))
		for _, op := range order {
			s.give(op)
			s.check()
		}
		s.end()
	})
}

// segmentTest is a segment that gets datagrams as on probation, and what it must have.
type segmentTest struct {
	tb        testing.TB
	rng       *rand.Rand
	sources   [][]byte
	datagrams [][]byte

	segment  *segment
	pool     segmentPool
	memory   memory
	decoding decoding
	given    uint32 // true datagrams, a bit each
	forged   bool   // others were given, too
	arrived  int    // datagrams kept
}

func newSegmentTest(tb testing.TB, seed uint64, k, r int) *segmentTest {
	tb.Helper()
	s := &segmentTest{
		tb: tb, rng: rand.New(rand.NewPCG(seed, 11)), pool: segmentPool{links: testLinks},
		memory: memory{pool: new(inbox.Pool), limit: 1 << 30}, decoding: decoding{limit: 1 << 30, left: 1 << 30, at: epoch},
	}
	lengths := make([]int, k)
	for i := range lengths {
		lengths[i] = isc.MinLength + s.rng.IntN(200)
	}
	s.sources = rtpPackets(s.rng.Uint32(), uint16(s.rng.Uint32()), lengths)
	var enc isc.Encoder
	datagrams, err := enc.Encode(s.sources, r)
	require.NoError(tb, err)
	for _, d := range datagrams {
		s.datagrams = append(s.datagrams, bytes.Clone(d))
	}
	var h isc.Header
	_, err = isc.Parse(s.datagrams[0], &h)
	require.NoError(tb, err)
	s.segment = s.pool.get(&h, int64(h.Segment), 0)
	return s
}

// give gives the segment a datagram, by the low bits of op, changed if the highest bit is set. It does what the
// pipeline does with one of a stream, but that nothing is released.
func (s *segmentTest) give(op byte) {
	n := int(op&0x3F) % len(s.datagrams)
	d := s.memory.get(inbox.MaxDatagram)
	d.SetSize(copy(d.Buffer(), s.datagrams[n]))
	changed := op&0x80 != 0
	if changed {
		for range 1 + s.rng.IntN(3) {
			d.Bytes()[isc.HeaderSize+s.rng.IntN(len(d.Bytes())-isc.HeaderSize)] ^= 1 << s.rng.IntN(8)
		}
	}
	var h isc.Header
	payload, err := isc.Parse(d.Bytes(), &h)
	g := s.segment
	if err != nil || !g.matches(&h) || g.has(&h) {
		s.memory.put(d)
		return
	}
	d.Payload, d.Link = payload, int(op)%testLinks
	switch {
	case h.IsParity():
		g.addParity(h.Row(), d)
	case !g.placeable(int(h.Number), rtpSequence(payload)), g.verified() && g.identity != rtpIdentity(payload):
		s.memory.put(d)
		return
	default:
		g.forget(int(h.Number), &s.memory)
		g.addSource(int(h.Number), d)
	}
	s.arrived++
	if changed {
		s.forged = true
	} else {
		s.given |= 1 << n
	}
	before := g.sources()
	rebuilt := g.recover(epoch, g, &s.decoding, &s.memory, func(d *inbox.Datagram) {
		require.True(s.tb, s.forged, "a true parity packet is dropped")
		s.arrived--
		s.memory.put(d)
	})
	require.Zero(s.tb, rebuilt&before, "it had those")
}

// check checks what the segment has.
func (s *segmentTest) check() {
	g := s.segment
	there := g.sources()
	last := g.number - 1
	for i := range g.k {
		require.Equal(s.tb, there>>i&1 != 0, g.source[i] != nil)
		if there>>i&1 == 0 {
			continue
		}
		rtp := g.source[i].Payload
		require.Len(s.tb, rtp, int(g.header.Lengths[i]))
		require.EqualValues(s.tb, 2, rtp[0]>>6)
		require.Equal(s.tb, g.identity, rtpIdentity(rtp))
		require.Equal(s.tb, g.seq[i], unwrap(g.number, rtpSequence(rtp)))
		require.Greater(s.tb, g.seq[i], last, "they rise")
		last = g.seq[i]
		if !s.forged {
			require.True(s.tb, bytes.Equal(s.sources[i], rtp), "source %d", i)
		}
	}
	for row, d := range g.parity {
		require.Equal(s.tb, g.rows>>row&1 != 0, d != nil)
	}
	n := 0
	for range g.arrived {
		n++
	}
	require.Equal(s.tb, s.arrived, n)
	if !s.forged {
		var dec isc.Decoder
		lost := ^s.given & (1<<len(s.datagrams) - 1)
		got := s.given & (1<<g.k - 1)
		if recoverable(&dec, s.sources, s.datagrams, lost) {
			got = 1<<g.k - 1
		}
		require.Equal(s.tb, got, uint32(there), "of %d sources, given %b", g.k, s.given)
		require.Equal(s.tb, bits.OnesCount32(s.given), s.arrived)
	}
}

// end lets the segment go.
func (s *segmentTest) end() {
	require.Equal(s.tb, s.segment.cost(), s.memory.held)
	s.segment.release(s.memory.free)
	require.Zero(s.tb, s.memory.held)
	s.memory.collect()
	s.pool.put(s.segment)
	require.Zero(s.tb, s.pool.open)
}
