//go:build !race

package receiver

// With the race detector the pool drops some of what it is given.

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSteadyAllocations holds the lossless path to what leaves it: access units and feedback.
func TestSteadyAllocations(t *testing.T) {
	l := newLossless(200)
	for range 20_000 {
		l.step()
	}
	l.units, l.texts = 0, 0
	const steps = 4000
	perRun := testing.AllocsPerRun(1, func() {
		for range steps {
			l.step()
		}
	})
	// A unit is its bytes, its list of NAL units and where they end; a datagram of feedback grows as it is written.
	most := float64(3*l.units + 4*l.texts)
	require.LessOrEqual(t, perRun, most)
	require.Positive(t, l.units)
	require.Positive(t, l.texts)
}
