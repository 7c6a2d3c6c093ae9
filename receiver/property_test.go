package receiver

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	// maxReorder is how much later than others a datagram may come in the random cases.
	maxReorder = 50 * time.Millisecond
	// leastBudget is more than twice maxReorder, since a start is held for half the budget.
	leastBudget = 110 * time.Millisecond
)

// TestAnyRecoverablePattern makes random streams, restarts among them, with random coding, and loses, reorders and
// repeats what the coding and the budget allow for: the same bytes must come out, in order, each packet once.
func TestAnyRecoverablePattern(t *testing.T) {
	soak(t, 10_000, func(t *testing.T, seed uint64) tally {
		t.Helper()
		return newRandomRig(seed, false).play(t)
	})
}

// TestAnyPattern loses whatever it is: what comes out must be what was sent, in order, each packet once, and all that
// arrived or that the coding can give back must come out.
func TestAnyPattern(t *testing.T) {
	soak(t, 8_000, func(t *testing.T, seed uint64) tally {
		t.Helper()
		return newRandomRig(seed, true).play(t)
	})
}

// randomRig is a sender and the links behind it.
type randomRig struct {
	*rand.Rand
	enc isc.Encoder
	dec isc.Decoder

	beyond bool // more is lost than the coding bears
	limits Limits
	at     time.Time
	sent   []sentPacket
	events []event
	tally  tally
}

// sentPacket is an RTP packet that went into the coding, and whether it must come out.
type sentPacket struct {
	rtp  []byte
	must bool
}

func newRandomRig(seed uint64, beyond bool) *randomRig {
	return &randomRig{
		Rand: rand.New(rand.NewPCG(seed, 1)), at: epoch.Add(time.Duration(seed) * time.Millisecond), beyond: beyond,
	}
}

// play sends a few runs through a pipeline and checks what comes out.
func (rig *randomRig) play(t *testing.T) tally {
	t.Helper()
	rig.runs(t)
	return rig.check(t)
}

// check runs what was sent through a pipeline and checks what comes out.
func (rig *randomRig) check(t *testing.T) tally {
	t.Helper()
	cfg := testConfig()
	cfg.Limits = rig.limits
	h := newHarnessOf(t, cfg)
	for _, e := range sortByTime(rig.events) {
		if rig.IntN(50) == 0 {
			h.pipeline.SetLatency(leastBudget + time.Duration(rig.IntN(300))*time.Millisecond)
		}
		h.push(e)
	}
	h.flush()
	next := 0
	for n, p := range h.packets {
		for next < len(rig.sent) && !bytes.Equal(p, rig.sent[next].rtp) {
			require.False(t, rig.sent[next].must, "packet %d of %d is missing", next, len(rig.sent))
			next++
		}
		require.Less(t, next, len(rig.sent), "packet %d that came out was not sent, or not then: number %d of %d",
			n, rtpSequence(p), rtpIdentity(p).SSRC)
		next++
	}
	for i, p := range rig.sent[next:] {
		require.False(t, p.must, "packet %d of %d is missing", next+i, len(rig.sent))
	}
	_, packets := h.pipeline.Counts()
	require.EqualValues(t, len(h.packets), packets.Delivered+packets.Recovered)
	if !rig.beyond {
		require.Zero(t, packets.Lost)
		require.Len(t, h.packets, len(rig.sent))
	}
	rig.tally.sent, rig.tally.out, rig.tally.recovered = len(rig.sent), len(h.packets), int(packets.Recovered)
	return rig.tally
}

// runs sends one to three runs of a sender, which restarts in between.
func (rig *randomRig) runs(t *testing.T) {
	t.Helper()
	ssrc, first, moved := rig.Uint32(), uint16(rig.Uint32()), false
	if rig.IntN(2) == 0 {
		first = uint16(65536 - 1 - rig.IntN(300))
	}
	var ends []uint16 // of the runs so far
	for range 1 + rig.IntN(3) {
		n := rig.run(t, ssrc, first, moved)
		first += uint16(n)
		ends = append(ends, first)
		switch rig.IntN(5) {
		case 0: // restarts where it is
			ssrc++
			first += uint16(rig.IntN(400) - 200)
			rig.pause(0, maxReorder)
		case 1: // the same elsewhere
			ssrc++
			first = uint16(rig.Uint32())
			rig.pause(0, time.Second/2)
		case 2: // comes back from other addresses
			ssrc++
			first, moved = uint16(rig.Uint32()), !moved
			rig.pause(1100*time.Millisecond, 2*time.Second)
		case 3: // a jump, either way, but not to where stragglers of a run before may still come from
			for slices.ContainsFunc(ends, func(end uint16) bool { return min(first-end, end-first) < 2*reach }) {
				first += uint16(rig.Uint32())
			}
			rig.pause(maxReorder, 2*maxReorder)
		case 4: // a step back, after a silence
			first -= uint16(300 + rig.IntN(reach-400))
			rig.pause(1100*time.Millisecond, 2*time.Second)
		}
	}
}

func (rig *randomRig) pause(least, most time.Duration) {
	rig.at = rig.at.Add(least + time.Duration(rig.Int64N(int64(most-least)+1)))
}

// way is what befalls the datagrams of one run.
type way struct {
	loss     int   // segments of 100 that lose datagrams
	repeated int   // datagrams of 100 that come twice
	reorder  int64 // how much later a datagram may come than others, in nanoseconds
	moved    bool  // they come from other addresses
	clock    uint16
	outage   int // segments to come of which nothing arrives
}

// run sends one run of packets, which lasts a third of a second or more, and returns how many they were.
func (rig *randomRig) run(t *testing.T, ssrc uint32, first uint16, moved bool) int {
	t.Helper()
	step := time.Duration(500+rig.IntN(5000)) * time.Microsecond
	lasts := 350 * time.Millisecond
	if rig.beyond {
		lasts += 600 * time.Millisecond
	}
	lengths := make([]int, int(lasts/step)+rig.IntN(60))
	spread := 60
	if rig.IntN(10) == 0 {
		spread = isc.MaxLength - isc.MinLength + 1
	}
	for i := range lengths {
		lengths[i] = isc.MinLength + rig.IntN(spread)
	}
	packets := rtpPackets(ssrc, first, lengths)
	w := way{
		loss: rig.IntN(101), repeated: rig.IntN(10), reorder: rig.Int64N(int64(maxReorder)),
		moved: moved, clock: uint16(rig.Uint32()), // it may be any, and may jump
	}
	steady := rig.IntN(2) == 0
	k, r := 1+rig.IntN(isc.MaxSources), rig.IntN(isc.MaxParity+1)
	for n := 0; n < len(packets); n += k {
		if !steady {
			k, r = 1+rig.IntN(isc.MaxSources), rig.IntN(isc.MaxParity+1)
		}
		k = min(k, len(packets)-n)
		sources := packets[n : n+k]
		rig.enc.Padded = rig.IntN(2) == 0
		datagrams, err := rig.enc.Encode(sources, r)
		require.NoError(t, err)
		rig.at = rig.at.Add(time.Duration(k) * step)
		lost := rig.lose(&w, sources, datagrams)
		whole := recoverable(&rig.dec, sources, datagrams, lost)
		for i, p := range sources {
			rig.sent = append(rig.sent, sentPacket{p, whole || lost>>i&1 == 0})
		}
		rig.tally.segments++
		rig.tally.lost += bits.OnesCount32(lost)
		rig.emit(&w, datagrams, lost)
	}
	return len(packets)
}

// emit has the datagrams of a segment arrive, but for the lost ones.
func (rig *randomRig) emit(w *way, datagrams [][]byte, lost uint32) {
	if rig.IntN(20) == 0 {
		w.clock = uint16(rig.Uint32())
	}
	for i, d := range datagrams {
		if lost>>i&1 != 0 {
			continue
		}
		link := rig.IntN(testLinks)
		from := rigAddress(link)
		if w.moved {
			from = elsewhere(link)
		}
		isc.Stamp(d, w.clock, uint16(rig.Uint32()))
		w.clock++
		for copies := 1 + btoi(rig.IntN(100) < w.repeated); copies > 0; copies-- {
			at := rig.at.Add(time.Duration(rig.Int64N(w.reorder + 1)))
			rig.events = append(rig.events, event{at, link, from, bytes.Clone(d)})
		}
	}
}

// lose returns a random set of a segment's datagrams, a bit each: one that it can do without, or any.
func (rig *randomRig) lose(w *way, sources, datagrams [][]byte) (lost uint32) {
	if rig.beyond && rig.IntN(200) == 0 {
		w.outage = rig.IntN(30)
	}
	if w.outage > 0 {
		w.outage--
		return 1<<len(datagrams) - 1
	}
	if rig.IntN(100) >= w.loss {
		return 0
	}
	most := len(datagrams) - len(sources)
	if rig.beyond {
		most = len(datagrams)
	}
	for {
		for lost = 0; bits.OnesCount32(lost) < most && rig.IntN(most+1) > 0; {
			lost |= 1 << rig.IntN(len(datagrams))
		}
		if rig.beyond || recoverable(&rig.dec, sources, datagrams, lost) {
			return lost
		}
	}
}

// recoverable tells whether the coding gives back the sources among the lost datagrams of a segment, a bit each.
func recoverable(dec *isc.Decoder, sources, datagrams [][]byte, lost uint32) bool {
	k := len(sources)
	if lost == 0 {
		return true
	}
	var dst [isc.MaxSources][]byte
	seg := isc.Segment{Number: binary.BigEndian.Uint16(sources[0][2:])}
	for i, d := range datagrams {
		switch {
		case i < k:
			seg.Lengths[i] = uint16(len(sources[i]))
			dst[i] = make([]byte, len(sources[i]))
			if lost>>i&1 == 0 {
				seg.Sources[i] = sources[i]
			}
		case lost>>i&1 == 0:
			seg.Parity[i-k] = d[isc.HeaderSize:]
		}
	}
	_, err := dec.Recover(&seg, isc.Identity{}, &dst)
	return err == nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
