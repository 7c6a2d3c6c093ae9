// Package instance keeps a program to one instance for each user: a second start hands what it was started with to the
// first, and ends. On systems other than Linux and macOS every start is the first.
package instance

import (
	"errors"
	"time"
)

// The errors of this package.
var (
	// ErrFolder says that the instances' folder cannot be used, wrapped with why.
	ErrFolder = errors.New("instance: the folder cannot be used")

	// ErrSilent says that there is a first instance that does not answer: it hangs, or was stopped.
	ErrSilent = errors.New("instance: another one runs and does not answer")
)

const (
	patience      = 5 * time.Second // of a later instance, for all of it
	showPatience  = 2 * time.Second // of the first instance, for what a later one says
	maxMessage    = 64 << 10        // bytes; longer than any path in quotes
	tryLockEvery  = 10 * time.Millisecond
	retryAccept   = 100 * time.Millisecond
	privateFolder = 0o700
)
