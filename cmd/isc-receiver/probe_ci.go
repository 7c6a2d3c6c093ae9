//go:build ci

package main

import "fmt"

// probe fails: a program built for tests draws into memory and has no window to show.
func probe() error { return fmt.Errorf("%w: built without one", errDisplay) }

// minimised is never so: there is no window.
func minimised() bool { return false }
