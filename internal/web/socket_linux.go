package web

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dropUnconfirmed has the kernel end the connections of a listener when what was sent stays unconfirmed for so long
// (tcp(7), TCP_USER_TIMEOUT): a client that is gone reads nothing and says nothing.
func dropUnconfirmed(patience time.Duration) func(network, address string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(patience.Milliseconds()))
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return fmt.Errorf("web: TCP_USER_TIMEOUT: %w", err)
		}
		return nil
	}
}
