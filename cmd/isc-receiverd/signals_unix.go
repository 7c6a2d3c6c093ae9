//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyReload has c get the signal to read the settings again.
func notifyReload(c chan<- os.Signal) { signal.Notify(c, syscall.SIGHUP) }
