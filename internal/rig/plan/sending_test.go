package plan

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fail has so many datagrams in a row fail on a link.
func (b *bench) fail(link, n int) {
	b.t.Helper()
	for range n {
		b.Sent(link)
		b.Failed(b.now, link)
		b.requireSane()
	}
}

// pass has so many datagrams in a row leave on a link.
func (b *bench) pass(link, n int) {
	b.t.Helper()
	for range n {
		b.Sent(link)
		b.Passed(b.now, link)
		b.requireSane()
	}
}

// A link on which nothing can be sent loses its share at once, and without scores has it back when something can.
func TestNothingCanBeSent(t *testing.T) {
	b := start(t, config(4))
	b.said()
	b.fail(2, failing-1)
	require.Positive(t, b.Plan().Links[2].Weight, "a full queue may refuse one or two")
	b.pass(2, 1)
	b.fail(2, failing-1)
	require.Positive(t, b.Plan().Links[2].Weight)
	b.fail(2, 1)
	require.Zero(t, b.Plan().Links[2].Weight)
	require.True(t, b.Plan().Links[2].Probe)
	b.requireCoding(2, 1, true)
	require.Contains(t, b.said(),
		"link 2 is only probed, until 3 in a row can be sent: none of the last 3 datagrams could be sent there")
	b.fail(2, 100)
	b.pass(2, failing-1)
	b.fail(2, 1)
	b.wait(time.Minute)
	require.Empty(t, b.said(), "it is known")
	require.Zero(t, b.Plan().Links[2].Weight)

	b.pass(2, failing)
	require.Positive(t, b.Plan().Links[2].Weight)
	require.Contains(t, b.said(), "link 2 has its share again: 3 datagrams in a row could be sent there")
	b.requireCoding(3, 1, true)
	b.fail(2, failing)
	b.pass(2, 2*failing-1)
	require.Zero(t, b.Plan().Links[2].Weight, "it died again soon after its return")
	b.pass(2, 1)
	require.Positive(t, b.Plan().Links[2].Weight)
}

// While scores come, one of them is needed: what leaves may not arrive.
func TestSentIsNotReceived(t *testing.T) {
	b := start(t, config(3))
	b.round(900, 900, 900)
	b.fail(0, failing)
	require.Zero(t, b.Plan().Links[0].Weight)
	b.Scores(b.now, []uint32{900, 900, 900})
	require.Zero(t, b.Plan().Links[0].Weight, "the score is about what was sent before")
	b.pass(0, 10*failing)
	require.Zero(t, b.Plan().Links[0].Weight)
	b.round(900, 900, 900)
	require.Positive(t, b.Plan().Links[0].Weight)
	b.fail(0, failing)
	require.Zero(t, b.Plan().Links[0].Weight, "also the second time")
	b.fail(0, 10)
	b.wait(silence)
	require.True(t, b.Blind())
	require.Zero(t, b.Plan().Links[0].Weight, "nothing can be sent, whether there are scores or not")
}

// A socket that fails is closed and opened again each second, which is neither news nor a reason to trust it.
func TestFailingSocketComesAndGoes(t *testing.T) {
	b := start(t, config(2))
	b.fail(1, failing)
	b.said()
	for range 20 {
		b.SetLinks(b.now, []Up{{Path: 0, Up: true}, {Path: 1, Up: false}})
		require.Zero(t, b.Plan().Links[1].Weight)
		b.wait(time.Second)
		b.SetLinks(b.now, []Up{{Path: 0, Up: true}, {Path: 1, Up: true}})
		require.Zero(t, b.Plan().Links[1].Weight)
		require.True(t, b.Plan().Links[1].Probe)
		b.fail(1, 1)
	}
	require.Empty(t, b.said())
	b.pass(1, failing)
	require.Positive(t, b.Plan().Links[1].Weight)
}

// Where nothing can be sent on any link, all are tried, and the first one that works has it all.
func TestNothingCanBeSentAnywhere(t *testing.T) {
	b := start(t, config(2))
	b.fail(0, failing)
	b.fail(1, failing)
	require.Equal(t, []float64{0.5, 0.5}, b.weights())
	b.pass(1, failing)
	require.Equal(t, []float64{0, 1}, b.weights())
	require.True(t, b.Plan().Links[0].Probe)
}

// Whoever can make up scores, which no rig can tell from the receiver's, can have all go by the links of his choice.
// But he cannot stop it, all other links are probed, his scores are believed no faster than the receiver's would be, so
// that the log is not flooded, and when he stops, all is as it was after some thirty of the receiver's.
func TestForgedScores(t *testing.T) {
	b := start(t, config(4))
	for range 10 {
		b.round(200_000, 200_000, 200_000, 200_000)
	}
	b.said()
	for range 100 {
		b.round(0, 0, 0, 0)
		require.Equal(t, []float64{0.25, 0.25, 0.25, 0.25}, b.weights())
	}
	random := rand.New(rand.NewPCG(1, 1))
	decisions, sent, before := 0, 0, b.Unearned()
	for range 1000 { // datagrams, with as many forged scores for each
		carries := 0
		for i, l := range b.Plan().Links {
			require.True(t, l.Weight > 0 || l.Probe, "each link carries something")
			if l.Weight > 0 {
				carries++
			}
			b.Sent(i)
			sent++
		}
		require.Positive(t, carries)
		for range 1000 {
			b.Scores(b.now, []uint32{random.Uint32N(2), random.Uint32N(2), random.Uint32N(2), random.Uint32()})
		}
		b.requireSane()
		decisions += len(b.Decisions(nil))
	}
	require.Greater(t, b.Unearned()-before, uint64(900_000))
	require.Less(t, decisions, 6*(sent+savings)/earns, "no more than six for scores that are believed")
	for range 30 {
		b.round(200_000, 200_000, 200_000, 200_000)
	}
	for _, w := range b.weights() {
		require.InDelta(t, 0.25, w, 0.1)
	}
}

// Scores whose copy is missing on a link take its share until the next ones, but of two paths both stay.
func TestMissingCopy(t *testing.T) {
	b := start(t, config(3))
	b.Missing(b.now, 0)
	require.Positive(t, b.Plan().Links[0].Weight, "nothing is known yet")
	for range 3 { // each time it takes one score, however soon it is
		b.round(900, 900, 900)
		b.Missing(b.now, 0)
		require.Zero(t, b.Plan().Links[0].Weight)
		require.True(t, b.Plan().Links[0].Probe)
	}
	b.Missing(b.now, 1)
	b.requireCoding(1, 1, true)
	b.round(0, 900, 900)
	b.round(900, 900, 900)
	b.requireCoding(2, 1, true)
}
