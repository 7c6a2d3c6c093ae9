//go:build unix

package keys

import (
	"os"
	"syscall"
)

// lock keeps other programs from changing the file until the function that it returns is called. On file systems that
// cannot lock it does not, and changes at the same instant may undo each other.
func (f file) lock() (unlock func()) {
	folder, err := os.Open(f.folder)
	if err != nil {
		return func() {} // it is yet to be made
	}
	if err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		_ = folder.Close()
		return func() {}
	}
	return func() { _ = folder.Close() } // this unlocks it
}
