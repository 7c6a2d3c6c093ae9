//go:build window

package main

import (
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/cli"
)

// TestSecondStart starts the program again while its window is minimised: that comes to the front, and offers the
// capture. Then the first is stopped as a program that hangs, and the second says so.
func TestSecondStart(t *testing.T) {
	needPrograms(t)
	program := build(t)
	d := desktop{t: t, display: startDisplay(t)}
	env := append(homeEnv(newHome(t)), "DISPLAY="+d.display)
	udp, tcp := freePorts(t)
	first, out, ended := startProgram(t, env, program,
		"--ports", strconv.Itoa(udp), "--http", fmt.Sprintf("127.0.0.1:%d", tcp))
	window := d.window("ISC Receiver", out)

	d.run("xdotool", "windowsize", "--sync", window, "1200", "700", "windowmove", "--sync", window, "20", "40",
		"windowminimize", window)
	require.Eventually(t, func() bool {
		_, err := d.try("xdotool", "search", "--onlyvisible", "--name", "^ISC Receiver$")
		return err != nil
	}, patience, 100*time.Millisecond, "it is minimised")

	second := func(args ...string) (string, int) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env = append(os.Environ(), env...)
		text, err := cmd.CombinedOutput()
		if exit := new(exec.ExitError); !errors.As(err, &exit) {
			require.NoError(t, err)
		}
		return string(text), cmd.ProcessState.ExitCode()
	}
	text, exit := second()
	require.Zero(t, exit, text)
	require.Contains(t, text, fmt.Sprintf("is running already (process %d): its window is in front", first.Process.Pid))
	require.Equal(t, window, d.window("ISC Receiver", out))
	require.Eventually(t, func() bool {
		active, err := d.try("xdotool", "getactivewindow")
		return err == nil && active == window
	}, patience, 100*time.Millisecond, "it is in front")

	folder := t.TempDir()
	require.Eventually(t, func() bool {
		_, err := d.try("import", "-window", window, filepath.Join(folder, "ready.png"))
		return err == nil
	}, patience, 100*time.Millisecond, "all of it can be seen")
	before := d.picture(window, filepath.Join(folder, "before.png"))
	text, exit = second("../../testdata/none.pcapng")
	require.Zero(t, exit, text)
	require.Eventually(t, func() bool {
		return differ(before, d.picture(window, filepath.Join(folder, "asks.png")))
	}, patience, 200*time.Millisecond, "it asks what to do with the capture")

	require.NoError(t, first.Process.Signal(syscall.SIGSTOP))
	var status syscall.WaitStatus // a busy machine takes a while to stop all threads
	_, err := syscall.Wait4(first.Process.Pid, &status, syscall.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, status.Stopped())
	text, exit = second()
	require.NoError(t, first.Process.Signal(syscall.SIGCONT))
	require.Equal(t, cli.Failed, exit, text)
	require.Contains(t, text, fmt.Sprintf("does not answer. End it with: kill %d", first.Process.Pid))

	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-ended)
	require.NotContains(t, out.String(), "Error in Fyne call thread")
}

// differ tells whether much of the middle of a picture has changed.
func differ(a, b image.Image) bool {
	changed, all := 0, 0
	for y := a.Bounds().Dy() / 4; y < a.Bounds().Dy()*3/4; y += 4 {
		for x := a.Bounds().Dx() / 4; x < a.Bounds().Dx()*3/4; x += 4 {
			all++
			if a.At(x, y) != b.At(x, y) {
				changed++
			}
		}
	}
	return changed > all/2
}
