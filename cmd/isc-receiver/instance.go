package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/isc-receiver/isc-receiver/gui"
	"github.com/isc-receiver/isc-receiver/internal/instance"
)

// raisePatience is how long the window may take to come to the front. One that hangs does not.
const raisePatience = 1500 * time.Millisecond

// claim makes this program the first of this user's, to which later ones send what is to be raised; or it has the first
// one come to the front, with the capture where there is one: then all is done. The error wraps instance.ErrFolder
// where it cannot be told whether there is another one.
func claim(capture string, raise chan<- gui.Raise, stdout io.Writer) (first *instance.First, done bool, err error) {
	folder, err := instance.Folder()
	if err != nil {
		return nil, false, err
	}
	if capture != "" {
		if capture, err = filepath.Abs(capture); err != nil {
			return nil, false, err
		}
	}
	first, pid, err := instance.Open(folder, "isc-receiver", capture, func(capture string) bool {
		return bringUp(raise, capture)
	})
	switch {
	case errors.Is(err, instance.ErrSilent):
		return nil, false, silent(pid)
	case err != nil:
		return nil, false, err
	case first == nil:
		_, err = fmt.Fprintf(stdout, "ISC Receiver is running already (process %d): its window is in front now. "+
			"To start it with other options, close that one first.\n", pid)
		return nil, err == nil, err
	}
	return first, false, nil
}

// silent says that the first instance hangs, and what to do. Its process is 0 where it is not known.
func silent(pid int) error {
	if pid <= 0 {
		return errors.New("it is running already, but its window does not answer. End that one first")
	}
	return fmt.Errorf("it is running already (process %d), but its window does not answer. End it with: kill %d", pid, pid)
}

// bringUp has the window come to the front, and reports whether it did in time.
func bringUp(raise chan<- gui.Raise, capture string) bool {
	shown := make(chan struct{})
	late := time.After(raisePatience)
	select {
	case raise <- gui.Raise{Capture: capture, Shown: shown}:
	case <-late:
		return false
	}
	select {
	case <-shown:
		return true
	case <-late:
		return false
	}
}
