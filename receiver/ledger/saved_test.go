package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// perLink is a segment of 3 + 1 whose packets came on all links but those of which it has 0.
type perLink = []uint8

func saved(l *Ledger, now time.Duration) (by []uint64) {
	for _, link := range snapshot(l, now).Links {
		by = append(by, link.Saved)
	}
	return by
}

// run closes a segment every 10 ms and hears the links named.
func run(l *Ledger, from, to time.Duration, came perLink) {
	for at := from; at < to; at += 10 * ms {
		l.Segment(at, 3, 1, came)
		for i, n := range came {
			if n > 0 {
				hear(l, at, i, 0)
			}
		}
	}
}

func TestSavedByElimination(t *testing.T) {
	l := New(5) // the last one never brings anything
	require.False(t, l.Saved(0, 0, 1), "no link was ever heard")
	run(l, 0, s, perLink{1, 1, 1, 1, 0})
	require.False(t, l.Saved(s, 900*ms, 1), "all bring packets")

	run(l, s, 1400*ms, perLink{1, 0, 1, 1, 0})
	require.False(t, l.Saved(1400*ms, 1100*ms, 1), "not silent for long")
	run(l, 1400*ms, 2*s, perLink{1, 0, 1, 1, 0})
	require.False(t, l.Saved(2*s, 980*ms, 1), "not silent yet when the segment was sent")
	require.True(t, l.Saved(2*s, 1100*ms, 2))
	require.Equal(t, []uint64{0, 2, 0, 0, 0}, saved(l, 2*s))

	run(l, 2*s, 3*s, perLink{1, 0, 1, 0, 0})
	require.False(t, l.Saved(3*s, 2800*ms, 1), "it may be either of two")

	// The rig gives the silent link up: what is missing now is that of others.
	run(l, 3*s, 4*s, perLink{1, 0, 2, 1, 0})
	require.False(t, l.Saved(4*s, 3800*ms, 1))
	require.Equal(t, []uint64{0, 2, 0, 0, 0}, saved(l, 4*s))

	c := snapshot(l, 4*s)
	require.EqualValues(t, 8, c.Packets.Saved)
	require.EqualValues(t, 1, c.Recent["1s"].Saved)
	require.EqualValues(t, 8, c.Recent["8s"].Saved)
	require.Zero(t, c.Links[1].Recent["1s"].Saved)
	require.EqualValues(t, 2, c.Links[1].Recent["8s"].Saved)
}

// TestSavedAfterAll has packets come on links after they were given up.
func TestSavedAfterAll(t *testing.T) {
	l := New(3)
	run(l, 0, s, perLink{2, 1, 1})
	require.False(t, l.Saved(s, 900*ms, 3))
	l.SavedOn(1100*ms, 2)
	l.SavedOn(1200*ms, 0)
	require.Equal(t, []uint64{1, 0, 1}, saved(l, 2*s))
	require.EqualValues(t, 3, snapshot(l, 2*s).Packets.Saved)
	require.EqualValues(t, 1, snapshot(l, 2*s).Links[2].Recent["8s"].Saved)
}
