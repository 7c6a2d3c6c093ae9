//go:build browser

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// build compiles the daemon with the page in it, as users get it.
func build(t *testing.T) string {
	t.Helper()
	page := filepath.Join(repository, "webassets", "dist", "index.html")
	require.FileExists(t, page, "the page was not built: run make web")
	return compile(t)
}

// startDemo starts the daemon's demonstration and returns the address of its page. stop ends it with a signal.
func startDemo(t *testing.T, program, http, ports string) (url string, stop func(os.Signal)) {
	t.Helper()
	return start(t, program, "--demo", "--http", http, "--ports", ports)
}

// start starts the daemon and returns the address of its page. stop ends it with a signal.
func start(t *testing.T, program string, flags ...string) (url string, stop func(os.Signal)) {
	t.Helper()
	d := startDaemon(t, program, flags...)
	return d.url, d.stop
}

// The demonstration plays in the browser for a minute, with a link that dies now and then, and never stands still for
// more than a second.
func TestDemoPlays(t *testing.T) {
	url, stop := startDemo(t, build(t), "127.0.0.1:0", freePorts(t, 4))
	output, err := exec.CommandContext(t.Context(), "node", script("play.mjs"), url, "60", "640").Output()
	t.Logf("%s", output)
	require.NoError(t, err)
	var figures map[string]any
	require.NoError(t, json.Unmarshal(output, &figures))
	require.Positive(t, savedPackets(t, url), "a link died meanwhile, and the coding stood in for it")
	stop(syscall.SIGTERM)
}

// savedPackets asks the receiver how many packets of dead links the coding has rebuilt.
func savedPackets(t *testing.T, url string) (n uint64) {
	t.Helper()
	for _, link := range channelAt(t, url).Links {
		n += link.Saved
	}
	return n
}

// The page says the right thing in each state that a receiver can be in, at each size, and nothing jumps or overlaps;
// it follows rigs that come and go; all that can be pressed works; and it comes back from whatever happens to the
// connection.
func TestPage(t *testing.T) {
	url, stop := startDemo(t, build(t), "127.0.0.1:0", freePorts(t, 4))
	for _, name := range []string{"states.mjs", "chooser.mjs", "controls.mjs", "recover.mjs"} {
		t.Run(name, func(t *testing.T) {
			output, err := exec.CommandContext(t.Context(), "node", script(name), url).CombinedOutput()
			t.Logf("%s", output)
			require.NoError(t, err)
		})
	}
	stop(syscall.SIGTERM)
}

// A viewer sees the first picture within two seconds, and what the rig sends little later than it came.
func TestFirstPicture(t *testing.T) {
	url, stop := startDemo(t, build(t), "127.0.0.1:0", freePorts(t, 4))
	until(t, startTime, "something to play", func() bool { return channelAt(t, url).HLS.Ready })
	output, err := exec.CommandContext(t.Context(), "node", script("first.mjs"), url, "10").CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
	stop(syscall.SIGTERM)
}
