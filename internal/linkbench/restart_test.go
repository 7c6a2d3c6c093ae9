package linkbench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	restarts      = 50              // of each kind, on links of each scenario
	restartWithin = 2 * time.Second // from the last start to the first IDR unit; the rig sends one each second
	restartLives  = 2 * time.Second // before anything is killed, and up to as long again
	restartDead   = 3 * time.Second // at most
	restartStep   = 40 * time.Millisecond
	restartMost   = 20 * time.Second // that is waited for
)

// A rig that is killed and started again, a receiver that is, and both at about the same time, at random moments: each
// time the first IDR unit comes out within two seconds of the last start.
func TestRestarts(t *testing.T) {
	for _, kind := range []struct {
		name          string
		rig, receiver bool
	}{{"rig", true, false}, {"receiver", false, true}, {"both", true, true}} {
		for _, scenario := range []string{"clean", "city"} {
			t.Run(kind.name+" "+scenario, func(t *testing.T) {
				t.Parallel()
				var took []time.Duration
				for seed := range uint64(restarts) {
					took = append(took, restart(t, scenario, seed, kind.rig, kind.receiver))
				}
				slices.Sort(took)
				t.Logf("%s, links of %s, %d of %d: first IDR after %v (median), %v (longest)", kind.name, scenario,
					len(took), restarts, round(took[len(took)/2]), round(took[len(took)-1]))
				require.Less(t, took[len(took)-1], restartWithin)
			})
		}
	}
}

// restart kills rig, receiver or both at random moments and starts them again, and returns how long after the last
// start the first IDR unit of the living rig came out.
func restart(t *testing.T, scenario string, seed uint64, killRig, killReceiver bool) time.Duration {
	t.Helper()
	w := newWorld(t, scenario, seed, newAdaptive)
	w.clip = clip(t)
	require.NoError(t, w.startReceiver())
	require.NoError(t, w.startRig())
	random := rand.New(rand.NewPCG(seed, 2))
	within := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	kill := start.Add(restartLives + within(restartLives))
	last := kill
	schedule := func(stop, begin func() error) {
		at := kill.Add(within(time.Second))
		again := at.Add(within(restartDead))
		if again.After(last) {
			last = again
		}
		w.at(at, stop)
		w.at(again, begin)
	}
	if killRig {
		schedule(w.stopRig, w.startRig)
	}
	if killReceiver {
		schedule(w.stopReceiver, w.startReceiver)
	}
	w.run(last)
	var idr time.Time
	w.onIDR = func() {
		if idr.IsZero() {
			idr = w.now
		}
	}
	for idr.IsZero() && w.now.Before(last.Add(restartMost)) {
		w.run(w.now.Add(restartStep))
	}
	require.False(t, idr.IsZero(), "seed %d: no IDR within %v", seed, restartMost)
	return idr.Sub(last)
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
