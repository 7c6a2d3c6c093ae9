//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
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
