package receiver

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// without leaves out events.
func without(events []event, lose func(e event) bool) []event {
	return slices.DeleteFunc(slices.Clone(events), lose)
}

// keyframe tells what an RTP packet of the film begins: SPS and PPS, a keyframe's slice, or neither.
func keyframe(rtp []byte) (sets, slice bool) {
	kind := rtp[12] & 0x1F
	return kind == naluSTAPA, kind == naluFUA && rtp[13]&0x1F == naluIDR
}

// edited is the film with packets changed; those that edit returns nil for never were.
func edited(t *testing.T, edit func(at time.Duration, rtp []byte) []byte) []event {
	t.Helper()
	packets, times := film(t)
	var kept [][]byte
	var when []time.Time
	for i, p := range packets {
		if p = edit(times[i].Sub(epoch), p); p != nil {
			binary.BigEndian.PutUint16(p[2:], uint16(len(kept)))
			kept, when = append(kept, p), append(when, times[i])
		}
	}
	return encode(t, kept, when, fixed(3, 1))
}

func TestVerdictNoKeyframe(t *testing.T) {
	const eachSecond = "Have the rig send a keyframe with SPS and PPS each second."
	after := func(least time.Duration, lose func(rtp []byte) bool) []event {
		return edited(t, func(at time.Duration, rtp []byte) []byte {
			if at < least || lose(rtp) {
				return nil
			}
			return rtp
		})
	}
	for _, c := range []struct {
		name     string
		events   []event
		text     string
		evidence []string
	}{
		{
			"neither", after(0, func(rtp []byte) bool { sets, slice := keyframe(rtp); return sets || slice }),
			"Packets arrive, but no keyframe yet.",
			[]string{"360 packets came within 5 s.", "Neither a keyframe nor SPS and PPS came."},
		},
		{
			"sets alone", after(0, func(rtp []byte) bool { _, slice := keyframe(rtp); return slice }),
			"Packets arrive, but no keyframe yet.",
			[]string{"366 packets came within 5 s.", "SPS and PPS came, but no keyframe."},
		},
		{
			"no sets", after(0, func(rtp []byte) bool { sets, _ := keyframe(rtp); return sets }),
			"Packets arrive, but no keyframe that can be decoded yet.",
			[]string{"441 packets came within 5 s.", "Keyframes came, but without SPS and PPS."},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, status.Verdict{
				Code: "no-keyframe", Text: c.text, Evidence: c.evidence, Advice: eachSecond,
			}, verdict(t, c.events, 5200*time.Millisecond))
		})
	}
	// The middle of a second, and its end.
	middle := without(filmed(t), func(e event) bool { return e.at.Sub(epoch) < 300*time.Millisecond })
	require.Equal(t, status.Verdict{
		Code: "no-keyframe", Text: "Packets arrive, but no keyframe yet.", Advice: eachSecond,
		Evidence: []string{"51 packets came within less than 1 s.", "Neither a keyframe nor SPS and PPS came."},
	}, verdict(t, middle, 900*time.Millisecond))
	require.Equal(t, status.Verdict{Code: "ok", Text: "The picture is live."}, verdict(t, middle, 1100*time.Millisecond))
}

// TestParameterSetsApart has parameter sets come as if they were a picture, as some cameras send them: with the marker,
// or with a time of their own.
func TestParameterSetsApart(t *testing.T) {
	want := replay(t, filmed(t))
	for name, ticks := range map[string]uint32{"marked": 0, "earlier": 90} {
		t.Run(name, func(t *testing.T) {
			events := edited(t, func(_ time.Duration, rtp []byte) []byte {
				if sets, _ := keyframe(rtp); sets {
					rtp[1] |= 0x80
					binary.BigEndian.PutUint32(rtp[4:], binary.BigEndian.Uint32(rtp[4:])-ticks)
				}
				return rtp
			})
			require.Equal(t, "ok", verdict(t, events, 5200*time.Millisecond).Code)
			got := replay(t, events)
			require.Equal(t, want.status.Stream, got.status.Stream)
			require.Len(t, got.units, len(want.units))
			for i, unit := range want.units {
				require.Equal(t, unit.Time, got.units[i].Time, i)
				require.True(t, slices.EqualFunc(unit.NALUs, got.units[i].NALUs, bytes.Equal), i)
			}
		})
	}
}

// tornKeyframes is the film with a packet of each keyframe lost on the way beyond what the coding gives back.
func tornKeyframes(t *testing.T, from time.Duration) []event {
	t.Helper()
	packets, times := film(t)
	lost := map[uint16]bool{}
	for i, p := range packets {
		if sets, _ := keyframe(p); sets && times[i].Sub(epoch) >= from {
			lost[rtpSequence(packets[(i+6)/3*3])] = true // the segment after the next one
		}
	}
	return without(encode(t, packets, times, fixed(3, 1)), func(e event) bool {
		return lost[segmentOf(e)] && numberIn(e) < 2
	})
}

func TestVerdictTornKeyframes(t *testing.T) {
	require.Equal(t, status.Verdict{
		Code: "no-keyframe", Text: "Packets arrive, but no whole keyframe yet.",
		Evidence: []string{
			"450 packets came within 5 s.", "Keyframes came, with SPS and PPS, but each lacked packets that were lost.",
		},
		Advice: "Have the rig send less video, or more parity, so that keyframes come through whole.",
	}, verdict(t, tornKeyframes(t, 0), 5400*time.Millisecond))
}

// TestVerdictFrozen has a channel that shows nothing between a loss and the next whole keyframe.
func TestVerdictFrozen(t *testing.T) {
	h := newHarness(t, 200*time.Millisecond)
	h.pipeline.depacket.Freeze = true
	require.Equal(t, status.Verdict{
		Code: "no-keyframe", Text: "Packets arrive, but no whole keyframe since some were lost.",
		Evidence: []string{"The last whole picture came 3 s ago, and what follows is held back until a keyframe."},
		Advice:   "Have the rig send a keyframe with SPS and PPS each second.",
	}, h.until(tornKeyframes(t, 2*time.Second), 5400*time.Millisecond).Verdict)
}

// TestVerdictNoPicture has the rig go on with something that is not H.264.
func TestVerdictNoPicture(t *testing.T) {
	events := edited(t, func(at time.Duration, rtp []byte) []byte {
		if at > 3*time.Second {
			rtp[12] = 0x40 // as H.265 begins
		}
		return rtp
	})
	require.Equal(t, status.Verdict{
		Code: "no-keyframe", Text: "Packets arrive, but have made no whole picture for 3 s.",
		Evidence: []string{"250 packets came that belong to no picture."},
		Advice:   "See that the rig sends H.264 as RFC 6184 has it, or restart its encoder.",
	}, verdict(t, events, 6300*time.Millisecond))
}

func TestVerdictClockJumps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	events := edited(t, func(_ time.Duration, rtp []byte) []byte {
		binary.BigEndian.PutUint32(rtp[4:], rng.Uint32())
		return rtp
	})
	v := verdict(t, events, 3*time.Second)
	require.Len(t, v.Evidence, 1)
	require.Regexp(t, `^The time of its video jumped 281 times within 2 s, last by [+-]\d+\.\d s just now\.$`,
		v.Evidence[0])
	v.Evidence = nil
	require.Equal(t, status.Verdict{
		Code: "clock-jumps", Text: "The rig's clock jumps, so that its packets make no whole picture.",
		Advice: "Restart the rig's encoder, and see that nothing sets the rig's clock while it sends.",
	}, v)
}

// TestVerdictLinkClockJumps sets the clock that the rig stamps its datagrams with: the picture stays good, and that the
// delays begin anew is remarked on for a minute. A rig that writes another unit, or nothing, is not remarked on.
func TestVerdictLinkClockJumps(t *testing.T) {
	stamped := func(stamp func(at time.Duration) uint16) []event {
		packets, times := steady(1, 100, epoch)
		events := encode(t, packets, paced(epoch, len(times), 40*time.Millisecond), fixed(1, 0))
		for i := range events {
			events[i].data = bytes.Clone(events[i].data)
			binary.BigEndian.PutUint16(events[i].data[18:], stamp(events[i].at.Sub(epoch)))
		}
		return events
	}
	step := func(at time.Duration) uint16 {
		if at > 15*time.Second {
			at += 34 * time.Second
		}
		return uint16(at.Milliseconds() / 10 % 10_000)
	}
	remark := []string{"The rig's clock jumped by +34.0 s 4 s ago (give or take whole 100 s), so the links' delays have " +
		"been measured anew since."}
	h := newHarness(t, 200*time.Millisecond)
	c := h.until(stamped(step), 20100*time.Millisecond)
	require.Equal(t, remark, c.Verdict.Evidence[2:])
	require.NotEqual(t, status.VerdictClockJumps, c.Verdict.Code)
	for _, link := range c.Links {
		require.InDelta(t, 0, link.DelayMS, 1)
	}
	for _, other := range []func(at time.Duration) uint16{
		func(time.Duration) uint16 { return 0 },
		func(at time.Duration) uint16 { return uint16(at.Milliseconds()) },
		func(at time.Duration) uint16 { return uint16(at.Microseconds()) },
		func(at time.Duration) uint16 { return uint16(at.Seconds()) },
	} {
		require.Len(t, verdict(t, stamped(other), 20100*time.Millisecond).Evidence, 2)
	}
}

func TestVerdictRival(t *testing.T) {
	mine := filmed(t)
	packets, times := film(t)
	for i := range packets {
		binary.BigEndian.PutUint32(packets[i][8:], 0xBEEF)
	}
	var others []event
	for _, e := range encode(t, packets, times, fixed(3, 1)) {
		e.from = netip.AddrPortFrom(stranger.Addr(), e.from.Port())
		others = append(others, event{e.at.Add(time.Second), e.link, e.from, e.data})
	}
	rival := "Another rig sends to these ports, too, from 192.0.2.9:4000%d (SSRC 0000BEEF). It is not followed while " +
		"this one sends: give it ports of its own."
	v := verdict(t, slices.Concat(mine, others), 4*time.Second)
	require.Len(t, v.Evidence, 1)
	require.Contains(t, []string{
		fmt.Sprintf(rival, 0), fmt.Sprintf(rival, 1), fmt.Sprintf(rival, 2), fmt.Sprintf(rival, 3),
	}, v.Evidence[0])
	v.Evidence = nil
	require.Equal(t, status.Verdict{Code: "ok", Text: "The picture is live."}, v)
}
