//go:build !ci

package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/go-gl/glfw/v3.4/glfw"
)

// probe opens and closes an invisible window of the kind that Fyne opens, as Fyne panics without a display, and waits
// for ever with one that has no OpenGL. It must be called on the main thread, before Fyne starts.
func probe() error {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return fmt.Errorf("%w: neither DISPLAY nor WAYLAND_DISPLAY is set", errDisplay)
	}
	if err := glfw.Init(); err != nil {
		return fmt.Errorf("%w: %w", errDisplay, err)
	}
	defer glfw.Terminate()
	glfw.WindowHint(glfw.Visible, glfw.False)
	contextHints()
	w, err := glfw.CreateWindow(16, 16, "", nil, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errDisplay, err)
	}
	w.Destroy()
	return nil
}

// minimised tells whether the window whose OpenGL context is current is minimised, which Fyne does not say. Wayland tells
// nobody.
func minimised() bool {
	w := glfw.GetCurrentContext()
	return w != nil && w.GetAttrib(glfw.Iconified) == glfw.True
}
