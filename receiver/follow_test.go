package receiver

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// pace is the time from packet to packet of the talkers in these tests.
const pace = 10 * time.Millisecond

// talker sends a stream without parity, a packet each 10 ms, on its links by turns.
type talker struct {
	ssrc     uint32
	first    uint16        // sequence number
	from, to time.Duration // when its first packet comes, and before when its last one does
	address  func(link int) netip.AddrPort
	clock    uint16 // what its timestamps show in place of the time, if not 0
	every    time.Duration
}

// events returns the datagrams of the talker.
func (k talker) events(t testing.TB) (packets [][]byte, events []event) {
	t.Helper()
	every := max(k.every, pace)
	n := int((k.to - k.from + every - 1) / every)
	packets = rtpPackets(k.ssrc, k.first, equalLengths(n, 30))
	events = encode(t, packets, paced(epoch.Add(k.from), n, every), fixed(1, 0))
	for i := range events {
		if k.address != nil {
			events[i].from = k.address(events[i].link)
		}
		if k.clock != 0 {
			isc.Stamp(events[i].data, k.clock, 0)
		}
	}
	return packets, events
}

// moved are the addresses that the rig has after its networks have given it new ones.
func moved(link int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 78, byte(link), 3}), uint16(41000+link))
}

// turn is when a stream became the current one.
type turn struct {
	at   time.Duration
	ssrc uint32
}

// turns runs events and returns whom the channel followed.
func turns(t *testing.T, h *harness, events []event) (followed []turn) {
	t.Helper()
	runs := 0
	look := func() {
		if p := h.pipeline; p.runs != runs {
			followed = append(followed, turn{h.now.Sub(epoch), p.current.identity.SSRC})
			require.Equal(t, runs+1, p.runs, "two at once")
			runs = p.runs
		}
	}
	for _, e := range sortByTime(events) {
		for at, ok := h.pipeline.Next(); ok && at.Before(e.at); at, ok = h.pipeline.Next() {
			h.advance(at)
			look()
		}
		h.push(e)
		look()
	}
	h.flush()
	return followed
}

const (
	ms     = time.Millisecond
	rig    = 1
	anew   = 2 // the rig after it has restarted
	nobody = 99
)

// TestWhoIsFollowed has what each channel follows, and when, by the time of arrival of the talkers' packets.
func TestWhoIsFollowed(t *testing.T) {
	second := time.Second
	stranger := talker{ssrc: nobody, first: 5000, to: 8 * second, address: elsewhere}
	spoof := talker{ssrc: nobody, first: 5000, to: 8 * second, address: rigAddress}
	old := talker{ssrc: rig, first: 100, to: 1001 * ms} // its last packet comes at 1 s
	cases := map[string]struct {
		talkers []talker
		want    []turn
	}{
		"two packets in sequence": {[]talker{old}, []turn{{10 * ms, rig}}},
		"one packet":              {[]talker{{ssrc: rig, to: 1}}, nil},

		"restart at once": {
			[]talker{old, {ssrc: anew, first: 9, from: 1040 * ms, to: 3 * second}},
			[]turn{{10 * ms, rig}, {1250 * ms, anew}},
		},
		"restart after a while": {
			[]talker{old, {ssrc: anew, first: 9, from: 1400 * ms, to: 3 * second}},
			[]turn{{10 * ms, rig}, {1410 * ms, anew}},
		},
		"restart elsewhere": {
			[]talker{old, {ssrc: anew, first: 9, from: 1040 * ms, to: 3 * second, address: moved}},
			[]turn{{10 * ms, rig}, {2000 * ms, anew}},
		},
		"restart elsewhere, later": {
			[]talker{old, {ssrc: anew, first: 9, from: 3 * second, to: 4 * second, address: moved}},
			[]turn{{10 * ms, rig}, {3010 * ms, anew}},
		},
		"restart far away in the numbers": {
			[]talker{old, {ssrc: rig, first: 30000, from: 1040 * ms, to: 3 * second}},
			[]turn{{10 * ms, rig}, {1250 * ms, rig}},
		},
		"the same from elsewhere": {
			[]talker{old, {ssrc: rig, first: 30000, from: 1040 * ms, to: 3 * second, address: moved}},
			[]turn{{10 * ms, rig}, {1250 * ms, rig}},
		},
		"restart near in the numbers, after silence": {
			[]talker{old, {ssrc: rig, first: 100, from: 2500 * ms, to: 3 * second}},
			[]turn{{10 * ms, rig}, {2510 * ms, rig}},
		},
		"restart near in the numbers, at once": {
			[]talker{{ssrc: rig, first: 100, to: 6 * second}, {ssrc: rig, first: 100, from: 6090 * ms, to: 9 * second}},
			[]turn{{10 * ms, rig}, {7000 * ms, rig}},
		},
		"the same without a clock": {
			[]talker{
				{ssrc: rig, first: 100, to: 6 * second, clock: 7},
				{ssrc: rig, first: 100, from: 6090 * ms, to: 9 * second, clock: 7},
			}, []turn{{10 * ms, rig}, {8000 * ms, rig}},
		},
		"the same stream from elsewhere": {
			[]talker{old, {ssrc: rig, first: 201, from: 1010 * ms, to: 3 * second, address: moved}},
			[]turn{{10 * ms, rig}},
		},

		"stranger beside the rig": {[]talker{{ssrc: rig, to: 8 * second}, stranger}, []turn{{10 * ms, rig}}},
		"stranger at the rig's address": {
			[]talker{{ssrc: rig, to: 8 * second}, spoof}, []turn{{10 * ms, rig}},
		},
		"stranger at the rig's address, a pause of 240 ms": {
			[]talker{old, spoof, {ssrc: rig, first: 201, from: 1240 * ms, to: 8 * second}}, []turn{{10 * ms, rig}},
		},
		"stranger at the rig's address, pauses of 400 ms": {
			[]talker{
				old, spoof,
				{ssrc: rig, first: 201, from: 1400 * ms, to: 3 * second},
				{ssrc: rig, first: 361, from: 3400 * ms, to: 8 * second},
			}, []turn{{10 * ms, rig}, {1250 * ms, nobody}, {1900 * ms, rig}},
		}, // which makes it wary
		"stranger first": {
			[]talker{stranger, {ssrc: rig, from: 40 * ms, to: 8 * second}}, []turn{{10 * ms, nobody}},
		},

		"restart beside a stranger": {
			[]talker{old, stranger, {ssrc: anew, first: 9, from: 1040 * ms, to: 8 * second}},
			[]turn{{10 * ms, rig}, {1250 * ms, anew}},
		},
		"restart elsewhere beside a stranger": {
			[]talker{old, stranger, {ssrc: anew, first: 9, from: 1500 * ms, to: 8 * second, address: moved}},
			[]turn{{10 * ms, rig}, {2000 * ms, anew}},
		},
		"outage beside a stranger": {
			[]talker{old, stranger, {ssrc: rig, first: 201, from: 3 * second, to: 8 * second}},
			[]turn{{10 * ms, rig}, {2000 * ms, nobody}, {3500 * ms, rig}},
		},
		"outage beside a stranger, back elsewhere": {
			[]talker{old, stranger, {ssrc: rig, first: 301, from: 3 * second, to: 8 * second, address: moved}},
			[]turn{{10 * ms, rig}, {2000 * ms, nobody}, {3500 * ms, rig}},
		},
		"outage beside a stranger, back beside one at the rig's address": {
			[]talker{
				old, stranger,
				{ssrc: nobody + 1, first: 7000, from: 2900 * ms, to: 8 * second},
				{ssrc: rig, first: 201, from: 3 * second, to: 8 * second},
			}, []turn{{10 * ms, rig}, {2000 * ms, nobody}, {3400 * ms, nobody + 1}, {3500 * ms, rig}},
		},
		"late restart beside a stranger": {
			[]talker{old, stranger, {ssrc: anew, first: 9, from: 3 * second, to: 8 * second}},
			[]turn{{10 * ms, rig}, {2000 * ms, nobody}, {3500 * ms, anew}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var events []event
			for _, k := range c.talkers {
				_, es := k.events(t)
				events = append(events, es...)
			}
			require.Equal(t, c.want, turns(t, newHarness(t, 200*ms), events))
		})
	}
}

// A stranger's own stream, valid in all, is never followed while the rig sends, however long he goes on.
func TestStrangerForAnHour(t *testing.T) {
	length := time.Hour // of which each second has ten packets
	if testing.Short() {
		length = 2 * time.Minute
	}
	packets, events := talker{ssrc: rig, to: length, every: 200 * ms}.events(t)
	_, other := talker{ssrc: nobody, first: 777, from: 15 * ms, to: length, every: 200 * ms, address: elsewhere}.events(t)
	h := newHarness(t, 200*ms)
	h.quick = true
	require.Equal(t, []turn{{200 * ms, rig}}, turns(t, h, slices.Concat(events, other)))
	require.Len(t, h.packets, len(packets))
	counts, lost := h.pipeline.Counts()
	require.EqualValues(t, len(other), counts.Refused)
	require.Zero(t, lost.Lost)
}

// The rig's networks give it new addresses, on all links at once and on one after the other: its stream goes on.
func TestNewAddresses(t *testing.T) {
	packets, events := talker{ssrc: rig, to: 8 * time.Second}.events(t)
	for name, since := range map[string]func(link int) time.Duration{
		"all at once": func(int) time.Duration { return 3 * time.Second },
		"by turns":    func(link int) time.Duration { return time.Duration(1+link) * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			changed := slices.Clone(events)
			for i, e := range changed {
				if e.at.Sub(epoch) >= since(e.link) {
					changed[i].from = moved(e.link)
				}
			}
			h := newHarness(t, 200*ms)
			require.Equal(t, []turn{{10 * ms, rig}}, turns(t, h, changed))
			require.Len(t, h.packets, len(packets))
			for link := range testLinks {
				require.Equal(t, moved(link), h.pipeline.From(link), "where feedback goes")
			}
		})
	}
}

// A stranger who was first is followed, unless the rig's addresses are the only ones allowed.
func TestAllowedAddresses(t *testing.T) {
	_, events := talker{ssrc: rig, from: 40 * ms, to: time.Second}.events(t)
	_, other := talker{ssrc: nobody, to: time.Second, address: elsewhere}.events(t)
	cfg := testConfig()
	cfg.Allow = []netip.Prefix{netip.MustParsePrefix("10.77.0.0/16")}
	h := newHarnessOf(t, cfg)
	require.Equal(t, []turn{{50 * ms, rig}}, turns(t, h, slices.Concat(events, other)))
	require.Equal(t, map[string]uint64{refusedAddress: uint64(len(other))}, h.pipeline.Snapshot(h.now).Refused)
}

// While 10,000 packets a second of ever new SSRCs come, a rig that restarts is followed within a second of its packets'
// arrival, or two where nothing tells it from a stranger but that it goes on.
func TestRestartInAFlood(t *testing.T) {
	const per = 100 * time.Microsecond
	for name, c := range map[string]struct {
		pairs   bool
		address func(link int) netip.AddrPort
		old     time.Duration // how long the rig sends before it restarts
		within  time.Duration
	}{
		"each once":                    {false, nil, 1000 * ms, 250 * ms},
		"each twice":                   {true, nil, 1000 * ms, 250 * ms},
		"each once, new addresses":     {false, moved, 1000 * ms, time.Second},
		"each twice, new addresses":    {true, moved, 1000 * ms, time.Second},
		"each once, at the beginning":  {false, nil, 0, 10 * ms},
		"each twice, at the beginning": {true, nil, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			_, events := talker{ssrc: rig, first: 100, to: c.old}.events(t)
			begins := c.old + 3*ms
			_, again := talker{ssrc: anew, first: 700, from: begins, to: 4 * time.Second, address: c.address}.events(t)
			events = append(events, again...)
			f := newFlooder(1)
			for i := range int((begins + c.within + 200*ms) / per) {
				f.near = uint16(i)
				data := slices.Clone(f.ssrc())
				ssrc := uint32(1000 + i)
				if c.pairs {
					ssrc = uint32(1000 + i/2)
				}
				binary.BigEndian.PutUint32(data[isc.HeaderSize+8:], ssrc)
				events = append(events, event{epoch.Add(time.Duration(i) * per), i % testLinks, elsewhere(i), data})
			}
			h := newHarness(t, 200*ms)
			h.quick = true
			followed := turns(t, h, events)
			i := slices.IndexFunc(followed, func(f turn) bool { return f.ssrc == anew })
			require.GreaterOrEqual(t, i, 0, "%v", followed)
			require.LessOrEqual(t, followed[i].at, begins+c.within, "%v", followed)
			require.Len(t, followed, i+1, "and nobody after it")
			require.Equal(t, rtpSequence(again[0].data[isc.HeaderSize:]), firstOf(h.packets, anew), "from its first packet on")
		})
	}
}

// firstOf returns the sequence number of the first packet of an SSRC.
func firstOf(packets [][]byte, ssrc uint32) uint16 {
	i := slices.IndexFunc(packets, func(p []byte) bool { return rtpIdentity(p).SSRC == ssrc })
	return rtpSequence(packets[i])
}
