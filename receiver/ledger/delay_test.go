package ledger

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDelays(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	l := New(4)
	for i := range 20_000 { // 200 s: the rig's timestamp wraps twice
		at := time.Duration(i) * 10 * ms
		hear(l, at, 0, stamp(at, 20*ms))
		hear(l, at, 1, stamp(at, 20*ms+50*ms))
		hear(l, at, 2, stamp(at, 20*ms+120*ms+time.Duration(rng.IntN(40))*ms))
		if i%1000 > 100 {
			continue
		}
		links := snapshot(l, at).Links
		require.InDelta(t, 0, links[0].DelayMS, 1, at)
		require.InDelta(t, 50, links[1].DelayMS, 2, at)
		require.InDelta(t, 140, links[2].DelayMS, 25, at)
		require.Zero(t, links[3].DelayMS)
		require.Less(t, links[0].JitterMS, 2.0)
		if i > 100 {
			require.InDelta(t, 14, links[2].JitterMS, 10, at)
		}
	}
	// The fastest link dies: the others are behind the next one.
	at := 201 * s
	hear(l, at, 1, stamp(at, 70*ms))
	hear(l, at, 2, stamp(at, 160*ms))
	links := snapshot(l, at).Links
	require.Zero(t, links[0].DelayMS)
	require.Zero(t, links[1].DelayMS)
	require.InDelta(t, 90, links[2].DelayMS, 25)
}

// TestDrift lets the rig's clock run away from ours, past a whole cycle.
func TestDrift(t *testing.T) {
	l := New(3)
	for i := range 10_000 { // 10,000 s of 10 s steps, 2 % fast: 2000 s
		at := time.Duration(i) * 10 * s
		sent := started.Add(at + at/50)
		hear(l, at, 0, int(sent.UnixMilli()/10%10_000))
		if i < 5000 {
			continue // link 1 is first heard when the delays have wrapped many times
		}
		hear(l, at, 1, int(sent.Add(-30*ms).UnixMilli()/10%10_000))
		if i > 5200 {
			links := snapshot(l, at).Links
			require.Zero(t, links[0].DelayMS+links[2].DelayMS)
			require.InDelta(t, 30, links[1].DelayMS, 1)
		}
	}
}

// TestSenselessTimestamps checks that a rig that writes anything but its clock has no delay figures, and that other
// links keep theirs.
func TestSenselessTimestamps(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for name, timestamp := range map[string]func(at time.Duration) int{
		"random":       func(time.Duration) int { return int(rng.Uint32() & 0xFFFF) },
		"constant":     func(time.Duration) int { return 0 },
		"milliseconds": func(at time.Duration) int { return int(started.Add(at).UnixMilli() & 0xFFFF) },
		"microseconds": func(at time.Duration) int { return int(started.Add(at).UnixMicro() & 0xFFFF) },
		"seconds":      func(at time.Duration) int { return int(started.Add(at).Unix() & 0xFFFF) },
	} {
		t.Run(name, func(t *testing.T) {
			l := New(3)
			for i := range 6000 {
				at := time.Duration(i) * 10 * ms
				hear(l, at, 0, timestamp(at))
				hear(l, at, 1, stamp(at, 20*ms))
				hear(l, at, 2, stamp(at, 50*ms))
				if at < 10*s {
					continue
				}
				links := snapshot(l, at).Links
				require.Zero(t, links[0].DelayMS, at)
				require.Zero(t, links[0].JitterMS, at)
				require.Zero(t, links[1].DelayMS, at)
				require.InDelta(t, 30, links[2].DelayMS, 1, at)
			}
			// A restarted rig that writes a clock has figures again.
			l.Restarted()
			for i := range 100 {
				at := time.Minute + time.Duration(i)*10*ms
				hear(l, at, 0, stamp(at, 60*ms))
				hear(l, at, 1, stamp(at, 20*ms))
			}
			require.InDelta(t, 40, snapshot(l, 61*s).Links[0].DelayMS, 1)
		})
	}
}

// TestClockJump sets the rig's clock, back and forth, and has one link's packets wait in a queue for long.
func TestClockJump(t *testing.T) {
	l := New(2)
	stepped := []time.Duration{ // by ten seconds
		0, 0, 0, 20 * s, 20 * s, -25 * s, -25 * s,
	}
	for i := range 7000 {
		at := time.Duration(i) * 10 * ms
		late, clock := time.Duration(0), stepped[at/(10*s)]
		if at >= 20*s && at < 21*s {
			late = 8 * s // link 1 alone
		}
		hear(l, at, 0, stamp(at, -clock))
		hear(l, at, 1, stamp(at, 50*ms+late-clock))
		switch jumpedAt, by, ok := l.ClockJump(); {
		case at < 30*s:
			require.False(t, ok, at)
		case at < 50*s:
			require.Equal(t, 30*s, jumpedAt)
			require.InDelta(t, 20*s, by, float64(100*ms))
		default:
			require.Equal(t, 50*s, jumpedAt)
			require.InDelta(t, -45*s, by, float64(100*ms))
		}
		if at > 30*s {
			require.InDelta(t, 50, snapshot(l, at).Links[1].DelayMS, 1, at)
		}
	}
	l.Restarted()
	_, _, ok := l.ClockJump()
	require.False(t, ok, "it may be another clock")
}

// TestStep sets the rig's clock by half a minute while it runs.
func TestStep(t *testing.T) {
	l := New(2)
	for i := range 200_000 { // 2000 s
		at := time.Duration(i) * 10 * ms
		step := time.Duration(0)
		if at >= 10*s {
			step = 34 * s
		}
		hear(l, at, 0, stamp(at, 20*ms+step))
		hear(l, at, 1, stamp(at, 50*ms+step))
	}
	links := snapshot(l, 2000*s).Links
	require.Zero(t, links[0].DelayMS)
	require.InDelta(t, 30, links[1].DelayMS, 1)
	require.Less(t, links[1].JitterMS, 10.0)
}

func TestWrap(t *testing.T) {
	for in, want := range map[float64]float64{
		0: 0, 10: 10, -10: -10, 49_999: 49_999, 50_001: -49_999, 99_990: -10, -99_990: 10, 250_010: 50_010 - 100_000,
	} {
		require.InDelta(t, want, wrap(in), 0, in)
	}
	require.InDelta(t, 60, milliseconds(9999, time.Unix(0, 50e6)), 1e-6)
	require.InDelta(t, 60, milliseconds(9999, time.Unix(100, 50e6)), 1e-6)
}
