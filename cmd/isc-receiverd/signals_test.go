//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// program is the program as a process.
type program struct {
	*exec.Cmd

	address string // of its page, with a slash at its end
	stderr  lockedText
}

// lockedText is what a process has written so far.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startProgram starts isc-receiverd run, whose page only this machine sees, and waits until it is up.
func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	args = append([]string{"run", "--http", "127.0.0.1:0"}, args...)
	p := &program{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	p.Env = append(os.Environ(), asMain+"=1", "STATE_DIRECTORY="+t.TempDir())
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
	says := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(p.stderr.String(), text) }, patience, 10*time.Millisecond)
	}
	says("these settings have changed, which takes a restart")
	says("tables=[hls]")

	write("[[channel]]\nid='a'\nports='none'\n")
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	says("not applied: all stays as it was")
	says("write them as 5078-5081")
	require.Len(t, p.channels(t), 2)
	p.end(t, syscall.SIGTERM)
}
