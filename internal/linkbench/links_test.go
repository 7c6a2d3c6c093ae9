package linkbench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The link that dies for twenty seconds, and comes back, costs no packet where there is parity, and no more time than
// one segment and the skew between the links.
func TestOneLinkDies(t *testing.T) {
	const skew = 30*time.Millisecond + 2*5*time.Millisecond // of the delays, with jitter
	clean := stream(t, "clean", newFixed(3, 1), time.Minute)
	require.Zero(t, clean.lost())
	for name, with := range map[string]newSender{"fixed": newFixed(3, 1), "adaptive": newAdaptive} {
		w := stream(t, "one-link-dies", with, time.Minute)
		require.Zero(t, w.lost(), name)
		require.Less(t, w.wait(1), clean.wait(1)+wait+skew, name)
	}
	require.NotZero(t, stream(t, "one-link-dies", newFixed(3, 0), time.Minute).lost(), "the link must matter")
}

// On links that are bad but not hopeless adapting loses fewer packets than a fixed 3+1, and that fewer than no coding.
func TestCodingsCompared(t *testing.T) {
	for _, scenario := range []string{"city", "highway", "tunnel"} {
		var lost [3]int
		for i, coding := range codings {
			lost[i] = stream(t, scenario, coding.with, time.Minute).lost()
		}
		t.Logf("%s: %d packets lost without coding, %d with 3+1, %d adaptive", scenario, lost[0], lost[1], lost[2])
		require.Less(t, lost[1], lost[0], scenario)
		require.LessOrEqual(t, lost[2], lost[1], scenario)
	}
}

// A seed gives the same stream, to the packet.
func TestSameSeedSameStream(t *testing.T) {
	a := stream(t, "highway", newAdaptive, 20*time.Second)
	b := stream(t, "highway", newAdaptive, 20*time.Second)
	require.Equal(t, a.report, b.report)
}
