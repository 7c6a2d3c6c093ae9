//go:build browser

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The page plays each variant of HLS, and with what browsers without Media Source Extensions have; and it goes on by
// itself when the rig was gone for a while. Unlike Safari, Chromium's own player fetches the gaps at the beginning of a
// low-latency playlist, and so begins only when they are gone.
func TestPagePlaysEachVariant(t *testing.T) {
	const outage, settles = 3 * time.Second, 6 * time.Second
	for name, test := range map[string]struct {
		variant string
		way     []string
	}{
		"fmp4":   {variant: "fmp4"},
		"mpegts": {variant: "mpegts"},
		"native": {variant: "low-latency", way: []string{"native"}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := filepath.Join(t.TempDir(), "config.toml")
			text := fmt.Sprintf("[hls]\nvariant = %q\n", test.variant)
			require.NoError(t, os.WriteFile(settings, []byte(text), 0o600))
			ports := freePorts(t, 4)
			receiver := startDaemon(t, build(t), "--config", settings, "--http", "127.0.0.1:0", "--ports", ports)
			stopRig := startRig(t, ports, 1)
			until(t, startTime, "something to play", func() bool { return channelAt(t, receiver.url).HLS.Ready })
			opened := time.Now()
			p := openPage(t, receiver.url, test.way...)
			live := p.await("a live picture", look.isLive)
			t.Logf("live %d ms after it was opened", live.at().Sub(opened).Milliseconds())
			stopRig()
			p.says("No signal")
			p.during(outage)
			back := time.Now()
			stopRig = startRig(t, ports, 2)
			live = p.await("a live picture", look.isLive)
			t.Logf("live again %d ms after the rig was back", live.at().Sub(back).Milliseconds())
			looks, _ := p.during(settles) // what was left of before the outage is played first
			if len(looks) > 0 {
				live = looks[len(looks)-1]
			}
			t.Logf("steadily live %d ms after the rig was back", live.at().Sub(back).Milliseconds())
			require.True(t, live.isLive(), "%+v", live)
			for _, l := range looks {
				require.True(t, test.way != nil || l.State != "Interrupted", "it is not the connection's fault: %+v", l)
			}
			stopRig()
			p.close()
			receiver.stop(syscall.SIGTERM)
		})
	}
}
