package receiver

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// soakVariable names the environment variable that says how many random cases TestAnyRecoverablePattern tries.
const soakVariable = "ISC_SOAK"

// casesByDefault is how many it tries otherwise.
const casesByDefault = 250

// maxReorder is how much later than others a datagram may come in the random cases.
const maxReorder = 50 * time.Millisecond

// TestAnyRecoverablePattern makes random streams, restarts among them, with random coding, and loses, reorders and
// repeats what the coding and the budget allow for: the same bytes must come out, in order, each packet once.
func TestAnyRecoverablePattern(t *testing.T) {
	cases := casesByDefault
	if s := os.Getenv(soakVariable); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		cases = n
	}
	if testing.Short() {
		cases = 100
	}
	for seed := range uint64(cases) {
		if !t.Run("", func(t *testing.T) { runCase(t, seed) }) {
			t.Fatalf("seed %d", seed)
		}
	}
}

// randomRig is a sender and the links behind it.
type randomRig struct {
	*rand.Rand
	enc isc.Encoder
	dec isc.Decoder

	at     time.Time
	want   [][]byte
	events []event
}

func runCase(t *testing.T, seed uint64) {
	t.Helper()
	rig := &randomRig{Rand: rand.New(rand.NewPCG(seed, 1)), at: epoch.Add(time.Duration(seed) * time.Millisecond)}
	ssrc, first, moved := rig.Uint32(), uint16(rig.Uint32()), false
	if rig.IntN(2) == 0 {
		first = uint16(65536 - 1 - rig.IntN(300))
	}
	for range 1 + rig.IntN(3) {
		n := rig.run(t, ssrc, first, moved)
		first += uint16(n)
		switch rig.IntN(4) {
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
		case 3: // a jump, either way
			first += uint16(reach + 500 + rig.IntN(65536-2*reach-2*500-2*n) + n)
			rig.pause(maxReorder, 2*maxReorder)
		}
	}
	budget := 200 * time.Millisecond
	h := newHarness(t, budget)
	for _, e := range sortByTime(rig.events) {
		if rig.IntN(50) == 0 {
			budget = time.Duration(110+rig.IntN(300)) * time.Millisecond
			h.pipeline.SetLatency(budget)
		}
		h.push(e)
	}
	h.flush()
	for i, p := range rig.want[:min(len(rig.want), len(h.packets))] {
		require.True(t, bytes.Equal(p, h.packets[i]), "packet %d: got %d of %d, want %d of %d", i,
			rtpSequence(h.packets[i]), rtpIdentity(h.packets[i]).SSRC, rtpSequence(p), rtpIdentity(p).SSRC)
	}
	require.Zero(t, len(rig.want)-len(h.packets), "packets that are missing")
	_, packets := h.pipeline.Counts()
	require.Zero(t, packets.Lost)
	require.EqualValues(t, len(rig.want), packets.Delivered+packets.Recovered)
}

func (rig *randomRig) pause(least, most time.Duration) {
	rig.at = rig.at.Add(least + time.Duration(rig.Int64N(int64(most-least)+1)))
}

// run sends one run of packets, which lasts a third of a second or more, and returns how many they were.
func (rig *randomRig) run(t *testing.T, ssrc uint32, first uint16, moved bool) int {
	t.Helper()
	step := time.Duration(500+rig.IntN(5000)) * time.Microsecond
	lengths := make([]int, int(350*time.Millisecond/step)+rig.IntN(60))
	for i := range lengths {
		lengths[i] = isc.MinLength + rig.IntN(60)
	}
	packets := rtpPackets(ssrc, first, lengths)
	rig.want = append(rig.want, packets...)
	clock := uint16(rig.Uint32()) // it may be any, and may jump
	loss, repeated, reorder := rig.IntN(101), rig.IntN(10), rig.Int64N(int64(maxReorder))
	steady := rig.IntN(2) == 0
	k, r := 1+rig.IntN(isc.MaxSources), rig.IntN(isc.MaxParity+1)
	for n := 0; n < len(packets); n += k {
		if !steady {
			k, r = 1+rig.IntN(isc.MaxSources), rig.IntN(isc.MaxParity+1)
		}
		k = min(k, len(packets)-n)
		rig.enc.Padded = rig.IntN(2) == 0
		datagrams, err := rig.enc.Encode(packets[n:n+k], r)
		require.NoError(t, err)
		rig.at = rig.at.Add(time.Duration(k) * step)
		if rig.IntN(20) == 0 {
			clock = uint16(rig.Uint32())
		}
		var lost uint32
		if rig.IntN(100) < loss {
			lost = rig.lose(packets[n:n+k], datagrams)
		}
		for i, d := range datagrams {
			if lost>>i&1 != 0 {
				continue
			}
			link := rig.IntN(testLinks)
			from := rigAddress(link)
			if moved {
				from = elsewhere(link)
			}
			isc.Stamp(d, clock, uint16(rig.Uint32()))
			clock++
			for copies := 1 + btoi(rig.IntN(100) < repeated); copies > 0; copies-- {
				at := rig.at.Add(time.Duration(rig.Int64N(reorder + 1)))
				rig.events = append(rig.events, event{at, link, from, bytes.Clone(d)})
			}
		}
	}
	return len(packets)
}

// lose returns a random set of a segment's datagrams that it can do without, a bit each.
func (rig *randomRig) lose(sources, datagrams [][]byte) uint32 {
	k := len(sources)
	for {
		lost := uint32(0)
		for range rig.IntN(len(datagrams) - k + 1) {
			lost |= 1 << rig.IntN(len(datagrams))
		}
		var seg isc.Segment
		var dst [isc.MaxSources][]byte
		seg.Number = binary.BigEndian.Uint16(sources[0][2:])
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
		if _, err := rig.dec.Recover(&seg, isc.Identity{}, &dst); err == nil {
			return lost
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
