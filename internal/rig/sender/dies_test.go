package sender

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/netsim"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// TestOneLinkDies cuts one of four links in mid-stream, for 20 s, in both directions, with the receiver itself at the
// other end. No packet is lost, the loss of the link costs no more time than a segment takes and the links differ by,
// and the split follows the receiver's scores. The packets are small, so that scores come more than once a second and
// none of them is about the time before the cut.
func TestOneLinkDies(t *testing.T) {
	for dies := range worldLinks {
		t.Run(fmt.Sprintf("link %d", dies), func(t *testing.T) { oneLinkDies(t, dies) })
	}
}

func oneLinkDies(t *testing.T, dies int) {
	t.Helper()
	const (
		cutAfter = 20 * time.Second
		cutFor   = 20 * time.Second
		jitter   = 5 * time.Millisecond
		skew     = 30*time.Millisecond + jitter
		size     = 250
	)
	cut, back, end := epoch.Add(cutAfter), epoch.Add(cutAfter+cutFor), epoch.Add(60*time.Second)
	var configs [worldLinks]netsim.LinkConfig
	for i := range configs {
		configs[i] = netsim.LinkConfig{Delay: time.Duration(20+10*i) * time.Millisecond, Jitter: jitter}
	}
	configs[dies].Outages = []netsim.Outage{{After: cutAfter, For: cutFor}}
	w := newWorld(t, configs, size)

	w.run(cut)
	require.Equal(t, status.LinkUp, w.links()[dies].State)
	require.InDelta(t, 0.25, w.rig.engine.Plan().Links[dies].Weight, 0.05)
	silent := cut.Add(time.Second + configs[dies].Delay + jitter)
	w.run(silent)
	require.Equal(t, status.LinkSilent, w.links()[dies].State, "a second after the last that was on its way")
	w.run(back)
	sentBefore := w.sent[dies]
	require.Equal(t, 3, w.rig.engine.Plan().Paths)
	require.True(t, w.rig.engine.Plan().Survives(), "the loss of another one")
	w.run(end)
	sentAfter := w.sent[dies] - sentBefore

	first := w.firstScores(silent, 0)
	require.Zero(t, first.weights[dies], "its share with the first scores after that")
	second := w.firstScores(back, 1)
	require.InDelta(t, 0.25, second.weights[dies], 0.1, "its share with the second scores after its return")
	require.Greater(t, sentAfter, 1000)

	_, packets := w.receiver.Counts()
	require.Zero(t, packets.Lost)
	require.Greater(t, packets.Recovered, uint64(20))
	require.Greater(t, packets.Delivered+packets.Recovered, uint64(20_000))
	before, during := w.slowest(epoch.Add(time.Second), cut), w.slowest(cut, back)
	wait := Default().Wait
	require.LessOrEqual(t, during, before+wait+skew, "added latency")
	t.Logf("lost %d, recovered %d of %d packets; slowest packet %v, with the link cut %v; "+
		"its share was 0 after %v, and back %v after its return", packets.Lost, packets.Recovered,
		packets.Delivered+packets.Recovered, before, during, first.at.Sub(cut), second.at.Sub(back))
}

// TestScoresAtVideoRate does the same with packets of the usual size, where the scores come every few seconds: the link
// has lost its share within a second of the first ones, which count what came before the cut, since their copy on the
// link is missing; and no packet is lost until then and after.
func TestScoresAtVideoRate(t *testing.T) {
	const cutAfter, cutFor = 20 * time.Second, 20 * time.Second
	var configs [worldLinks]netsim.LinkConfig
	for i := range configs {
		configs[i] = netsim.LinkConfig{Delay: time.Duration(20+10*i) * time.Millisecond, Jitter: 5 * time.Millisecond}
	}
	configs[1].Outages = []netsim.Outage{{After: cutAfter, For: cutFor}}
	w := newWorld(t, configs, 1200)
	cut := epoch.Add(cutAfter)
	w.run(cut)
	require.Positive(t, w.rig.engine.Plan().Links[1].Weight)
	for known := len(w.scored); len(w.scored) == known; {
		w.run(w.now.Add(10 * time.Millisecond))
	}
	require.Less(t, w.now.Sub(cut), 5*time.Second)
	w.run(w.now.Add(time.Second))
	require.Zero(t, w.rig.engine.Plan().Links[1].Weight)
	w.run(epoch.Add(80 * time.Second))
	require.InDelta(t, 0.25, w.firstScores(epoch.Add(cutAfter+cutFor), 1).weights[1], 0.1)
	_, packets := w.receiver.Counts()
	require.Zero(t, packets.Lost)
}
