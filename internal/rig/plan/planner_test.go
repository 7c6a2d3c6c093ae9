package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func most(r int) int {
	if r > 9 {
		return 0
	}
	return 8
}

func config(links int) Config {
	return Config{Links: links, Parity: Auto, Overhead: 0.34, MostSources: most}
}

// bench is a planner with a clock.
type bench struct {
	*Planner
	t   *testing.T
	now time.Time
}

func start(t *testing.T, config Config) *bench {
	t.Helper()
	p, err := New(config, epoch)
	require.NoError(t, err)
	return &bench{Planner: p, t: t, now: epoch}
}

// round has a second pass in which 100 datagrams are sent on each link in use and 5 on each probed one, then gives
// scores.
func (b *bench) round(scores ...uint32) {
	b.t.Helper()
	for i, l := range b.Plan().Links {
		n := 0
		switch {
		case l.Weight > 0:
			n = 100
		case l.Probe:
			n = 5
		}
		for range n {
			b.Sent(i)
		}
	}
	b.wait(time.Second)
	b.Scores(b.now, scores)
	b.requireSane()
}

// wait has time pass.
func (b *bench) wait(d time.Duration) {
	b.t.Helper()
	for end := b.now.Add(d); b.now.Before(end); {
		b.now = b.now.Add(250 * time.Millisecond)
		b.Tick(b.now)
		b.requireSane()
	}
}

func (b *bench) requireSane() {
	b.t.Helper()
	sum := 0.0
	for _, l := range b.Plan().Links {
		sum += l.Weight
		require.False(b.t, l.Probe && l.Weight > 0)
	}
	if b.Plan().Paths > 0 {
		require.InDelta(b.t, 1, sum, 1e-9)
	} else {
		require.Zero(b.t, sum)
	}
}

func (b *bench) weights() (weights []float64) {
	for _, l := range b.Plan().Links {
		weights = append(weights, l.Weight)
	}
	return weights
}

// said returns what was decided since the last call, a line each.
func (b *bench) said() string {
	var lines []string
	for _, d := range b.Decisions(nil) {
		require.False(b.t, d.At.After(b.now))
		lines = append(lines, d.Text)
	}
	return strings.Join(lines, "\n")
}

func (b *bench) requireCoding(k, r int, survives bool) {
	b.t.Helper()
	p := b.Plan()
	require.Equal(b.t, [2]int{k, r}, [2]int{p.Sources, p.Parity})
	require.Equal(b.t, survives, p.Survives())
}

func TestBegins(t *testing.T) {
	b := start(t, config(4))
	b.requireCoding(3, 1, true)
	require.Equal(t, []float64{0.25, 0.25, 0.25, 0.25}, b.weights())
	require.True(t, b.Blind())
	require.Equal(t, "3+1 over 4 paths: survives the loss of any one\n"+
		"the links are weighted 25/25/25/25 %, without scores", b.said())
	b.wait(time.Minute)
	require.Empty(t, b.said())
}

func TestLinkDiesAndReturns(t *testing.T) {
	b := start(t, config(4))
	b.round(900, 900, 900, 900)
	b.said()

	b.round(900, 900, 0, 900)
	require.Zero(t, b.Plan().Links[2].Weight, "at once")
	require.True(t, b.Plan().Links[2].Probe)
	b.requireCoding(2, 1, true)
	require.Equal(t, "link 2 is only probed, until it has a score: none of the 100 datagrams sent there since "+
		"the last scores came (score 0)\n"+
		"2+1 over 3 paths: survives the loss of any one, which takes 50 % of parity, more than the 34 % allowed\n"+
		"the links are weighted 33/33/0/33 %, by how steady their delays are", b.said())
	for range 5 {
		b.round(900, 900, 0, 900)
	}
	require.Empty(t, b.said(), "it is known")

	b.round(900, 900, 900, 900)
	require.InDelta(t, 0.25, b.Plan().Links[2].Weight, 1e-9, "all of its share")
	b.requireCoding(3, 1, true)
	require.Equal(t, "link 2 has its share again: it has 1 score\n"+
		"3+1 over 4 paths: survives the loss of any one\n"+
		"the links are weighted 25/25/25/25 %, by how steady their delays are", b.said())
}

// A link that dies again and again soon after its return gets its share back later each time, until it has lasted.
func TestRelapses(t *testing.T) {
	b := start(t, config(2))
	for _, needs := range []int{1, 2, 4, 4} {
		b.round(900, 0)
		if needs > 1 { // what does not follow each other does not count
			b.round(900, 900)
			b.round(900, 0)
		}
		for i := range needs {
			require.Zero(t, b.Plan().Links[1].Weight)
			b.round(900, 900)
			require.Equal(t, i == needs-1, b.Plan().Links[1].Weight > 0, "%d of %d", i+1, needs)
		}
	}
	for range 30 {
		b.round(900, 900)
	}
	b.round(900, 0)
	b.round(900, 900)
	require.Positive(t, b.Plan().Links[1].Weight)
}

// A score of 0 is no news from a link where hardly anything was sent.
func TestScoreOfNothingSent(t *testing.T) {
	b := start(t, config(2))
	b.wait(time.Second)
	for range 100 {
		b.Sent(0)
	}
	for range telling - 1 {
		b.Sent(1)
	}
	b.Scores(b.now, []uint32{900, 0})
	require.Positive(t, b.Plan().Links[1].Weight)
}

func TestNoScoresForLong(t *testing.T) {
	b := start(t, config(4))
	b.round(900_000, 900_000, 0, 90)
	require.Zero(t, b.Plan().Links[2].Weight)
	b.said()
	b.wait(silence - time.Second)
	require.Zero(t, b.Plan().Links[2].Weight)
	b.wait(time.Second)
	require.Equal(t, []float64{0.25, 0.25, 0.25, 0.25}, b.weights())
	require.Contains(t, b.said(), "all links that can send have equal shares: no scores have come for 10s")

	b.round(900, 900, 0, 900)
	require.Zero(t, b.Plan().Links[2].Weight, "the first score after that counts")
}

func TestWeightsFollowScoresSlowly(t *testing.T) {
	b := start(t, config(2))
	b.round(10_000_000, 10_000_000)
	last := 0.5
	for i := range 100 {
		b.round(10_000_000, 25_000) // 0 and 40 ms of variation
		w := b.Plan().Links[1].Weight
		require.LessOrEqual(t, w, last)
		if i == 0 {
			require.Greater(t, w, 0.45, "a tenth of the way")
		}
		last = w
	}
	require.InDelta(t, 0.2/1.2, last, 0.01)
	b.round(10_000_000, 10_000_000)
	require.InDelta(t, last, b.Plan().Links[1].Weight, 0.1, "no jumps")
}

// What a score is depends on how many packets came, where none of them was late. That must not matter.
func TestSteadyLinksAreEqual(t *testing.T) {
	b := start(t, config(3))
	for range 50 {
		b.round(10_000_000, 3_000_000, 500_000) // no variation in 100, 30 and 5 packets
	}
	for _, w := range b.weights() {
		require.InDelta(t, 1.0/3, w, 0.06)
	}
}

// Even the worst link in use has enough traffic for its scores to mean something.
func TestNoLinkStarves(t *testing.T) {
	b := start(t, config(4))
	for range 200 {
		b.round(10_000_000, 10_000_000, 10_000_000, 1)
	}
	require.InDelta(t, 0.1/3.1, b.Plan().Links[3].Weight, 0.01)
	b.requireCoding(3, 1, true)
}

// The receiver may have more links than the rig or fewer, and may say what it likes.
func TestStrangeScores(t *testing.T) {
	b := start(t, config(2))
	b.round(900, 900, 0, 900)
	require.Equal(t, []float64{0.5, 0.5}, b.weights())
	b.round(900)
	require.Equal(t, []float64{1, 0}, b.weights(), "nobody listens at the other end of link 1")
	require.Contains(t, b.said(), "link 1 is only probed, until it has a score: the receiver has 1 link;")
	b.round(900, 900)
	require.Equal(t, []float64{0.5, 0.5}, b.weights())
	b.round()
	b.round(0, 0)
	require.Equal(t, []float64{0.5, 0.5}, b.weights(), "nothing works as well as nothing else")
	b.round(4_294_967_295, 1)
	b.round(4_294_967_295, 1)
	b.requireCoding(1, 1, true)
}

func TestLinksComeAndGo(t *testing.T) {
	b := start(t, config(3))
	b.said()
	up := []Up{{Path: 0, Up: true}, {Path: 1, Up: true}, {Path: 2, Up: false}}
	b.SetLinks(b.now, up)
	require.Equal(t, []float64{0.5, 0.5, 0}, b.weights())
	require.False(t, b.Plan().Links[2].Probe, "there is nothing to send on")
	require.Contains(t, b.said(), "link 2 carries nothing: it has no socket that can send")
	up[2].Up = true
	b.SetLinks(b.now, up)
	require.InDelta(t, 1.0/3, b.Plan().Links[2].Weight, 1e-9, "no scores say otherwise")

	b.round(900, 900, 900)
	up[2].Up = false
	b.SetLinks(b.now, up)
	b.round(900, 900, 0)
	b.said()
	up[2].Up = true
	b.SetLinks(b.now, up)
	require.True(t, b.Plan().Links[2].Probe)
	require.Equal(t, "link 2 is probed: it can send, and no score says yet whether anything arrives", b.said())
	b.Scores(b.now, []uint32{900, 900, 900})
	require.Zero(t, b.Plan().Links[2].Weight, "the score is about what was sent before")
	b.round(900, 900, 900)
	require.InDelta(t, 1.0/3, b.Plan().Links[2].Weight, 0.01)

	b.SetLinks(b.now, make([]Up, 3))
	require.Equal(t, []float64{0, 0, 0}, b.weights())
	require.Contains(t, b.said(), "nothing can be sent")
}

func TestDecisionsAreBounded(t *testing.T) {
	b := start(t, config(2))
	for range 500 {
		b.round(900, 0)
		for range patience {
			b.round(900, 900)
		}
	}
	news := b.Decisions(nil)
	require.Len(t, news, kept)
	require.Equal(t, b.now, news[kept-1].At, "the last ones are kept")
	require.Empty(t, b.Decisions(nil))
}
