//go:build unix

package uplink

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// writer writes to a connected socket without ever waiting, and without allocating. One goroutine at a time may use it.
type writer struct {
	raw      syscall.RawConn
	step     func(fd uintptr) bool
	datagram []byte
	err      error
}

// use has the writer write to conn.
func (w *writer) use(conn *net.UDPConn) (err error) {
	w.step = func(fd uintptr) bool {
		for {
			if _, w.err = unix.Write(int(fd), w.datagram); !errors.Is(w.err, unix.EINTR) {
				return true // done, also where there was no room: nobody waits for some
			}
		}
	}
	w.raw, err = conn.SyscallConn()
	return err
}

func (w *writer) write(datagram []byte) error {
	w.datagram = datagram
	if err := w.raw.Write(w.step); err != nil {
		return err
	}
	return w.err
}
