//go:build window

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/written"
)

// TestFirstStart sets the program up as a newcomer does, with a mouse and a keyboard: one port is another program's at
// first. What was set up is kept, and the next start receives at once. With the environment variable ISC_SCREENSHOTS
// set to a folder, pictures of the set-up go there.
func TestFirstStart(t *testing.T) {
	needPrograms(t)
	program := build(t)
	d := desktop{t: t, display: startDisplay(t)}
	home := newHome(t)
	env := append(homeEnv(home), "DISPLAY="+d.display, "FYNE_THEME=dark")
	folder := home
	if to := os.Getenv("ISC_SCREENSHOTS"); to != "" {
		folder = to
	}
	first, out, ended := startProgram(t, env, program)
	window := d.window("ISC Receiver", out)
	d.run("xdotool", "windowmove", window, "0", "0", "windowsize", "--sync", window,
		strconv.Itoa(windowWidth), strconv.Itoa(windowHeight))
	require.NotContains(t, out.String(), "Open http", "nothing is opened before somebody has said so")

	// The address of the page first, on a port that is free for sure, and for this computer alone.
	udp, tcp := freePorts(t)
	taken, err := net.ListenUDP("udp", &net.UDPAddr{Port: udp + 1})
	require.NoError(t, err)
	d.run("xdotool", "windowfocus", "--sync", window)
	click := func(x, y int) {
		t.Helper()
		d.run("xdotool", "mousemove", "--window", window, strconv.Itoa(x), strconv.Itoa(y), "click", "1")
	}
	enter := func(x, y int, text string) {
		t.Helper()
		click(x, y)
		d.run("xdotool", "key", "ctrl+a", "type", "--delay", "20", text)
	}
	click(100, 240)                                            // the page about the web page
	enter(450, 256, strconv.Itoa(tcp))                         // its port
	click(60, 124)                                             // the first rig
	enter(600, 321, fmt.Sprintf("%d-%d", udp, udp+3))          // its ports
	start := func() { click(windowWidth-86, windowHeight-28) } // the large button
	require.Eventually(t, func() bool {
		start()
		return contains(out, fmt.Sprintf("UDP port %d is in use by ", udp+1))
	}, patience, time.Second, "%s", out)
	require.Eventually(t, func() bool { return d.still(window, home) }, patience, 200*time.Millisecond)
	d.picture(window, filepath.Join(folder, "setup-taken.png"))
	require.NotContains(t, out.String(), "Open http")
	require.NoError(t, taken.Close())
	require.Eventually(t, func() bool {
		if !contains(out, "Open http") {
			start()
		}
		return contains(out, fmt.Sprintf(":%d/", tcp))
	}, patience, time.Second, "%s", out)

	require.Eventually(t, func() bool { return d.still(window, home) }, patience, 200*time.Millisecond)
	waiting := d.picture(window, filepath.Join(home, "waiting.png"))
	d.run("xdotool", "key", "ctrl+comma")
	require.Eventually(t, func() bool {
		return differ(waiting, d.picture(window, filepath.Join(folder, "setup.png")))
	}, patience, 200*time.Millisecond, "the set-up in place of the picture")
	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-ended)
	require.NotContains(t, out.String(), "Error in Fyne call thread")

	cfg := app.Default()
	require.NoError(t, cfg.Load(filepath.Join(home, "config", "isc-receiver", "config.toml")))
	require.Equal(t, ":"+strconv.Itoa(tcp), cfg.HTTP.Address)
	require.Equal(t, app.Ports{udp, udp + 1, udp + 2, udp + 3}, cfg.Channels[0].Ports)

	_, out, _ = startProgram(t, env, program)
	require.Eventually(t, func() bool { return contains(out, fmt.Sprintf(":%d/", tcp)) },
		patience, 200*time.Millisecond, "the next start needs nobody\n%s", out)
}

func contains(out *written.Text, text string) bool { return strings.Contains(out.String(), text) }
