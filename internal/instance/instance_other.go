//go:build !linux && !darwin

package instance

import "os"

// First is an instance of a program.
type First struct{}

// Folder returns the folder in which a user's instances meet: none, on this system.
func Folder() (string, error) { return "", nil }

// Open makes this program the first instance, whether there are others or not.
func Open(_, _, _ string, _ func(argument string) bool) (first *First, pid int, err error) {
	return &First{}, os.Getpid(), nil
}

// Close does nothing.
func (*First) Close() error { return nil }
