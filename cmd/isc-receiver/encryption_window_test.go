//go:build window

package main

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEncryptionIsChosen switches encryption on in the set-up of a window that receives: the page goes on with a
// certificate of the program's own, whose fingerprint the log tells. With the environment variable ISC_SCREENSHOTS set
// to a folder, pictures go there.
func TestEncryptionIsChosen(t *testing.T) {
	needPrograms(t)
	program := build(t)
	d := desktop{t: t, display: startDisplay(t)}
	home := newHome(t)
	udp, tcp := freePorts(t)
	folder := filepath.Join(home, "config", "isc-receiver")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.toml"), fmt.Appendf(nil,
		"[http]\naddress = ':%d'\n[[channel]]\nid = 'rig1'\nports = '%d'\n", tcp, udp), 0o600))
	pictures := home
	if to := os.Getenv("ISC_SCREENSHOTS"); to != "" {
		pictures = to
	}
	running, out, ended := startProgram(t, append(homeEnv(home), "DISPLAY="+d.display, "FYNE_THEME=dark"), program)
	window := d.window("ISC Receiver", out)
	d.run("xdotool", "windowmove", window, "0", "0", "windowsize", "--sync", window,
		strconv.Itoa(windowWidth), strconv.Itoa(windowHeight))
	d.run("xdotool", "windowfocus", "--sync", window)
	require.Eventually(t, func() bool { return contains(out, "msg=receiving") }, patience, 200*time.Millisecond)
	require.Contains(t, out.String(), "Viewers' connections are not encrypted")

	still := func() {
		t.Helper()
		require.Eventually(t, func() bool { return d.still(window, home) }, patience, 200*time.Millisecond)
	}
	still()
	d.run("xdotool", "key", "ctrl+comma")
	still()
	d.click(window, 100, 240) // the page about the web page
	still()
	d.click(window, 586, 533) // a certificate of our own
	still()
	d.picture(window, filepath.Join(pictures, "setup-encryption.png"))
	require.Eventually(t, func() bool {
		d.click(window, windowWidth-86, windowHeight-28) // the large button
		return contains(out, "viewers' connections are encrypted")
	}, patience, time.Second, "%s", out)

	connection, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", tcp),
		&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // its fingerprint is compared, as a viewer would
	require.NoError(t, err)
	sum := sha256.Sum256(connection.ConnectionState().PeerCertificates[0].Raw)
	require.NoError(t, connection.Close())
	require.Contains(t, out.String(), "fingerprint="+strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"))

	still()
	d.run("xdotool", "key", "ctrl+u")
	still()
	d.picture(window, filepath.Join(pictures, "share-encryption.png"))
	require.NoError(t, running.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-ended)
	require.NotContains(t, out.String(), "Error in Fyne call thread")
}
