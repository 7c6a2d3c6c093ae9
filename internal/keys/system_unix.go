//go:build unix

package keys

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	// plainOnly is what files are opened with: no link is followed, and no pipe waited for.
	plainOnly = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

	// hasModes tells whether the modes of files say who may read them.
	hasModes = true

	// lockTries times lockPause is how long a program waits for another one: a change takes milliseconds.
	lockTries, lockPause = 100, 10 * time.Millisecond
)

// lock keeps other programs from changing the file until the function that it returns is called, or returns ErrBusy.
// On file systems that cannot lock it does not, and changes at the same instant may undo each other.
func (f file) lock() (unlock func(), err error) {
	folder, err := os.Open(f.folder)
	if err != nil {
		return func() {}, nil //nolint:nilerr // it is yet to be made, or what is done with the file fails, too
	}
	for range lockTries {
		err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return func() { _ = folder.Close() }, nil // it cannot lock, or has; to close unlocks
		}
		<-time.After(lockPause)
	}
	_ = folder.Close() // it was not locked
	return func() {}, ErrBusy
}
