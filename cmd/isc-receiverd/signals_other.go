//go:build !unix

package main

import "os"

// notify does nothing: this system has no such signals.
func notify(chan<- os.Signal, chan<- os.Signal) {}
