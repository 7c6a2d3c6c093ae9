package linkbench

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/netsim"
)

// benchSeed is the seed of all that is random in the table, and benchLasts how long each stream is.
const (
	benchSeed  = 1
	benchLasts = 5 * time.Minute
)

// scenarios are all of the built-in ones, the worst last.
var scenarios = []string{"clean", "one-link-dies", "city", "highway", "tunnel", "hopeless"}

// codings are the senders that are compared.
var codings = []struct {
	name string
	with newSender
}{
	{"none", newFixed(3, 0)},
	{"fixed 3+1", newFixed(3, 1)},
	{"adaptive", newAdaptive},
	{"adaptive, camera", newCamera},
}

// stream runs a rig of 2 Mb/s for a while, and on until all has arrived that ever does.
func stream(t testing.TB, scenario string, with newSender, lasts time.Duration) *world {
	t.Helper()
	return streamClip(t, longerClip(t), scenario, with, lasts)
}

// streamClip is stream with another video.
func streamClip(t testing.TB, clip [][][]byte, scenario string, with newSender, lasts time.Duration) *world {
	t.Helper()
	w := newWorld(t, scenario, benchSeed, with)
	w.clip = clip
	require.NoError(t, w.startReceiver())
	require.NoError(t, w.startRig())
	w.run(start.Add(lasts))
	require.NoError(t, w.closeSegment())
	require.NoError(t, w.stopRig())
	w.run(start.Add(lasts + settle))
	require.Equal(t, len(w.times), len(w.waits)+w.lost())
	return w
}

// BenchmarkLinks prints the table of docs/performance.md: what each coding makes of each scenario. It takes no time
// but that of the processor, and prints the same wherever it runs.
func BenchmarkLinks(b *testing.B) {
	require.ElementsMatch(b, netsim.Scenarios(), scenarios)
	for b.Loop() {
		row := func(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
		row("\n| scenario | coding | RTP packets | lost for good | p50 | p95 | p99 | bytes beyond the packets |")
		row("| --- | --- | --- | --- | --- | --- | --- | --- |")
		for _, scenario := range scenarios {
			for _, coding := range codings {
				w := stream(b, scenario, coding.with, benchLasts)
				row("| %s | %s | %d | %d (%.2f %%) | %s | %s | %s | %.1f MB (%.0f %%) |", scenario, coding.name,
					len(w.times), w.lost(), 100*float64(w.lost())/float64(len(w.times)),
					milliseconds(w.wait(0.5)), milliseconds(w.wait(0.95)), milliseconds(w.wait(0.99)),
					float64(w.sentBytes-w.packetBytes)/1e6, 100*w.overhead())
				if w.again > 0 {
					b.Logf("%s, %s: %d packets were released twice", scenario, coding.name, w.again)
				}
			}
		}
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}
