package receiver

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// falls has links bring nothing from a time on.
func falls(events []event, from time.Duration, links ...int) []event {
	return without(events, func(e event) bool { return e.at.Sub(epoch) > from && slices.Contains(links, e.link) })
}

// TestVerdictSmallLoss loses a few packets, which is no reason to say that there is no picture, but to say it.
func TestVerdictSmallLoss(t *testing.T) {
	lost := func(segments ...int) []event {
		return drop(filmed(t), func(segment int, n uint16) bool { return n < 2 && slices.Contains(segments, segment) })
	}
	require.Equal(t, status.Verdict{
		Code: "ok", Text: "The picture is live.",
		Evidence: []string{"In the last 60 s, 4 of 618 packets could not be rebuilt, which damaged the picture."},
	}, verdict(t, lost(60, 70), 7300*time.Millisecond))
	require.Equal(t, status.Verdict{Code: "ok", Text: "The picture is live."},
		verdict(t, lost(), 7300*time.Millisecond), "nothing was lost")
}

func TestVerdictTooLossy(t *testing.T) {
	links := "See to the links that are silent: their modems, SIM cards and reception at the rig."
	for _, c := range []struct {
		name     string
		events   []event
		text     string
		evidence []string
		advice   string
	}{
		{
			"two links silent", falls(filmed(t), 2*time.Second, 1, 3),
			"Too much is lost on the way: 34 of 68 packets in the last second could not be rebuilt.",
			[]string{
				"The link on UDP 5079 has been silent for 5 s; it was heard from 10.77.1.2:40001.",
				"The link on UDP 5081 has been silent for 5 s; it was heard from 10.77.3.2:40003.",
			},
			links,
		},
		{
			"one silent, one never there", falls(falls(filmed(t), -1, 0), 2*time.Second, 1),
			"Too much is lost on the way: 35 of 67 packets in the last second could not be rebuilt.",
			[]string{
				"The link on UDP 5079 has been silent for 5 s; it was heard from 10.77.1.2:40001.",
				"Nothing of the rig has ever come to UDP 5078.",
			},
			links,
		},
		{
			"each loses a part", drop(filmed(t), func(segment int, n uint16) bool { return n < 2 && segment%2 == 0 }),
			"Too much is lost on the way: 24 of 72 packets in the last second could not be rebuilt.",
			[]string{"No link is silent: each of them loses a part."},
			"Have the rig send less video, or more parity.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, status.Verdict{
				Code: "too-lossy", Text: c.text, Evidence: c.evidence, Advice: c.advice,
			}, verdict(t, c.events, 7300*time.Millisecond))
		})
	}
}

// TestVerdictBreak has nothing come at all for less than a second.
func TestVerdictBreak(t *testing.T) {
	events := without(filmed(t), func(e event) bool {
		return e.at.Sub(epoch) > 5*time.Second && e.at.Sub(epoch) < 5700*time.Millisecond
	})
	require.Equal(t, status.Verdict{
		Code: "too-lossy", Text: "Too much is lost on the way: 45 of 78 packets in the last second could not be rebuilt.",
		Evidence: []string{"A moment ago nothing came on any link for 742 ms."},
		Advice:   "If that happens often, see to the rig's network as a whole, and to that of the receiver's computer.",
	}, verdict(t, events, 6100*time.Millisecond))
}

// TestVerdictTooSlow has two links so far behind that their packets come after those are given up.
func TestVerdictTooSlow(t *testing.T) {
	events := delayed(filmed(t), 900*time.Millisecond, func(e event) bool { return e.link >= 2 })
	require.Equal(t, status.Verdict{
		Code: "too-lossy",
		Text: "Too much is lost on the way: 34 of 70 packets in the last second could not be rebuilt.",
		Evidence: []string{
			"In the last 8 s, 359 datagrams came later than the 200 ms that packets are waited for.",
		},
		Advice: "Raise the latency.",
	}, verdict(t, events, 7300*time.Millisecond))
}

// TestVerdictKernelDrops has the kernel drop what the receiver is too slow for.
func TestVerdictKernelDrops(t *testing.T) {
	h := newHarness(t, 200*time.Millisecond)
	events := drop(filmed(t), func(s int, n uint16) bool { return n < 2 && s%2 == 0 })
	h.until(events, 7*time.Second)
	h.pipeline.KernelDropped(h.now, 1, 77)
	require.Equal(t, status.Verdict{
		Code: "too-lossy",
		Text: "Too much is lost on the way: 24 of 72 packets in the last second could not be rebuilt.",
		Evidence: []string{
			"In the last 8 s, 77 datagrams came to the receiver's computer but not to the receiver, as the buffer was full.",
		},
		Advice: "See what keeps the receiver's computer so busy, and let the system give larger receive buffers.",
	}, h.until(events, 7300*time.Millisecond).Verdict)
}

// TestVerdictNoPictureForLoss has large pictures that each lose a packet, which is not many of all.
func TestVerdictNoPictureForLoss(t *testing.T) {
	packets, _ := film(t)
	packets = packets[:16] // the first keyframe
	for i := range 592 {
		p := bytes.Clone(packets[15])
		binary.BigEndian.PutUint16(p[2:], rtpSequence(packets[0])+uint16(len(packets)))
		binary.BigEndian.PutUint32(p[4:], binary.BigEndian.Uint32(p[4:])+uint32(1+i/30)*27000)
		p[1], p[13] = 96, 1
		switch i % 30 {
		case 0:
			p[13] |= 0x80
		case 29:
			p[1], p[13] = 96|0x80, p[13]|0x40
		}
		packets = append(packets, p)
	}
	events := encode(t, packets, paced(epoch, len(packets), 10*time.Millisecond), fixed(8, 0))
	events = drop(events, func(segment int, n uint16) bool { return segment > 1 && segment%2 == 0 && n == 3 })
	require.Equal(t, status.Verdict{
		Code: "too-lossy", Text: "Too much is lost on the way: no picture has come through whole for 5 s.",
		Evidence: []string{"No link is silent: each of them loses a part."},
		Advice:   "Have the rig send less video, or more parity.",
	}, verdict(t, events, 6*time.Second))
}

// TestVerdictScattered has so little come that no two packets are in sequence.
func TestVerdictScattered(t *testing.T) {
	events := drop(filmed(t), func(segment int, n uint16) bool { return n != 1 || segment%3 > 0 })
	events = without(events, func(e event) bool { return e.link == 2 })
	require.Equal(t, status.Verdict{
		Code: "too-lossy", Text: "Too much is lost on the way: coded packets arrive, but no two in sequence yet.",
		Evidence: []string{
			"44 coded packets came, the last just now from 10.77.0.2:40000 to UDP 5078.", "None of them came to UDP 5080.",
		},
		Advice: "See to the rig's links: their modems, SIM cards and reception.",
	}, verdict(t, events, 6*time.Second))
}

// TestVerdictFirstPacket looks right after the first packet of a rig: that is no loss yet.
func TestVerdictFirstPacket(t *testing.T) {
	first := filmed(t)[:1]
	require.Equal(t, status.Verdict{
		Code: "no-keyframe", Text: "The first packets have arrived, but no keyframe yet.",
		Evidence: []string{"1 coded packet came, just now from 10.77.0.2:40000 to UDP 5078."},
		Advice:   "Wait for a moment.",
	}, verdict(t, first, 300*time.Millisecond))
	require.Equal(t, "too-lossy", verdict(t, first, 2*silence).Code)
}

// allowing has a pipeline take datagrams from some networks only.
func (h *harness) allowing(networks ...string) *harness {
	for _, n := range networks {
		h.pipeline.allow = append(h.pipeline.allow, netip.MustParsePrefix(n))
	}
	return h
}

func TestVerdictNotAllowed(t *testing.T) {
	for _, c := range []struct {
		name     string
		allow    []string
		events   []event
		evidence []string
		advice   string
	}{
		{
			"a rig",
			[]string{"192.0.2.0/24", "198.51.100.7/32"},
			filmed(t),
			[]string{
				"496 coded packets came from addresses that are not allowed, the last just now from 10.77.2.2:40002 to UDP 5080.",
				"Allowed are 192.0.2.0/24 and 198.51.100.7.",
			},
			"If that is the rig, add its address to those that are allowed.",
		},
		{
			"one datagram of a rig",
			[]string{"192.0.2.0/24"},
			filmed(t)[:1],
			[]string{
				"1 coded packet came from an address that is not allowed, 4 s ago from 10.77.0.2:40000 to UDP 5078.",
				"Allowed are 192.0.2.0/24.",
			},
			"If that is the rig, add its address to those that are allowed.",
		},
		{
			"another",
			[]string{"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "2001:db8::/32", "10.0.4.0/24", "10.0.5.0/24"},
			every(time.Second, 3, 1, stranger, []byte("hello")),
			[]string{
				"3 datagrams came from an address that is not allowed, the last 2 s ago from 192.0.2.9:50000 to UDP 5079.",
				"Allowed are 10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24, 2001:db8::/32 and 2 more networks.",
			},
			"See that the rig sends from an address that is allowed.",
		},
		{
			"a rig, and others from allowed addresses",
			[]string{"192.0.2.0/24"},
			slices.Concat(filmed(t), every(time.Second, 4, 0, stranger, []byte("hello"))),
			[]string{
				"496 coded packets came from addresses that are not allowed, the last just now from 10.77.2.2:40002 to UDP 5080.",
				"4 datagrams came without coded video, the last 1 s ago from 192.0.2.9:50000 to UDP 5078: it is shorter than " +
					"the header of coded packets.",
				"Allowed are 192.0.2.0/24.",
			},
			"If that is the rig, add its address to those that are allowed.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, status.Verdict{
				Code: "not-allowed", Text: "What arrives on UDP 5078-5081 is not from an address that is allowed.",
				Evidence: c.evidence, Advice: c.advice,
			}, newHarness(t, 200*time.Millisecond).allowing(c.allow...).until(c.events, 4200*time.Millisecond).Verdict)
		})
	}
}

// TestVerdictLinksNotAllowed has two links of the rig send from addresses that are not allowed.
func TestVerdictLinksNotAllowed(t *testing.T) {
	h := newHarness(t, 200*time.Millisecond).allowing("10.77.0.0/24", "10.77.1.0/24")
	v := h.until(filmed(t), 7300*time.Millisecond).Verdict
	require.Equal(t, status.Verdict{
		Code: "too-lossy", Text: "Too much is lost on the way: 34 of 70 packets in the last second could not be rebuilt.",
		Evidence: []string{
			"Nothing of the rig has ever come to UDP 5080 and 5081.",
			"412 coded packets came from addresses that are not allowed, the last just now from 10.77.3.2:40003 to UDP 5081.",
		},
		Advice: "If that is the rig, add its address to those that are allowed. " +
			"See to the links that are silent: their modems, SIM cards and reception at the rig.",
	}, v)
}

func TestVerdictSilent(t *testing.T) {
	events := falls(falls(filmed(t), 3*time.Second, 0, 1, 3), 4*time.Second, 2)
	v := status.Verdict{
		Code: "silent", Text: "No signal. Nothing has come from the rig for 12 s.",
		Evidence: []string{"The links were last heard: UDP 5078 from 10.77.0.2:40000 13 s ago, " +
			"UDP 5079 from 10.77.1.2:40001 13 s ago, " +
			"UDP 5080 from 10.77.2.2:40002 12 s ago, UDP 5081 from 10.77.3.2:40003 13 s ago."},
		Advice: "See whether the rig is switched on and has a network. The picture comes back by itself.",
	}
	require.Equal(t, v, verdict(t, events, 16*time.Second))

	// It comes back from an address that is not allowed, and somebody sends something else.
	moved := filmed(t)[:100]
	for i := range moved {
		moved[i].at = moved[i].at.Add(14 * time.Second)
		moved[i].from = stranger
	}
	other := every(time.Second, 16, 0, rigAddress(0), []byte("hello"))
	v.Evidence = append(v.Evidence,
		"100 coded packets came from an address that is not allowed, the last 1 s ago from 192.0.2.9:50000 to UDP 5081.",
		"16 datagrams came without coded video, the last 1 s ago from 10.77.0.2:40000 to UDP 5078: it is shorter than the "+
			"header of coded packets.")
	v.Advice = "If that is the rig, add its address to those that are allowed."
	h := newHarness(t, 200*time.Millisecond).allowing("10.77.0.0/16")
	require.Equal(t, v, h.until(slices.Concat(events, moved, other), 16*time.Second).Verdict)
}

// TestVerdictStaysOK has strangers send all sorts of things beside a good picture.
func TestVerdictStaysOK(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	events := filmed(t)
	for _, e := range slices.Clone(events) {
		e.from = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(rng.IntN(256))}), 9)
		e.data = bytes.Clone(e.data)
		for range rng.IntN(4) {
			e.data[rng.IntN(len(e.data))] ^= byte(1 << rng.IntN(8))
		}
		events = append(events, e, event{e.at, e.link, e.from, e.data[:rng.IntN(len(e.data))]},
			event{e.at, e.link, elsewhere(1), []byte("hello")})
	}
	h := newHarness(t, 200*time.Millisecond).allowing("10.77.0.0/16", "192.0.2.0/25")
	for at := 500 * time.Millisecond; at < 9*time.Second; at += 500 * time.Millisecond {
		require.Equal(t, status.Verdict{Code: "ok", Text: "The picture is live."}, h.until(events, at).Verdict)
	}
}

// TestLinkSilentAfterASecond has the last packet of a link come 4 s after the start.
func TestLinkSilentAfterASecond(t *testing.T) {
	last := time.Duration(0)
	events := falls(filmed(t), 4*time.Second, 2)
	for _, e := range events {
		if e.link == 2 {
			last = e.at.Sub(epoch)
		}
	}
	h := newHarness(t, 200*time.Millisecond)
	require.Equal(t, status.LinkUp, h.until(events, last+999*time.Millisecond).Links[2].State)
	h.advance(epoch.Add(last + time.Second))
	link := h.pipeline.Snapshot(h.now).Links[2]
	require.Equal(t, status.LinkSilent, link.State)
	require.True(t, link.Since.Equal(epoch.Add(last)))
	require.InDelta(t, 1000, link.LongestGapMS, 0.1)
}
