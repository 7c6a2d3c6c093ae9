package receiver

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// forger sends what could come from the rig but for what he does not know.
type forger struct {
	*flooder
	rig    *randomRig
	own    [][]byte // datagrams of the rig
	begins []time.Time
	knows  bool // the SSRC
}

// forge adds datagrams of strangers to those of a rig, in bursts of one kind each.
func (rig *randomRig) forge(knows bool, most int) {
	f := &forger{flooder: newFlooder(rig.Uint64()), rig: rig, knows: knows}
	events := slices.Clone(rig.events)
	sortByTime(events)
	pause := time.Duration(0)
	for i, e := range events {
		if i > 0 {
			pause = max(pause, e.at.Sub(events[i-1].at))
		}
		f.own = append(f.own, e.data)
		f.begins = append(f.begins, e.at)
	}
	kinds := []func() []byte{f.garbage, f.header, f.parity, f.rival, f.decode, f.changed}
	if pause < silence-maxReorder || knows { // else a stream of his own would be followed, and rightly so
		kinds = append(kinds, f.segment, f.ssrc)
	}
	for n := 0; n < most; {
		kind := kinds[f.IntN(len(kinds))]
		i := f.IntN(len(events))
		// Whoever is there first is followed, so he waits until the rig is.
		at := slices.MaxFunc([]time.Time{events[i].at, events[0].at.Add(200 * time.Millisecond)}, time.Time.Compare)
		every := time.Duration(1 + f.IntN(int(time.Millisecond)))
		for range 1 + f.IntN(300) {
			f.near = binary.BigEndian.Uint16(f.own[i]) + uint16(f.IntN(40))
			from := elsewhere(f.IntN(100))
			if f.knows && f.IntN(4) == 0 {
				from = rigAddress(f.IntN(testLinks))
			}
			rig.events = append(rig.events, event{at, f.IntN(testLinks), from, slices.Clone(kind())})
			at = at.Add(every)
			n++
		}
	}
}

// changed returns one of the rig's own datagrams with a change: never with both its header and its SSRC, if he does not
// know that.
func (f *forger) changed() []byte {
	data := slices.Clone(f.own[f.IntN(len(f.own))])
	number := binary.BigEndian.Uint16(data[24:])
	if f.knows {
		for range f.IntN(3) {
			data[f.IntN(len(data))] ^= byte(1 << f.IntN(8))
		}
		return data[:len(data)-f.IntN(2)*f.IntN(len(data))]
	}
	if number < 10 {
		binary.BigEndian.PutUint32(data[isc.HeaderSize+8:], f.Uint32())
		return data
	}
	f.near = binary.BigEndian.Uint16(data) + uint16(1+f.IntN(1000))
	binary.BigEndian.PutUint16(data, f.near)
	return data
}

// mediumLimits are limits that the random rigs do not reach and floods do.
func mediumLimits() Limits {
	return Limits{OpenSegments: 4096, HeldBytes: 16 << 20, Sources: 64, DecodeBytes: 8 << 20, LogLines: 20}
}

// TestAnyForgery has strangers beside random rigs: what the coding can bear without them it bears with them, and
// nothing of theirs comes out. The harness holds the limits.
func TestAnyForgery(t *testing.T) {
	soak(t, 1500, func(t *testing.T, seed uint64) tally {
		t.Helper()
		rig := newRandomRig(seed, false)
		rig.limits = [...]Limits{{}, mediumLimits()}[seed%2]
		rig.runs(t)
		rig.forge(false, 1500)
		return rig.check(t)
	})
}

// TestAnyForgeryWithKnowledge has a forger who knows all: he can spoil the stream, but break no rule of the harness.
func TestAnyForgeryWithKnowledge(t *testing.T) {
	soak(t, 1500, func(t *testing.T, seed uint64) tally {
		t.Helper()
		rig := newRandomRig(seed, false)
		rig.runs(t)
		rig.forge(true, 1500)
		cfg := testConfig()
		cfg.Limits = [...]Limits{{}, mediumLimits(), smallLimits()}[seed%3]
		h := newHarnessOf(t, cfg)
		for _, e := range sortByTime(rig.events) {
			h.push(e)
		}
		h.flush()
		require.NotEmpty(t, h.packets)
		_, packets := h.pipeline.Counts()
		rig.tally.sent, rig.tally.out, rig.tally.recovered = len(rig.sent), len(h.packets), int(packets.Recovered)
		return rig.tally
	})
}
