//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/written"
)

// program is the program as a process.
type program struct {
	*exec.Cmd

	address string // of its page, with a slash at its end
	state   string // its state folder
	stderr  written.Text
}

// startProgram starts isc-receiverd run, whose page only this machine sees, and waits until it is up.
func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	args = append([]string{"run", "--http", "127.0.0.1:0"}, args...)
	p := &program{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	p.state = t.TempDir()
	p.Env = append(os.Environ(), asMain+"=1", "STATE_DIRECTORY="+p.state,
		"GORACE=atexit_sleep_ms=0") // else the race detector has each program wait for a second
	p.Stderr = &p.stderr
	output, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	lines := bufio.NewScanner(output)
	for p.address == "" {
		require.True(t, lines.Scan(), &p.stderr)
		p.address, _ = strings.CutPrefix(lines.Text(), "Open ")
		if lines.Text() == "Demonstration: a simulated rig, no patient." {
			p.address = ""
		}
	}
	return p
}

// end sends a signal and wants the program to end well, and soon.
func (p *program) end(t *testing.T, stop os.Signal) {
	t.Helper()
	soon, giveUp := context.WithTimeout(t.Context(), stopTime)
	defer giveUp()
	require.NoError(t, p.Process.Signal(stop))
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		require.NoError(t, err, &p.stderr)
	case <-soon.Done():
		t.Fatal("the program does not stop")
	}
}

// open asks the program for a path of its page.
func (p *program) open(t *testing.T, path string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.address+path, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	return response
}

// channels returns the channels of the program's snapshot.
func (p *program) channels(t *testing.T) []status.Channel {
	t.Helper()
	response := p.open(t, "api/v1/status")
	defer func() { require.NoError(t, response.Body.Close()) }()
	var s status.Snapshot
	require.NoError(t, json.NewDecoder(response.Body).Decode(&s))
	return s.Channels
}

// says waits until the program has logged a text so often.
func (p *program) says(t *testing.T, text string, times int) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Count(p.stderr.String(), text) >= times }, patience,
		10*time.Millisecond, text)
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.LocalAddr().(*net.UDPAddr).Port
}

// TestStop stops the program as a service manager and as a person does, while a viewer is connected.
func TestStop(t *testing.T) {
	for name, stop := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			p := startProgram(t, "--demo", "--ports", "0,0,0,0", "--log-level", "error")
			viewer := p.open(t, "api/v1/events")
			p.end(t, stop)
			require.NoError(t, viewer.Body.Close())
			require.Empty(t, p.stderr.String())
		})
	}
}

// TestReload changes the settings file under a program that runs.
func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	one, two := freePort(t), freePort(t)
	write := func(format string, args ...any) {
		require.NoError(t, os.WriteFile(path, []byte(fmt.Sprintf(format, args...)), 0o600))
	}
	write("[[channel]]\nid='a'\nports='%d'\n", one)
	p := startProgram(t, "--config", path)
	require.Len(t, p.channels(t), 1)
	started := p.channels(t)[0].Since

	write("[hls]\nsegment='2s'\n[[channel]]\nid='a'\nports='%d'\n"+
		"[[channel]]\nid='b'\nname='Second'\nports='%d'\n", one, two)
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return len(p.channels(t)) == 2 }, patience, 10*time.Millisecond)
	require.Equal(t, "Second", p.channels(t)[1].Name)
	require.Equal(t, two, p.channels(t)[1].Links[0].Port)
	require.Equal(t, started, p.channels(t)[0].Since, "it was not touched")
	says := func(text string) { p.says(t, text, 1) }
	says("these settings have changed, which takes a restart")
	says("tables=[hls]")

	write("[[channel]]\nid='a'\nports='none'\n")
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	says("not applied: all stays as it was")
	says("write them as 5078-5081")
	require.Len(t, p.channels(t), 2)

	write("")
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	says("is empty, as a file is that is being written")
	require.Len(t, p.channels(t), 2, "no rig is closed for a file that is half written")
	p.end(t, syscall.SIGTERM)
}

// TestSave saves what arrives from the start, stops that, begins again, and ends while it saves.
func TestSave(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.toml")
	channel := func(id string) string { return fmt.Sprintf("[[channel]]\nid='%s'\nports='%d'\n", id, freePort(t)) }
	a, b, c := channel("a"), channel("b"), channel("c")
	require.NoError(t, os.WriteFile(config, []byte(a+b), 0o600))
	p := startProgram(t, "--config", config, "--dump")
	const begins, ends = "what arrives is being saved", "what arrives is no longer being saved"
	p.says(t, begins, 2)
	files := func(pattern string) []string {
		found, err := filepath.Glob(filepath.Join(p.state, "captures", pattern))
		require.NoError(t, err)
		return found
	}
	require.Len(t, files("a-*.pcapng"), 1)
	require.Len(t, files("b-*.pcapng"), 1)
	require.Contains(t, p.stderr.String(), "to="+files("a-*.pcapng")[0])

	require.NoError(t, os.WriteFile(config, []byte(a+b+c), 0o600))
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	p.says(t, begins, 3)
	require.Len(t, files("c-*.pcapng"), 1, "a channel that comes is saved, too")

	require.NoError(t, p.Process.Signal(syscall.SIGUSR1))
	p.says(t, ends, 3)
	require.Len(t, files("*"), 3)
	require.NoError(t, p.Process.Signal(syscall.SIGUSR1))
	p.says(t, begins, 6)
	require.Len(t, files("*"), 6)
	p.end(t, syscall.SIGTERM)
	require.Equal(t, 6, strings.Count(p.stderr.String(), ends))
	for _, file := range files("*") {
		exit, _, stderr := call("replay", file)
		require.Equal(t, cli.Failed, exit, "nothing came")
		require.Contains(t, stderr, "There are no UDP packets in the capture.")
	}

	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	t.Setenv("STATE_DIRECTORY", blocked)
	exit, _, stderr := call("run", "--http", "127.0.0.1:0", "--ports", "0", "--dump", "--log-level", "error")
	require.Equal(t, cli.Failed, exit)
	require.Contains(t, stderr, "What arrives cannot be saved to "+blocked+"/captures: not a directory.")
}

// TestPlay plays a capture on a server.
func TestPlay(t *testing.T) {
	p := startProgram(t, "--capture", capture, "--log-level", "error")
	require.Eventually(t, func() bool { return p.channels(t)[0].Packets.Delivered > 0 }, patience, 10*time.Millisecond)
	require.Equal(t, "file", p.channels(t)[0].Source)
	p.end(t, syscall.SIGINT)
	require.Empty(t, p.stderr.String())
}

// TestSecondSignal has the program read from a pipe that nothing comes through.
func TestSecondSignal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	p := exec.CommandContext(t.Context(), os.Args[0], "replay", path)
	p.Env = append(os.Environ(), asMain+"=1")
	require.NoError(t, p.Start())
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // once the program has opened it
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for signals := 0; ; signals++ {
		require.Less(t, signals, 100, "the program does not stop")
		select {
		case err = <-ended:
			require.ErrorContains(t, err, "terminated")
			require.NoError(t, pipe.Close())
			return
		case <-ticker.C:
			_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
		}
	}
}

// TestKeysOfProgramThatRuns replaces a key with the command while the daemon runs, which takes it over at once.
func TestKeysOfProgramThatRuns(t *testing.T) {
	p := startProgram(t, "--http", ":0", "--ports", "0")
	link, err := url.Parse(p.address)
	require.NoError(t, err)
	host, old := "127.0.0.1:"+link.Port(), link.Query().Get("key")
	require.Equal(t, http.StatusOK, statusWith(t, host, old))
	fresh, err := url.Parse(linkIn(keysCalled(t, "replace", "Viewers", "--state", p.state)))
	require.NoError(t, err)
	began := time.Now()
	require.Eventually(t, func() bool { return statusWith(t, host, old) == http.StatusUnauthorized }, patience,
		5*time.Millisecond)
	t.Log("taken over after", time.Since(began))
	require.Equal(t, http.StatusOK, statusWith(t, host, fresh.Query().Get("key")))
	p.says(t, `msg="key replaced" kind=access key=Viewers`, 1)
	p.end(t, syscall.SIGTERM)
	require.NotContains(t, p.stderr.String(), old)
	require.NotContains(t, p.stderr.String(), fresh.Query().Get("key"))
}
