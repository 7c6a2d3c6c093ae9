package rig

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

func newEngine(t *testing.T) *Engine {
	t.Helper()
	e, err := NewEngine(DefaultEngine(), epoch)
	require.NoError(t, err)
	return e
}

// feed pushes n packets from that sequence number on and returns how many datagrams went to each link, and the probes.
func feed(t *testing.T, e *Engine, first uint16, n int) (carried, probes [4]int) {
	t.Helper()
	for i := range n {
		datagrams, err := e.Push(nil, rtpPacket(first+uint16(i)), epoch)
		require.NoError(t, err)
		for _, d := range datagrams {
			if d.Probe {
				probes[d.Link]++
			} else {
				carried[d.Link]++
			}
		}
	}
	return carried, probes
}

func scores(text string) Feedback {
	var f Feedback
	for field := range strings.FieldsSeq(text) {
		n, _ := strconv.Atoi(field)
		f.Scores = append(f.Scores, uint32(n))
	}
	return f
}

func TestEngineFollowsFeedback(t *testing.T) {
	e := newEngine(t)
	carried, probes := feed(t, e, 0, 300)
	require.Equal(t, [4]int{100, 100, 100, 100}, carried)
	require.Zero(t, probes)

	require.NoError(t, e.Feedback(0, scores("9000 9000 0 9000"), epoch))
	carried, probes = feed(t, e, 300, 200)
	require.Equal(t, [4]int{100, 100, 0, 100}, carried, "2+1 over three links")
	require.Equal(t, [4]int{0, 0, 100 / probeEvery, 0}, probes)

	require.NoError(t, e.Feedback(3, Feedback{Jitter: 1234}, epoch))
	require.Equal(t, uint32(1234), e.Jitter())
	require.NoError(t, e.Tick(epoch.Add(20*time.Second)))
	require.True(t, e.Blind())
	carried, probes = feed(t, e, 500, 300)
	require.Equal(t, [4]int{100, 100, 100, 100}, carried)
	require.Zero(t, probes)
	require.NotEmpty(t, e.Decisions(nil))

	require.NoError(t, e.SetLinks(epoch, make([]plan.Up, 4)))
	carried, _ = feed(t, e, 800, 300)
	require.Zero(t, carried)
}

// The copies of scores that come by other links count once, however late, and scores that happen to be the same as
// those before count again.
func TestEngineKnowsCopies(t *testing.T) {
	e := newEngine(t)
	uses := func(link int, text string) bool {
		require.NoError(t, e.Feedback(link, scores(text), epoch))
		inUse := e.Plan().Links[2].Weight > 0
		feed(t, e, 0, 300)
		return inUse
	}
	feed(t, e, 0, 300)
	require.False(t, uses(0, "9 9 0 9"))
	require.True(t, uses(0, "8 8 8 8"))
	for link := 1; link < 4; link++ {
		require.True(t, uses(link, "9 9 0 9"), "a copy")
		require.True(t, uses(link, "8 8 8 8"), "a copy")
	}
	require.False(t, uses(0, "9 9 0 9"))

	same := []uint32{7, 7}
	var r rounds
	require.True(t, r.begins(0, same, epoch))
	require.True(t, r.begins(0, same, epoch))
	require.False(t, r.begins(1, same, epoch))
	require.False(t, r.begins(1, same, epoch))
	require.True(t, r.begins(1, same, epoch))
	require.True(t, r.begins(2, same, epoch.Add(roundLasts)), "much later, it is no copy")
}

// A link on which the copy of a score datagram is missing has just died, most likely, whatever its score says. One that
// never brought any, as its way back is closed, tells nothing by that.
func TestEngineMissesCopies(t *testing.T) {
	e := newEngine(t)
	now := epoch
	round := func(text string, links ...int) {
		t.Helper()
		feed(t, e, 0, 300)
		now = now.Add(time.Second)
		for _, link := range links {
			require.NoError(t, e.Feedback(link, scores(text), now))
		}
		now = now.Add(copiesTake)
		require.NoError(t, e.Tick(now.Add(-1)))
		require.InDelta(t, 0.25, e.Plan().Links[3].Weight, 0.01, "it never brings any copy")
	}
	used := func(link int) bool {
		require.NoError(t, e.Tick(now))
		return e.Plan().Links[link].Weight > 0
	}
	round("9000 9000 9000 9000", 0, 1, 2)
	require.True(t, used(1))
	require.True(t, used(3))
	round("9001 9001 9001 9001", 0, 2)
	require.False(t, used(1))
	require.True(t, used(3))
	require.Contains(t, e.Decisions(nil)[2].Text, "link 1 is only probed, until it has a score: "+
		"the last scores came on other links and not on this one")
	round("9002 9002 9002 9002", 0, 2)
	require.True(t, used(1), "it was its way back alone")
	round("9003 9003 9003 9003", 0, 2)
	require.True(t, used(1), "which is known")

	round("9004 9004 9004 9004", 0, 1, 2)
	for i := range uint32(100) { // made up, without copies, faster than datagrams
		require.NoError(t, e.Feedback(0, Feedback{Scores: []uint32{i, i, i, i}}, now))
	}
	require.Positive(t, e.Unearned())
	now = now.Add(copiesTake)
	require.True(t, used(2))
}

// Packets of two streams, or out of sequence, are never in one segment: what a receiver gives back would be refused.
func TestSegmentsAreOfOneStream(t *testing.T) {
	type change func(packet []byte)
	for name, test := range map[string]struct {
		change change
		apart  bool
	}{
		"the next one":             {func(p []byte) { p[3] = 2 }, false},
		"a hole":                   {func(p []byte) { p[3] = 99 }, false},
		"marker":                   {func(p []byte) { p[1] |= 0x80; p[3] = 2 }, false},
		"another SSRC":             {func(p []byte) { p[11]++; p[3] = 2 }, true},
		"another payload type":     {func(p []byte) { p[1]++; p[3] = 2 }, true},
		"the same one":             {func(p []byte) { p[3] = 1 }, true},
		"an older one":             {func(p []byte) { p[3] = 0 }, true},
		"half a cycle further":     {func(p []byte) { p[2] = 0x80; p[3] = 1 }, true},
		"just less than that much": {func(p []byte) { p[2] = 0x80 }, false},
	} {
		coder := newCoder(t, 2, 1, 4)
		datagrams, err := coder.Push(nil, rtpPacket(1), epoch)
		require.NoError(t, err)
		require.Empty(t, datagrams)
		packet := rtpPacket(0)
		test.change(packet)
		datagrams, err = coder.Push(nil, packet, epoch)
		require.NoError(t, err)
		want := 2 + 1
		if test.apart {
			want = 1 + 1
		}
		require.Len(t, datagrams, want, name)
	}
}

// One Push may close the segment before and its own.
func TestPushClosesTwoSegments(t *testing.T) {
	coder := newCoder(t, 2, 1, 4)
	_, err := coder.Push(nil, rtpPacket(1), epoch)
	require.NoError(t, err)
	p := evenly(4)
	require.NoError(t, coder.Follow(&plan.Plan{Sources: 1, Parity: 1, Links: p}))
	due, open := coder.Due()
	require.True(t, open)
	require.True(t, due.Before(epoch), "it is full now")
	other := rtpPacket(50)
	other[11] = 7
	datagrams, err := coder.Push(nil, other, epoch)
	require.NoError(t, err)
	var segments []uint16
	for _, d := range datagrams {
		var h isc.Header
		_, err := isc.Parse(d.Data, &h)
		require.NoError(t, err)
		segments = append(segments, h.Segment)
	}
	require.Equal(t, []uint16{1, 1, 50, 50}, segments)
}

func TestFollowRefuses(t *testing.T) {
	coder := newCoder(t, 3, 1, 4)
	require.ErrorIs(t, coder.Follow(&plan.Plan{Sources: 9, Parity: 1, Links: evenly(4)}), ErrCoding)
	_, err := NewEngine(EngineConfig{Links: 4}, epoch)
	require.ErrorIs(t, err, plan.ErrConfig)
}

func TestEngineAllocatesNothing(t *testing.T) {
	e := newEngine(t)
	packets := make([][]byte, 300)
	for i := range packets {
		packets[i] = rtpPacket(uint16(i))
	}
	var dst []Datagram
	require.Zero(t, testing.AllocsPerRun(20, func() {
		for _, p := range packets {
			var err error
			if dst, err = e.Push(dst[:0], p, epoch); err != nil {
				t.Fatal(err)
			}
		}
	}))
}
