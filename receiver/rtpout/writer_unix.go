//go:build unix

package rtpout

import (
	"errors"
	"syscall"
)

// writer writes datagrams to a connected socket without ever waiting. One goroutine may use it.
type writer struct {
	raw    syscall.RawConn
	try    func(fd uintptr) (done bool) // made once, so that no packet costs memory
	packet []byte
	err    error
}

func newWriter(conn syscall.Conn) (*writer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &writer{raw: raw}
	w.try = func(fd uintptr) bool {
		for {
			_, w.err = syscall.Write(int(fd), w.packet) // Go's sockets do not block
			if !errors.Is(w.err, syscall.EINTR) {
				return true
			}
		}
	}
	return w, nil
}

func (w *writer) write(packet []byte) error {
	w.packet = packet
	if err := w.raw.Write(w.try); err != nil {
		return err
	}
	return w.err
}
