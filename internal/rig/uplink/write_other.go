//go:build !unix

package uplink

import "net"

// writer writes to a connected socket. Here the system decides whether it waits for room.
type writer struct{ conn *net.UDPConn }

// use has the writer write to conn.
func (w *writer) use(conn *net.UDPConn) error {
	w.conn = conn
	return nil
}

func (w *writer) write(datagram []byte) error {
	_, err := w.conn.Write(datagram)
	return err
}
