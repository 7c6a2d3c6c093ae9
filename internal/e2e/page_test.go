//go:build browser

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	repository = "../.."
	startTime  = 20 * time.Second // for a program to say where its page is, and for a page to change its state
)

// build compiles the daemon, as users get it.
func build(t *testing.T) string {
	t.Helper()
	page := filepath.Join(repository, "webassets", "dist", "index.html")
	require.FileExists(t, page, "the page was not built: run make web")
	program := filepath.Join(t.TempDir(), "isc-receiverd")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/isc-receiverd")
	command.Dir = repository
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return program
}

// freePorts returns UDP ports of the loopback that nobody holds, as --ports takes them.
func freePorts(t *testing.T, n int) string {
	t.Helper()
	ports := make([]string, n)
	for i := range ports {
		socket, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, socket.Close()) }()
		ports[i] = strconv.Itoa(socket.LocalAddr().(*net.UDPAddr).Port)
	}
	return strings.Join(ports, ",")
}

// lines passes on each line of a stream, and logs it.
func lines(t *testing.T, name string, stream io.Reader) <-chan string {
	t.Helper()
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		for scanner := bufio.NewScanner(stream); scanner.Scan(); {
			out <- scanner.Text()
		}
	}()
	t.Logf("following %s", name)
	return out
}

// await returns the first match of a pattern in the lines.
func await(t *testing.T, from <-chan string, pattern string) string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	timeout := time.After(startTime)
	var seen []string
	for {
		select {
		case line, open := <-from:
			require.True(t, open, "ended without %q: %q", pattern, seen)
			if match := wanted.FindString(line); match != "" {
				return match
			}
			seen = append(seen, line)
		case <-timeout:
			require.Fail(t, "timeout", "waited for %q: %q", pattern, seen)
		}
	}
}

// startDemo starts the daemon's demonstration and returns the address of its page. stop ends it with a signal.
func startDemo(t *testing.T, program, http, ports string) (url string, stop func(os.Signal)) {
	t.Helper()
	return start(t, program, "--demo", "--http", http, "--ports", ports)
}

// start starts the daemon and returns the address of its page. stop ends it with a signal.
func start(t *testing.T, program string, flags ...string) (url string, stop func(os.Signal)) {
	t.Helper()
	command := exec.Command(program, append([]string{"run"}, flags...)...) //nolint:noctx // stop ends it
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	command.Stderr = command.Stdout
	require.NoError(t, command.Start())
	output := lines(t, "isc-receiverd", stdout)
	stopped := false
	stop = func(signal os.Signal) {
		if stopped {
			return
		}
		stopped = true
		require.NoError(t, command.Process.Signal(signal))
		for range output { // to its end, before Wait closes the pipe
		}
		err := command.Wait()
		if signal == syscall.SIGTERM {
			require.NoError(t, err)
		}
	}
	t.Cleanup(func() { stop(syscall.SIGKILL) })
	return await(t, output, `http://[0-9.]+:[0-9]+/`), stop
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
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"api/v1/status", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	var snapshot status.Snapshot
	require.NoError(t, json.NewDecoder(response.Body).Decode(&snapshot))
	for _, link := range snapshot.Channels[0].Links {
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
