//go:build !unix

package rtpout

import (
	"net"
	"time"
)

// maxWait is how long a write may wait for room in the socket's buffer: this system has no way not to wait at all.
const maxWait = time.Millisecond

// writer writes datagrams to a connected socket. One goroutine may use it.
type writer struct{ conn *net.UDPConn }

func newWriter(conn *net.UDPConn) (*writer, error) { return &writer{conn}, nil }

func (w *writer) write(packet []byte) error {
	if err := w.conn.SetWriteDeadline(time.Now().Add(maxWait)); err != nil {
		return err
	}
	_, err := w.conn.Write(packet)
	return err
}
