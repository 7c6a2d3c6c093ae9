//go:build !linux

package web

import (
	"syscall"
	"time"
)

// dropUnconfirmed is for Linux. Elsewhere dead clients show when the buffer of their connection is full.
func dropUnconfirmed(time.Duration) func(network, address string, raw syscall.RawConn) error {
	return nil
}
