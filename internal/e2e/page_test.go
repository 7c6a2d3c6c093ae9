//go:build browser

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
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
	script := filepath.Join(repository, "webassets", "test", "play.mjs")
	output, err := exec.CommandContext(t.Context(), "node", script, url, "60", "640").Output()
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
	for _, script := range []string{"states.mjs", "chooser.mjs", "controls.mjs", "recover.mjs"} {
		t.Run(script, func(t *testing.T) {
			path := filepath.Join(repository, "webassets", "test", script)
			output, err := exec.CommandContext(t.Context(), "node", path, url).CombinedOutput()
			t.Logf("%s", output)
			require.NoError(t, err)
		})
	}
	stop(syscall.SIGTERM)
}

// A viewer sees the first picture within two seconds, and what the rig sends little later than it came.
func TestFirstPicture(t *testing.T) {
	url, stop := startDemo(t, build(t), "127.0.0.1:0", freePorts(t, 4))
	states, closePage := followPage(t, url)
	await(t, states, "^Live$")
	closePage()
	script := filepath.Join(repository, "webassets", "test", "first.mjs")
	output, err := exec.CommandContext(t.Context(), "node", script, url, "10").CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
	stop(syscall.SIGTERM)
}

// followPage opens the page and returns the words for its state as they come. closePage fails the test where the page
// had a fault.
func followPage(t *testing.T, url string) (states <-chan string, closePage func()) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", filepath.Join(repository, "webassets", "test", "follow.mjs"), url)
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	var faults bytes.Buffer
	command.Stderr = &faults
	require.NoError(t, command.Start())
	states = lines(t, "page", stdout)
	return states, func() {
		require.NoError(t, stdin.Close())
		for range states { // to its end, before Wait closes the pipe
		}
		require.NoError(t, command.Wait(), "%s", &faults)
	}
}

// A page that is open comes back by itself after the receiver was killed and started again.
func TestPageComesBack(t *testing.T) {
	program, ports := build(t), freePorts(t, 4)
	url, stop := startDemo(t, program, "127.0.0.1:0", ports)
	states, closePage := followPage(t, url)
	await(t, states, "^Live$")

	stop(syscall.SIGKILL)
	await(t, states, "^No connection$")
	_, stop = startDemo(t, program, strings.Trim(strings.TrimPrefix(url, "http://"), "/"), ports)
	started := time.Now()
	await(t, states, "^Live$")
	t.Logf("live again %d ms after the receiver was back", time.Since(started).Milliseconds())
	closePage()
	stop(syscall.SIGTERM)
}

// A rig that is gone for 20 s and comes back as another sender goes on in the page that is open.
func TestPageSurvivesTheRig(t *testing.T) {
	const outage, patience = 20 * time.Second, 3 * time.Second
	ports := freePorts(t, 4)
	url, stop := start(t, build(t), "--http", "127.0.0.1:0", "--ports", ports)
	states, closePage := followPage(t, url)
	await(t, states, "^Waiting$")
	stopRig := startRig(t, ports, 1)
	await(t, states, "^Live$")
	stopRig()
	await(t, states, "^No signal$")
	<-time.After(outage)
	started := time.Now()
	stopRig = startRig(t, ports, 2)
	await(t, states, "^Live$")
	took := time.Since(started)
	t.Logf("live again %d ms after the rig was back", took.Milliseconds())
	require.Less(t, took, patience)
	stopRig()
	closePage()
	stop(syscall.SIGTERM)
}

// startRig simulates a rig that sends to ports of this machine, until it is stopped.
func startRig(t *testing.T, ports string, seed uint64) (stop func()) {
	t.Helper()
	config := rig.DemoConfig{Seed: seed, Log: slog.New(slog.DiscardHandler)}
	for text := range strings.SplitSeq(ports, ",") {
		config.To = append(config.To, netip.MustParseAddrPort("127.0.0.1:"+text))
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- rig.RunDemo(ctx, config) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}
