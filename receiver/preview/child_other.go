//go:build !linux

package preview

import "syscall"

// dieWithParent does nothing here: a child whose parent has died ends when its input does.
func dieWithParent() *syscall.SysProcAttr { return nil }
