package linkbench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// The link that dies for twenty seconds, and comes back, costs no packet where there is parity, and no more time than
// one segment and the skew between the links.
func TestOneLinkDies(t *testing.T) {
	const skew = 30*time.Millisecond + 2*5*time.Millisecond // of the delays, with jitter
	run := func(scenario string, with newSender) *world {
		return streamClip(t, clip(t), scenario, with, time.Minute)
	}
	clean := run("clean", newFixed(3, 1))
	require.Zero(t, clean.lost())
	for name, with := range map[string]newSender{"fixed": newFixed(3, 1), "adaptive": newAdaptive} {
		w := run("one-link-dies", with)
		require.Zero(t, w.lost(), name)
		require.Less(t, w.wait(1), clean.wait(1)+wait+skew, name)
	}
	require.NotZero(t, run("one-link-dies", newFixed(3, 0)).lost(), "the link must matter")
}

// The cut link, the second one, is silent for the receiver a second after its last datagram. The rig gives it nothing
// from the first scores after that on, as soon as their copy on that link would have come, and its share again with the
// second ones after its return at the latest; also with small video, where scores count what came before the cut.
func TestOneLinkDiesInTime(t *testing.T) {
	for name, clip := range map[string][][][]byte{"2 Mb/s": longerClip(t), "0.8 Mb/s": clip(t)} {
		t.Run(name, func(t *testing.T) { diesInTime(t, clip) })
	}
}

func diesInTime(t *testing.T, clip [][][]byte) {
	t.Helper()
	const cut, back, step = 20 * time.Second, 40 * time.Second, 5 * time.Millisecond
	const delay = 55 * time.Millisecond // the most that a link has
	const copies = 500*time.Millisecond + tickEvery
	var engine *rig.Engine
	w := newWorld(t, "one-link-dies", benchSeed, func(links int, now time.Time) (s sender, err error) {
		config := rig.DefaultEngine()
		config.Links, config.Wait = links, wait
		engine, err = rig.NewEngine(config, now)
		return engine, err
	})
	w.clip = clip
	var since, silent, scored, gone, restored time.Duration
	scores := 0 // of the link, after its return
	w.onFeedback = func(f rig.Feedback) {
		switch {
		case f.Scores == nil:
		case silent > 0 && scored == 0:
			scored = since
		case since > back && f.Scores[1] > 0:
			scores++
		}
	}
	require.NoError(t, w.startReceiver())
	require.NoError(t, w.startRig())
	for ; since < time.Minute; since += step {
		w.run(start.Add(since))
		share := engine.Plan().Links[1].Weight
		if since > cut && silent == 0 && w.pipeline.Snapshot(w.now).Links[1].State == status.LinkSilent {
			silent = since
		}
		switch {
		case since <= cut:
			require.NotZero(t, share)
		case gone == 0 && share == 0:
			gone = since
		case gone > 0 && share == 0:
			require.LessOrEqual(t, scores, 2)
		case gone > 0 && restored == 0:
			restored = since
			require.LessOrEqual(t, scores, 2, "scores after the return")
		}
	}
	t.Logf("cut: silent for the receiver after %v, without a share after %v; back: its share after %v", silent-cut,
		gone-cut, restored-back)
	require.LessOrEqual(t, silent-cut, time.Second+delay+step)
	require.Positive(t, gone)
	require.LessOrEqual(t, gone, scored+delay+copies)
	require.Greater(t, restored, back)
}

// On links that are bad but not hopeless coding loses fewer packets than none, and where links go for seconds adapting
// loses fewer than a fixed 3+1.
func TestCodingsCompared(t *testing.T) {
	for scenario, most := range map[string]float64{"city": 0.1, "highway": 0.4, "tunnel": 1} {
		var lost [3]int
		for i, coding := range codings[:len(lost)] {
			lost[i] = stream(t, scenario, coding.with, time.Minute).lost()
		}
		none, fixed, adaptive := lost[0], lost[1], lost[2]
		t.Logf("%s: %d packets lost without coding, %d with 3+1, %d adaptive", scenario, none, fixed, adaptive)
		require.Less(t, float64(fixed), most*float64(none), scenario)
		require.Less(t, float64(adaptive), 0.1*float64(none), scenario)
		if scenario != "city" {
			require.Less(t, adaptive, fixed/2, scenario)
		}
	}
}

// A seed gives the same stream, to the packet.
func TestSameSeedSameStream(t *testing.T) {
	a := stream(t, "highway", newAdaptive, 20*time.Second)
	b := stream(t, "highway", newAdaptive, 20*time.Second)
	require.Equal(t, a.report, b.report)
}
