package netsim

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	// labQueue is how many datagrams may be on their way in one direction of a link; more are dropped.
	labQueue = 16_384
	// socketBuffer is asked of the system for each socket, in bytes.
	socketBuffer = 1 << 20
	// largest is the largest datagram of UDP over IPv4 in bytes.
	largest = 65_507
)

// labLink is a link of a Lab. The sender's datagrams come to front and leave by back, the receiver's the other way
// round.
type labLink struct {
	name  string
	to    netip.AddrPort
	front *net.UDPConn
	up    *Pump
	down  *Pump

	mu       sync.Mutex // guards all below
	path     *Path
	from     netip.AddrPort // the sender
	back     *net.UDPConn   // that of the present binding
	before   *net.UDPConn   // that of the one before, for what is still on its way; or nil
	binding  int
	unasked  uint64
	overflow uint64
	ended    bool
	arrivals []time.Time
	readers  sync.WaitGroup // of the sockets to the receiver
}

// relay relays until the link is closed; to be called once. It returns why it cannot go on, or nil. The readers of the
// sockets to the receiver still run then, until the link is closed.
func (l *labLink) relay() error {
	first := l.back // send changes it
	l.readers.Go(func() { l.answers(first) })
	buffer := make([]byte, largest)
	for {
		n, from, err := l.front.ReadFromUDPAddrPort(buffer)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
			continue // the system tells that nobody listens where something was sent
		case err != nil:
			return fmt.Errorf("receive: %w", err)
		}
		if err := l.send(from, buffer[:n]); err != nil {
			return err
		}
	}
}

// send puts a datagram of the sender on its way, from a new port where the binding has changed.
func (l *labLink) send(from netip.AddrPort, datagram []byte) error {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from = from
	fresh, err := l.bind(now)
	if err != nil {
		return err
	}
	if fresh != nil {
		l.readers.Go(func() { l.answers(fresh) })
	}
	l.arrivals = l.path.Up.Send(l.arrivals[:0], now, len(datagram))
	for _, at := range l.arrivals {
		if !l.up.Add(at, datagram, l.back) {
			l.overflow++
		}
	}
	return nil
}

// bind opens another socket to the receiver where there is none of the present binding, and returns it, or nil. The
// socket before stays for what is on its way from it; the one before that is closed.
func (l *labLink) bind(now time.Time) (*net.UDPConn, error) {
	binding := l.path.Binding(now)
	if l.ended || l.back != nil && binding == l.binding {
		return nil, nil //nolint:nilnil // there is nothing to do
	}
	back, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(l.to))
	if err != nil {
		return nil, fmt.Errorf("socket to %s: %w", l.to, err)
	}
	if l.before != nil {
		_ = l.before.Close()
	}
	l.before, l.back, l.binding = l.back, back, binding
	return back, nil
}

// answers relays what the receiver sends to a socket, until that is closed.
func (l *labLink) answers(back *net.UDPConn) {
	buffer := make([]byte, largest)
	for {
		n, err := back.Read(buffer)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // such as that nobody listened when a datagram came
			continue
		}
		l.answer(back, buffer[:n])
	}
}

// answer puts a datagram of the receiver on its way, unless it was meant for an earlier port.
func (l *labLink) answer(back *net.UDPConn, datagram []byte) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if back != l.back || l.path.Binding(now) != l.binding || !l.from.IsValid() {
		l.unasked++
		return
	}
	l.arrivals = l.path.Down.Send(l.arrivals[:0], now, len(datagram))
	for _, at := range l.arrivals {
		if !l.down.Add(at, datagram, toSender{l.front, l.from}) {
			l.overflow++
		}
	}
}

// toSender writes to whoever sent last on a link.
type toSender struct {
	socket *net.UDPConn
	to     netip.AddrPort
}

// Write implements io.Writer.
func (w toSender) Write(datagram []byte) (int, error) {
	return w.socket.WriteToUDPAddrPort(datagram, w.to)
}

// close closes the sockets, which ends their readers.
func (l *labLink) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, socket := range []*net.UDPConn{l.front, l.back, l.before} {
		if socket != nil {
			_ = socket.Close()
		}
	}
}

func (l *labLink) status(now time.Time) LabLinkStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := LabLinkStatus{
		Name: l.name, Out: l.path.Up.Down(now), Port: l.back.LocalAddr().(*net.UDPAddr).Port,
		Rebound: l.binding, Unasked: l.unasked, Overflow: l.overflow,
		Up: directionStatus(l.path.Up, now), Down: directionStatus(l.path.Down, now),
	}
	if l.from.IsValid() {
		s.From = l.from.String()
	}
	return s
}

func directionStatus(l *Link, now time.Time) LabDirectionStatus {
	bytes, wait := l.Waiting(now)
	return LabDirectionStatus{Counts: l.Counts(), QueueBytes: bytes, QueueMS: float64(wait.Microseconds()) / 1000}
}
