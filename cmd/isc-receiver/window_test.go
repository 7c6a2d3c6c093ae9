//go:build window

package main

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/written"
)

const (
	windowWidth  = 1280
	windowHeight = 800

	patience = 90 * time.Second // for whatever is to be seen, on a busy machine
)

// startProgram starts a program, and kills it at the end of the test if it still runs.
func startProgram(t *testing.T, env []string, name string, args ...string) (*exec.Cmd, *written.Text, <-chan error) {
	t.Helper()
	out := &written.Text{}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	reaped := make(chan struct{})
	go func() {
		ended <- cmd.Wait()
		close(reaped)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-reaped:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-reaped
		}
	})
	return cmd, out, ended
}

// startDisplay starts a display with a window manager and returns its name.
func startDisplay(t *testing.T) string {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer func() { require.NoError(t, read.Close()) }()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-nolisten", "tcp", "-noreset",
		"-screen", "0", fmt.Sprintf("%dx%dx24", windowWidth, windowHeight+60))
	cmd.ExtraFiles = []*os.File{write}
	require.NoError(t, cmd.Start())
	require.NoError(t, write.Close())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		_ = cmd.Wait() // its status says that it was ended
	})
	require.NoError(t, read.SetReadDeadline(time.Now().Add(patience)))
	number, err := bufio.NewReader(read).ReadString('\n')
	require.NoError(t, err)
	display := ":" + strings.TrimSpace(number)
	startProgram(t, []string{"DISPLAY=" + display}, "openbox")
	return display
}

// freePorts returns a first UDP port with three free ones after it, and a free TCP port.
func freePorts(t *testing.T) (udp, tcp int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	for {
		c, err := net.ListenUDP("udp", nil)
		require.NoError(t, err)
		udp = c.LocalAddr().(*net.UDPAddr).Port
		require.NoError(t, c.Close())
		if udp+3 <= 65535 {
			return udp, l.Addr().(*net.TCPAddr).Port
		}
	}
}

// needPrograms skips the test where a program that looks at a display, or another one, is not installed.
func needPrograms(t *testing.T, others ...string) {
	t.Helper()
	for _, name := range append([]string{"Xvfb", "openbox", "xdotool", "import"}, others...) {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

// build builds the program with Fyne's checks of who calls what from where.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "isc-receiver")
	cmd := exec.Command("go", "build", "-tags", "gles", "-o", path, ".")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// desktop runs the tools that look at a display.
type desktop struct {
	t       *testing.T
	display string
}

func (d desktop) try(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.display)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

func (d desktop) run(name string, args ...string) string {
	d.t.Helper()
	out, err := d.try(name, args...)
	require.NoError(d.t, err, "%s %v", name, args)
	return out
}

// picture takes a picture of a window.
func (d desktop) picture(window, path string) image.Image {
	d.t.Helper()
	d.run("import", "-window", window, path)
	f, err := os.Open(path)
	require.NoError(d.t, err)
	defer func() { require.NoError(d.t, f.Close()) }()
	img, err := png.Decode(f)
	require.NoError(d.t, err)
	return img
}

// still tells whether nothing has changed for a moment where the picture of a live stream is.
func (d desktop) still(window, folder string) bool {
	d.t.Helper()
	before := d.picture(window, filepath.Join(folder, "before.png"))
	<-time.After(300 * time.Millisecond)
	after := d.picture(window, filepath.Join(folder, "after.png"))
	for y := windowHeight / 4; y < windowHeight/2; y += 2 {
		for x := windowWidth / 20; x < windowWidth/2; x += 2 {
			if before.At(x, y) != after.At(x, y) {
				return false
			}
		}
	}
	return true
}

// flat tells whether there is next to nothing to see in the upper left of where the picture is. A message leaves that
// part empty.
func flat(img image.Image) bool {
	seen := map[[3]uint32]bool{}
	b := img.Bounds()
	for y := b.Dy() / 8; y < b.Dy()/4-10; y += 2 {
		for x := b.Dx() / 20; x < b.Dx()/2; x += 2 {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r >> 12, g >> 12, b >> 12}] = true
		}
	}
	return len(seen) < 5
}

// newHome returns the home folder of a user who has never started the program.
func newHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.Chmod(home, 0o700))                          // as a runtime folder must be
	require.NoError(t, os.Mkdir(filepath.Join(home, ".cache"), 0o700)) // Fyne logs an error without it
	return home
}

// homeEnv is the environment of a user with that home folder.
func homeEnv(home string) []string {
	return []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_RUNTIME_DIR=" + home, "WAYLAND_DISPLAY=",
	}
}

// window waits for a window of a name and returns it.
func (d desktop) window(name string, out fmt.Stringer) string {
	d.t.Helper()
	var window string
	require.Eventually(d.t, func() bool {
		found, err := d.try("xdotool", "search", "--onlyvisible", "--name", "^"+name+"$")
		window = found
		return err == nil && found != ""
	}, patience, 200*time.Millisecond, "the window\n%s", out)
	return window
}

// TestWindow runs the demonstration on a display of its own, looks at it, and closes the window. With the environment
// variable ISC_SCREENSHOTS set to a folder, the picture goes there as window-dark.png or window-light.png.
func TestWindow(t *testing.T) {
	needPrograms(t, "ffmpeg")
	program := build(t)
	for _, theme := range []string{"dark", "light"} {
		t.Run(theme, func(t *testing.T) { testWindow(t, program, theme) })
	}
}

// The buttons in the window's head, from the right edge.
const (
	headY  = 49
	stopX  = 36
	setupX = 108
	shareX = 230
)

// click clicks at a point of a window, counted from the left edge, or from the right one where x is negative.
func (d desktop) click(window string, x, y int) {
	d.t.Helper()
	if x < 0 {
		x += windowWidth
	}
	d.run("xdotool", "mousemove", "--window", window, strconv.Itoa(x), strconv.Itoa(y), "click", "1")
}

// clickThrough clicks through share, settings, stop and start, and takes the pictures of share and settings.
func (d desktop) clickThrough(window, folder, theme string, out *written.Text) {
	d.t.Helper()
	scratch := d.t.TempDir()
	see := func(what string, f func() bool) {
		d.t.Helper()
		require.Eventually(d.t, f, patience, 200*time.Millisecond, what+"\n"+out.String())
	}
	white := func() bool { // the ground of the code for phones
		r, g, b, _ := d.picture(window, filepath.Join(scratch, "share.png")).At(345, 290).RGBA()
		return min(r, g, b) > 0xf000
	}
	d.click(window, -shareX, headY)
	see("the code for phones", white)
	d.picture(window, filepath.Join(folder, "share-"+theme+".png"))
	d.click(window, windowWidth/2, windowHeight/2+140) // the dialog's button
	see("the dialog has gone", func() bool { return !white() })

	d.click(window, -setupX, headY)
	see("the set-up", func() bool { return d.still(window, scratch) })
	d.picture(window, filepath.Join(folder, "settings-"+theme+".png"))
	d.click(window, -setupX, headY)
	see("the picture again", func() bool { return !d.still(window, scratch) })

	d.click(window, -stopX, headY)
	see("it has stopped", func() bool { return strings.Count(out.String(), "msg=stopped") == 1 })
	d.click(window, -stopX, headY)
	see("it has started again", func() bool { return strings.Count(out.String(), "msg=receiving") == 2 })
	see("the picture once more", func() bool { return !d.still(window, scratch) })
}

func testWindow(t *testing.T, program, theme string) {
	t.Helper()
	folder := t.TempDir()
	if to := os.Getenv("ISC_SCREENSHOTS"); to != "" {
		folder = to
	}
	d := desktop{t: t, display: startDisplay(t)}
	home := newHome(t)
	env := append(homeEnv(home), "DISPLAY="+d.display, "FYNE_THEME="+theme)
	udp, tcp := freePorts(t)
	ports := fmt.Sprintf("%d-%d", udp, udp+3)
	cmd, out, ended := startProgram(t, env, program, "--demo", "--ports", ports, "--http", "127.0.0.1:"+strconv.Itoa(tcp))

	window := d.window("ISC Receiver", out)
	d.run("xdotool", "windowmove", window, "0", "0", "windowsize", window,
		strconv.Itoa(windowWidth), strconv.Itoa(windowHeight))
	path := filepath.Join(folder, "window-"+theme+".png")
	require.Eventually(t, func() bool { return !flat(d.picture(window, path)) },
		patience, time.Second, "something to see\n%s", out)

	// Through the set-up and back, by its keys.
	d.run("xdotool", "windowfocus", "--sync", window, "key", "ctrl+comma")
	require.Eventually(t, func() bool { return d.still(window, home) },
		patience, 200*time.Millisecond, "the set-up in place of the picture, which moves")
	d.run("xdotool", "key", "Escape")
	require.Eventually(t, func() bool { return !d.still(window, home) },
		patience, 200*time.Millisecond, "the picture again")
	d.picture(window, path)
	d.clickThrough(window, folder, theme, out)
	decoders := func(want int, why string) {
		t.Helper()
		require.Eventually(t, func() bool {
			found, _ := d.try("pgrep", "-P", strconv.Itoa(cmd.Process.Pid), "-x", "ffmpeg") // it fails where there is none
			return len(strings.Fields(found)) == want
		}, patience, 200*time.Millisecond, why)
	}
	decoders(1, "the picture is decoded")
	d.run("xdotool", "windowminimize", window)
	decoders(0, "nothing is decoded that nobody sees")
	d.run("xdotool", "windowmap", window)
	decoders(1, "it is decoded again when it can be seen")
	d.run("xdotool", "windowfocus", "--sync", window)

	d.run("xdotool", "key", "alt+F4") // by way of the window manager, as the cross in the title bar
	select {
	case err := <-ended:
		require.NoError(t, err, out.String())
	case <-time.After(patience):
		require.Fail(t, "it still runs after its window was closed", out.String())
	}
	require.NotContains(t, out.String(), "Error in Fyne call thread")
	require.Contains(t, out.String(), "Open http://127.0.0.1:")
}
