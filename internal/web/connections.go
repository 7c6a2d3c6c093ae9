package web

import (
	"net"
	"net/netip"
	"sync"
)

// limitListener closes connections for which there is no place as they come, so that those who hold the others keep
// nobody from accepting.
type limitListener struct {
	net.Listener
	places *places
}

// otherFiles is how many files the program may need beside connections of viewers.
const otherFiles = 256

// connectionsFor returns how many of the wanted connections a process can have that may open so many files.
func connectionsFor(files uint64, wanted int) int {
	return int(min(uint64(wanted), max(files/2, files-min(files, otherFiles))))
}

// connections returns how many connections are taken. Where the system allows fewer than the limit, the log says so.
func (s *Server) connections() int {
	files, known := openFiles()
	if !known {
		return s.limits.Connections
	}
	n := connectionsFor(files, s.limits.Connections)
	if n < s.limits.Connections {
		s.log.Warn("The system lets the program open too few files for all connections of viewers that it would take. "+
			"Raise LimitNOFILE of the service, or the hard limit of ulimit -n.",
			"files", files, "connections", n, "wanted", s.limits.Connections)
	}
	return n
}

// Accept implements net.Listener.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := remoteOf(connection)
		if l.places.enter(from) {
			return &limitConn{Conn: connection, leave: sync.OnceFunc(func() { l.places.leave(from) })}, nil
		}
		_ = connection.Close() // there is nobody to tell
	}
}

func remoteOf(connection net.Conn) netip.Addr {
	address, err := netip.ParseAddrPort(connection.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap().WithZone("")
}

// limitConn gives its place back when it is closed.
type limitConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *limitConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
