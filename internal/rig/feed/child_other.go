//go:build !linux

package feed

import "syscall"

// dieWithParent returns nil: where the parent is killed, the child goes on until it is ended by hand.
func dieWithParent() *syscall.SysProcAttr { return nil }
