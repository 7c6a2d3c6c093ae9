//go:build !ci && (gles || arm || arm64) && !darwin

package main

import "github.com/go-gl/glfw/v3.4/glfw"

// contextHints asks for the OpenGL that Fyne asks for when it is built like this.
func contextHints() {
	glfw.WindowHint(glfw.ClientAPI, glfw.OpenGLESAPI)
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 0)
}
