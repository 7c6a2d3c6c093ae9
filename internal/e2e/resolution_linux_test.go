//go:build browser

package e2e

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
)

const (
	followTime = 2 * time.Second // from the first IDR unit of another size until the page shows it, as a rule
	stay       = 3 * time.Second // that a size stays
)

// A camera that is switched to another size, several times and back, soon and at once: the page that is open shows each
// within two seconds at the median, and never takes twice as long, and nobody touches it.
func TestPageFollowsTheResolution(t *testing.T) {
	sizes := map[string]*rig.Clip{"640x360": demoClip(t)}
	for _, size := range []string{"1280x720", "480x640", "320x180"} {
		sizes[size] = drawClip(t, size, "800k")
	}
	ports := freePorts(t, 4)
	receiver := startDaemon(t, build(t), "--http", "127.0.0.1:0", "--ports", ports)
	r, stopRig := startLive(t, ports)
	p := openPage(t, receiver.url)
	var times []time.Duration
	p.await("the first size", func(l look) bool { return l.isLive() && l.Size == "640x360" })
	for _, size := range []string{"1280x720", "640x360", "480x640", "1280x720", "320x180", "640x360"} {
		p.during(stay)
		changed := r.play(sizes[size])
		shown := p.await(size, func(l look) bool { return l.Size == size })
		took := shown.at().Sub(changed)
		t.Logf("%s on screen %d ms after its first IDR unit came", size, took.Milliseconds())
		times = append(times, took)
		if !shown.isLive() {
			p.await("a live picture", look.isLive)
		}
	}

	r.play(sizes["1280x720"]) // for less than a segment, so that nothing of it can be shown
	r.play(sizes["480x640"])
	changed := r.play(sizes["320x180"])
	shown := p.await("the last of three sizes in a row", func(l look) bool { return l.Size == "320x180" && l.isLive() })
	took := shown.at().Sub(changed)
	t.Logf("after three changes within a second, the last on screen %d ms after it came", took.Milliseconds())
	times = append(times, took)
	slices.Sort(times)
	require.LessOrEqual(t, times[len(times)/2], followTime, "%v", times)
	require.LessOrEqual(t, times[len(times)-1], 2*followTime, "%v", times)
	stopRig()
	p.close()
	receiver.stop(syscall.SIGTERM)
}
