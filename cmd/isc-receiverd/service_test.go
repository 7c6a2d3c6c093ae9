//go:build unix

package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestService plays the service manager: it starts the program, has it read its settings again, and stops it.
func TestService(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer func() { require.NoError(t, manager.Close()) }()
	require.NoError(t, manager.SetReadDeadline(time.Now().Add(2*patience)))
	var heard []string
	hear := func(want string) {
		t.Helper()
		for !slices.Contains(heard, want) {
			buffer := make([]byte, 4096)
			n, err := manager.Read(buffer)
			require.NoError(t, err, "waiting for %q, heard %q", want, heard)
			heard = append(heard, strings.Split(string(buffer[:n]), "\n")...)
		}
		heard = slices.Delete(heard, 0, slices.Index(heard, want)+1)
	}
	config := filepath.Join(dir, "config.toml")
	write := func(format string, args ...any) {
		require.NoError(t, os.WriteFile(config, []byte(fmt.Sprintf(format, args...)), 0o600))
	}
	write("[[channel]]\nid='a'\nports='%d'\n[[channel]]\nid='b'\nports='%d'\n", freePort(t), freePort(t))
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "2000000")
	p := startProgram(t, "--config", config, "--demo")
	hear("READY=1")
	hear("WATCHDOG=1")
	hear("STATUS=1 of 2 rigs live, 0 viewers") // the first of them is simulated

	reload := func() {
		require.NoError(t, p.Process.Signal(syscall.SIGHUP))
		hear("RELOADING=1")
		hear("READY=1")
	}
	write("nonsense")
	reload()
	hear("STATUS=1 of 2 rigs live, 0 viewers; the settings file is wrong, those before hold: see the log")
	write("[[channel]]\nid='a'\nports='%d'\n", freePort(t))
	reload()
	hear("STATUS=1 of 1 rig live, 0 viewers")
	hear("WATCHDOG=1")
	p.end(t, syscall.SIGTERM)
	hear("STOPPING=1")
}

// TestJournalHasNoKey starts the program as a service whose output goes to the journal, of which a file stands in.
func TestJournalHasNoKey(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "config.toml")
	require.NoError(t, os.WriteFile(config, []byte("[http]\npublic_url='http://receiver.example/'\n"), 0o600))
	journal, err := os.Create(filepath.Join(dir, "journal"))
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	info, err := journal.Stat()
	require.NoError(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	for attached, want := range map[bool]string{
		true:  "These are the links for viewers: sudo isc-receiverd keys",
		false: "Open http://receiver.example/?key=",
	} {
		p := exec.CommandContext(t.Context(), os.Args[0], "run", "--http", "127.0.0.1:0", "--ports", "0", "--config", config)
		p.Env = append(os.Environ(), asMain+"=1", "STATE_DIRECTORY="+dir)
		if attached {
			p.Env = append(p.Env, fmt.Sprintf("JOURNAL_STREAM=%d:%d", stat.Dev, stat.Ino))
		}
		p.Stderr = journal
		output, pipeErr := p.StdoutPipe()
		require.NoError(t, pipeErr)
		require.NoError(t, p.Start())
		lines := bufio.NewScanner(output)
		require.True(t, lines.Scan())
		require.Contains(t, lines.Text(), want)
		require.NoError(t, p.Process.Signal(syscall.SIGTERM))
		require.NoError(t, p.Wait())
	}
	text, err := os.ReadFile(journal.Name())
	require.NoError(t, err)
	require.NotContains(t, string(text), "?key=")
	require.Contains(t, string(text), "<6>receiving ")
}
