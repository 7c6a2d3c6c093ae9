//go:build !window

package gui

// showForReal does nothing: without the tag "window" tests need no display.
func showForReal() bool { return false }
