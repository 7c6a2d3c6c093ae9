package receiver

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLateForAnEndedStream has the last packets of a run come after the next run has begun: they are late, and nothing
// of them is kept.
func TestLateForAnEndedStream(t *testing.T) {
	a, ta := steady(1, 100, epoch)
	b, tb := steady(2, 40000, epoch.Add(1200*time.Millisecond))
	first := rtpSequence(a[len(a)-3])
	for _, p := range a[len(a)-2:] { // the rig lost packets before it coded these
		binary.BigEndian.PutUint16(p[2:], rtpSequence(p)+300)
	}
	old := delayed(encode(t, a, ta, fixed(3, 0)), 400*time.Millisecond, func(e event) bool {
		return numberIn(e) > 0 && segmentOf(e) == first
	})
	want := slices.Concat(a[:len(a)-2], b)
	h := requireEach(t, want, append(old, encode(t, b, tb, fixed(3, 0))...))
	counts, _ := h.pipeline.Counts()
	require.EqualValues(t, 2, counts.Late)
}

// TestRestartBehindTwice has a rig with a fixed SSRC begin anew behind where it was, and again before the first of the
// three runs is forgotten: the third is no straggler of that.
func TestRestartBehindTwice(t *testing.T) {
	var want [][]byte
	var events []event
	for run := range 3 {
		at := epoch.Add(time.Duration(run) * 1700 * time.Millisecond)
		packets := rtpPackets(1, uint16(2000-300*run), equalLengths(300, 50+run))
		want = append(want, packets...)
		events = append(events, encode(t, packets, paced(at, len(packets), 2*time.Millisecond), fixed(3, 1))...)
	}
	h := requireEach(t, want, events)
	require.Equal(t, 3, h.pipeline.runs)
}

// TestLateAtTheStart has a packet come just after those behind it were released, before the stream has gone on: it is
// late, and no restart.
func TestLateAtTheStart(t *testing.T) {
	h := newHarness(t, 0)
	packets := rtpPackets(1, 100, equalLengths(4, 50))
	later := epoch.Add(20 * time.Second)
	events := encode(t, packets, paced(later, len(packets), 0), fixed(1, 0))
	for i, n := range []int{2, 3, 0, 1} {
		events[n].at = later.Add(time.Duration(i) * time.Millisecond)
		h.push(events[n])
	}
	h.flush()
	require.Equal(t, sequences(packets[2:]), sequences(h.packets))
	require.Equal(t, 1, h.pipeline.runs)
	counts, _ := h.pipeline.Counts()
	require.EqualValues(t, 2, counts.Late)
}
