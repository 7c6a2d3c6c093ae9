//go:build unix

package main

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestService plays the service manager, and the receiver.
func TestService(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer func() { require.NoError(t, manager.Close()) }()
	require.NoError(t, manager.SetReadDeadline(time.Now().Add(30*time.Second)))
	receiver, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, receiver.Close()) }()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "2000000")

	_, port, err := net.SplitHostPort(receiver.LocalAddr().String())
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	rig := sendCommand{
		To: "127.0.0.1", Ports: port, Interfaces: []string{"lo"}, Listen: "127.0.0.1:0", Parity: "auto", Overhead: "34%",
		Wait: 25 * time.Millisecond, MTU: 1500, LogLevel: "error",
	}
	go func() { ended <- rig.Run(ctx, io.Discard) }()
	var heard []string
	hear := func(want string) {
		t.Helper()
		buffer := make([]byte, 4096)
		for !slices.Contains(heard, want) {
			n, err := manager.Read(buffer)
			require.NoError(t, err, "waiting for %q, heard %q", want, heard)
			heard = append(heard, string(buffer[:n]))
		}
	}
	hear("READY=1")
	hear("STATUS=1 of 1 links in use, survives the loss of no link")
	hear("WATCHDOG=1")
	stop()
	require.NoError(t, <-ended)
	hear("STOPPING=1")
}
