package receiver

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// smallLimits are limits that a flood reaches at once, and the stream of these tests does not.
func smallLimits() Limits {
	return Limits{OpenSegments: 300, HeldBytes: 3 << 20, Sources: 64, DecodeBytes: 1 << 20, LogLines: 20}
}

// TestLargestRig holds DefaultLimits to what they say: the largest rig touches none of them while the first segment is
// missing, so that all behind it waits for two seconds, nor while only parity arrives.
func TestLargestRig(t *testing.T) {
	const perSecond = 20_000_000 / 8 / 1200
	for name, shape := range map[string][2]int{"8+9": {8, 9}, "1+1": {1, 1}} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Latency = 2 * time.Second
			h := newHarnessOf(t, cfg)
			h.quick = true
			packets := rtpPackets(1, 100, equalLengths(4*perSecond, 1200))
			events := encode(t, packets, paced(epoch, len(packets), time.Second/perSecond), fixed(shape[0], shape[1]))
			gap := shape[0] * 3
			lost := packets[gap : gap+shape[0]]
			most := map[string]uint64{}
			for i, e := range events {
				at, segment := e.at.Sub(epoch), segmentOf(e)
				if segment == rtpSequence(lost[0]) || at > 3*time.Second && numberIn(e) < 10 {
					continue
				}
				h.push(e)
				if i%100 == 0 {
					for name, c := range h.pipeline.ceilings(h.now) {
						most[name] = max(most[name], c.Now)
					}
				}
			}
			t.Logf("at most: %v", most)
			for name, c := range h.pipeline.Snapshot(h.now).Ceilings {
				require.Zero(t, c.Reached, name)
				require.Positive(t, c.Limit, name)
			}
			require.Greater(t, most[status.CeilingBytes], uint64(6_900_000), "the gap was waited for until its time was over")
			require.Equal(t, shape[0] > 1, most[status.CeilingDecoding] > 0)
			h.flush()
			require.Len(t, h.packets, len(packets)-len(lost))
		})
	}
}

// TestFloodsReachLimits floods a stream that loses a packet of each segment: none is lost for good, nothing grows
// beyond its limit, and the limits that a flood reaches count it. The harness checks each step.
func TestFloodsReachLimits(t *testing.T) {
	reaches := map[string][]string{
		"garbage": nil,
		"header":  {status.CeilingSources},
		"parity":  {status.CeilingBytes},
		"segment": {status.CeilingBytes},
		"ssrc":    {status.CeilingSources},
		"rival":   {status.CeilingSegments},
		"decode":  {status.CeilingDecoding, status.CeilingBytes},
		"stream":  {status.CeilingBytes},
	}
	for _, kind := range floods {
		t.Run(kind.name, func(t *testing.T) {
			packets, times := steady(1, 100, epoch)
			events := drop(encode(t, packets, times, fixed(3, 1)), func(s int, n uint16) bool {
				return s > 0 && n == numberOf(s%4, 3)
			})
			f := newFlooder(3)
			for i := range 4000 { // after the rig has begun
				at := epoch.Add(10*ms + time.Duration(i)*200*time.Microsecond)
				f.near = 100 + uint16(at.Sub(epoch)/hostileStep)
				events = append(events, event{at, i % testLinks, elsewhere(0), slices.Clone(kind.make(f))})
			}
			cfg := testConfig()
			cfg.Limits = smallLimits()
			h := newHarnessOf(t, cfg)
			for _, e := range sortByTime(events) {
				h.push(e)
			}
			h.flush()
			require.Len(t, h.packets, len(packets))
			for _, name := range reaches[kind.name] {
				require.Positive(t, h.pipeline.ceilings(h.now)[name].Reached, name)
			}
		})
	}
}

// TestForgerWhoKnows has a forger who knows the SSRC and sends what could be the rig's, as much as he can: he can spoil
// the stream, but neither exceed a limit nor keep the rig out for longer than he goes on.
func TestForgerWhoKnows(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	packets, events := talker{ssrc: rig, first: 100, to: 4 * time.Second}.events(t)
	f := newFlooder(4)
	for i := range 4000 {
		at := time.Duration(i) * 500 * time.Microsecond
		h := isc.Header{Segment: 100 + uint16(at/pace) + uint16(rng.IntN(900)) - 100, Redundancy: 9}
		for j := range 1 + rng.IntN(isc.MaxSources) {
			h.Lengths[j] = uint16(20 + rng.IntN(2000))
		}
		h.Number = uint16(rng.IntN(h.Sources()))
		data := f.source(&h, rig, h.Segment+h.Number*uint16(1+rng.IntN(20)))
		if rng.IntN(2) == 0 {
			h.Number = 10 + uint16(rng.IntN(9))
			data = f.with(&h, h.Longest()+1)
		}
		events = append(events, event{epoch.Add(at), rng.IntN(testLinks), elsewhere(0), slices.Clone(data)})
	}
	for _, limits := range []Limits{smallLimits(), {}} {
		cfg := testConfig()
		cfg.Limits = limits
		h := newHarnessOf(t, cfg)
		for _, e := range sortByTime(events) {
			h.push(e)
		}
		h.flush()
		require.Equal(t, packets[len(packets)-1], h.packets[len(h.packets)-1], "the rig is back")
		if limits != (Limits{}) {
			require.Positive(t, h.pipeline.reached.bytes+h.pipeline.reached.segments)
		}
	}
}

// TestDeclaredLengths shows that no memory depends on what headers declare.
func TestDeclaredLengths(t *testing.T) {
	const n = 1000
	allocated := map[uint16]float64{}
	for _, declared := range []uint16{isc.MinLength, isc.MaxLength} {
		var pool inbox.Pool
		var res Result
		p := NewPipeline(testConfig(), &pool, epoch)
		f := newFlooder(5)
		h := isc.Header{Lengths: [8]uint16{isc.MinLength}, Redundancy: 9}
		for i := 1; i < isc.MaxSources; i++ {
			h.Lengths[i] = declared
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range n {
			h.Segment = uint16(9 * i)
			d := pool.Get()
			d.From, d.Arrival = elsewhere(0), epoch
			d.SetSize(copy(d.Buffer(), f.source(&h, uint32(i), h.Segment)))
			p.Push(&res, epoch, d)
		}
		runtime.ReadMemStats(&after)
		allocated[declared] = float64(after.TotalAlloc - before.TotalAlloc)
		require.Equal(t, n*pool.GetFor(1).Cost(), p.memory.held, "what arrived is held, and no memory besides")
		require.Equal(t, n, p.segments.open)
	}
	require.InEpsilon(t, allocated[isc.MinLength], allocated[isc.MaxLength], 0.02)
}

// TestDecodeLimit has the bucket of bytes that the coding may work on.
func TestDecodeLimit(t *testing.T) {
	d := decoding{limit: 1000, left: 1000, at: epoch}
	at := func(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }
	d.strange = true
	require.True(t, d.allows(at(0), 400))
	require.False(t, d.allows(at(0), 101), "half is for the stream that is followed")
	d.strange = false
	require.True(t, d.allows(at(0), 600))
	require.False(t, d.allows(at(0), 1))
	require.False(t, d.allows(at(99), 100))
	require.True(t, d.allows(at(100), 100))
	require.False(t, d.allows(at(100), 1))
	for us := range 1000 { // however often it is asked, it fills up as fast
		d.fill(at(100).Add(time.Duration(us) * time.Microsecond))
	}
	require.False(t, d.allows(at(101), 2))
	require.True(t, d.allows(at(101), 1))
	require.True(t, d.allows(at(9000), 1000), "no more than a second's")
	require.False(t, d.allows(at(9000), 1))
	require.False(t, d.allows(at(100), 1), "time that runs backwards brings nothing")
	require.EqualValues(t, 7, d.reached)
}

// TestDeferredDecoding lacks the means to decode when the parity comes, and has them before the wait ends.
func TestDeferredDecoding(t *testing.T) {
	packets := rtpPackets(1, 100, equalLengths(12, 1000))
	events := encode(t, packets, paced(epoch, len(packets), ms), fixed(3, 1))
	events = drop(events, func(s int, n uint16) bool { return s == 2 && n == 1 })
	h := newHarness(t, 200*ms)
	for _, e := range events {
		h.pipeline.decoding.left = 0
		h.push(e)
	}
	require.Positive(t, h.pipeline.decoding.reached)
	h.advance(h.now.Add(time.Second))
	require.Len(t, h.packets, len(packets))
	_, counts := h.pipeline.Counts()
	require.EqualValues(t, 1, counts.Recovered)
	require.Zero(t, counts.Lost)
}

// TestSenders fills all ranks of probation, so that each makes room for the next.
func TestSenders(t *testing.T) {
	cfg := testConfig()
	cfg.Limits = smallLimits()
	h := newHarnessOf(t, cfg)
	_, events := talker{ssrc: rig, to: 3 * time.Second}.events(t)
	for i, e := range events {
		h.push(e)
		for n := range 3 {
			f := newFlooder(uint64(i))
			f.near = uint16(i)
			data := slices.Clone(f.ssrc())
			binary.BigEndian.PutUint32(data[isc.HeaderSize+8:], uint32(1000+i/(1+n)*3+n))
			from := [...]netip.AddrPort{rigAddress(e.link), elsewhere(i), moved(i)}[n]
			h.push(event{e.at, e.link, from, data})
		}
	}
	h.flush()
	require.Len(t, h.packets, len(events))
	require.Positive(t, h.pipeline.reached.sources)
}

// TestRivalsOfParity has parity alone give one more segment with a number than there may be: it is refused.
func TestRivalsOfParity(t *testing.T) {
	h := newHarness(t, 200*time.Millisecond)
	packets := rtpPackets(1, 1000, equalLengths(12, 100))
	for _, e := range encode(t, packets[:10], paced(epoch, 10, 20*time.Millisecond), fixed(1, 0)) {
		h.push(e)
	}
	for r := range maxRivals { // they wait for the packet before them
		h.push(encode(t, packets[11:], []time.Time{h.now}, fixed(1, r))[0])
	}
	parity := encode(t, packets[11:], []time.Time{h.now}, fixed(1, maxRivals))[1]
	parity.from = elsewhere(0)
	h.push(parity)
	c := h.pipeline.Snapshot(h.now)
	require.Equal(t, map[string]uint64{"ceiling": 1}, c.Refused)
	require.Zero(t, c.Datagrams.Parity)
	h.flush()
}
