//go:build !linux

package source

import (
	"errors"
	"net"
	"syscall"
	"time"
)

const controlSize = 0

// bindToDevice returns nil: only Linux binds a socket to an interface, elsewhere its address is bound to.
func bindToDevice(string) func(network, address string, c syscall.RawConn) error { return nil }

// configure asks for a large buffer. What the system gave is not known here.
func configure(conn *net.UDPConn) (buffer int, err error) {
	return WantedBuffer, conn.SetReadBuffer(WantedBuffer)
}

// parseControl returns now: receive times and drop counts of the kernel are read on Linux only.
func parseControl(_ []byte, now time.Time) (arrival time.Time, dropped uint32, counted bool) {
	return now, 0, false
}

// messageSize is Windows's WSAEMSGSIZE.
const messageSize = syscall.Errno(10040)

// tooLong tells whether the system gave an error in place of a datagram that is longer than the buffer, as Windows does.
func tooLong(err error) bool { return errors.Is(err, messageSize) }

// truncated returns false: a datagram that fills the buffer to the last byte fails the checks of its length.
func truncated(int) bool { return false }
