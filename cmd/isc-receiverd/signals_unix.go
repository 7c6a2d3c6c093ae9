//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// notify has reload get the signal to read the settings again, and save that to begin or to stop saving what arrives.
func notify(reload, save chan<- os.Signal) {
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(save, syscall.SIGUSR1)
}
