package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	repository = "../.."
	startTime  = 20 * time.Second // for a program to say where its page is, and for a page to change its state
)

// sharedFolder is where what all tests share is kept.
var sharedFolder string

func TestMain(m *testing.M) {
	if plan := os.Getenv(crowdVariable); plan != "" { // this is the process of a crowd
		os.Exit(crowdMain(plan))
	}
	code := 1
	var err error
	if sharedFolder, err = os.MkdirTemp("", "isc-e2e-"); err == nil {
		code = m.Run()
		err = os.RemoveAll(sharedFolder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// compiled builds the daemon once, as users get it and without the race detector, whatever the tests have.
var compiled = sync.OnceValues(func() (string, error) {
	program := filepath.Join(sharedFolder, "isc-receiverd")
	command := exec.Command("go", "build", "-o", program, "./cmd/isc-receiverd") //nolint:noctx // of all tests
	command.Dir = repository
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return program, nil
})

// compile returns the path of the daemon, with the page in it if that was built.
func compile(t *testing.T) string {
	t.Helper()
	program, err := compiled()
	require.NoError(t, err)
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

// daemon is the receiver as a program that runs.
type daemon struct {
	url  string // of its page, with a slash at the end, or with the key where one is needed
	pid  int
	stop func(os.Signal) // ends it with a signal, and waits for that
}

// startDaemon starts the receiver with flags.
func startDaemon(t *testing.T, program string, flags ...string) daemon {
	t.Helper()
	command := exec.Command(program, append([]string{"run"}, flags...)...) //nolint:noctx // stop ends it
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	command.Stderr = command.Stdout
	require.NoError(t, command.Start())
	output := lines(t, "isc-receiverd", stdout)
	stopped := false
	stop := func(signal os.Signal) {
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
	return daemon{url: await(t, output, `https?://[0-9.]+:[0-9]+/[^\s"]*`), pid: command.Process.Pid, stop: stop}
}

// freeAddress is one of this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	return listener.Addr().String()
}

// publicAt are settings for a receiver on the loopback that viewers elsewhere reach under another address, so that its
// page takes a key.
func publicAt(url string) string { return fmt.Sprintf("public_url = %q\n", url) }

// startPublic starts the receiver at an address, with further lines of its settings after that of the address. Its
// state is below folder.
func startPublic(t *testing.T, address, folder, settings string, flags ...string) daemon {
	t.Helper()
	program := compile(t)
	t.Setenv("STATE_DIRECTORY", folder)
	file := filepath.Join(folder, "config.toml")
	text := fmt.Sprintf("[http]\naddress = %q\n%s", address, settings)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return startDaemon(t, program, append([]string{"--config", file}, flags...)...)
}

// keyOf returns the key in a link.
func keyOf(t *testing.T, link string) string {
	t.Helper()
	parsed, err := url.Parse(link)
	require.NoError(t, err)
	key := parsed.Query().Get("key")
	require.NotEmpty(t, key, link)
	return key
}

// channelAt asks the receiver at that address for the state of its first channel.
func channelAt(t *testing.T, url string) status.Channel {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"api/v1/status", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	var snapshot status.Snapshot
	require.NoError(t, json.NewDecoder(response.Body).Decode(&snapshot))
	return snapshot.Channels[0]
}

// until asks a few times a second whether something is so, and fails where it is not within the time.
func until(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(within)
	for !so() {
		select {
		case <-ticker.C:
		case <-deadline:
			require.Fail(t, "timeout", "waited for %s", what)
		}
	}
}
