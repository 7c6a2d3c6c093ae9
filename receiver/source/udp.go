// Package source is where datagrams come from: the UDP sockets of a channel's links, and capture files.
package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// WantedBuffer is the receive buffer asked of the kernel for each link, in bytes: more than 3 s at 10 Mb/s.
const WantedBuffer = 4 << 20

// A link whose socket fails is opened again after a pause that doubles from the first to the last of these.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 8 * time.Second
)

// ErrInterface says that a network interface is not there, or has no address.
var ErrInterface = errors.New("source: no such network interface")

// PortError says that a port could not be opened. Unwrap gives the system's error.
type PortError struct {
	Port int
	Err  error
}

// Error implements error.
func (e *PortError) Error() string { return fmt.Sprintf("source: UDP port %d: %v", e.Port, e.Err) }

// Unwrap implements errors.Unwrap.
func (e *PortError) Unwrap() error { return e.Err }

// UDP receives on one socket for each link, with the kernel's receive times, and sends feedback from the same sockets.
type UDP struct {
	device string
	links  []*udpLink
	pool   *inbox.Pool
}

type udpLink struct {
	mu     sync.Mutex
	port   int // that of the socket, once there was one
	buffer int
	conn   *net.UDPConn // nil while the link is down
	err    error
	closed bool

	dropped atomic.Uint64 // by the kernel, on the sockets up to the present one
}

// ListenUDP opens the ports, one for each link, on the named interface, or on all where the name is empty. Port 0 is
// any free port: Ports tells which. Errors are ErrInterface or a PortError, and leave nothing open.
func ListenUDP(device string, ports []int, pool *inbox.Pool) (*UDP, error) {
	u := &UDP{device: device, pool: pool}
	for _, port := range ports {
		l := &udpLink{port: port}
		if err := l.open(device); err != nil {
			u.Close()
			return nil, err
		}
		u.links = append(u.links, l)
	}
	return u, nil
}

// Ports returns the ports of the links, in order.
func (u *UDP) Ports() []int {
	ports := make([]int, len(u.links))
	for i, l := range u.links {
		l.mu.Lock()
		ports[i] = l.port
		l.mu.Unlock()
	}
	return ports
}

// Buffer returns the smallest receive buffer that the kernel gave any link, in bytes.
func (u *UDP) Buffer() int {
	smallest := WantedBuffer
	for _, l := range u.links {
		l.mu.Lock()
		smallest = min(smallest, l.buffer)
		l.mu.Unlock()
	}
	return smallest
}

// Close closes the sockets, which ends Run. It may be called more than once, from any goroutine.
func (u *UDP) Close() {
	for _, l := range u.links {
		l.mu.Lock()
		l.closed = true
		if l.conn != nil {
			_ = l.conn.Close() // nothing is buffered that could be lost
		}
		l.mu.Unlock()
	}
}

// Run delivers what arrives until ctx ends; then it closes the sockets and returns nil.
func (u *UDP) Run(ctx context.Context, in *inbox.Inbox) error {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		u.Close()
	})
	var readers sync.WaitGroup
	for i := range u.links {
		readers.Go(func() { u.runLink(ctx, i, in) })
	}
	readers.Wait()
	if !stop() {
		<-closed
	}
	u.Close() // the readers may have seen the end of ctx before what AfterFunc does had begun
	return nil
}

// Send sends a feedback datagram from a link's socket.
func (u *UDP) Send(link int, to netip.AddrPort, payload []byte) error {
	l := u.links[link]
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn == nil {
		return fmt.Errorf("source: link %d is down", link)
	}
	_, err := conn.WriteToUDPAddrPort(payload, to)
	return err
}

// Link returns how many datagrams the kernel dropped on a link, and why it is down, or nil.
func (u *UDP) Link(link int) (dropped uint64, down error) {
	l := u.links[link]
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped.Load(), l.err
}

// runLink reads one link, and opens it again where it fails.
func (u *UDP) runLink(ctx context.Context, link int, in *inbox.Inbox) {
	l := u.links[link]
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, lastPause) {
		began := time.Now()
		err := u.read(ctx, link, in)
		if ctx.Err() != nil || !l.fail(err) {
			return
		}
		if time.Since(began) > lastPause {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if err := l.open(u.device); err != nil {
			l.fail(err)
		}
	}
}

// read delivers what arrives on a link until its socket fails or is closed.
func (u *UDP) read(ctx context.Context, link int, in *inbox.Inbox) error {
	l := u.links[link]
	l.mu.Lock()
	conn, err := l.conn, l.err
	l.mu.Unlock()
	if conn == nil {
		return err
	}
	before := l.dropped.Load()
	control := make([]byte, controlSize)
	for {
		d := u.pool.Get()
		n, nc, flags, from, err := conn.ReadMsgUDPAddrPort(d.Buffer(), control)
		if err != nil {
			u.pool.Put(d)
			return err
		}
		arrival, dropped, counted := parseControl(control[:nc], time.Now())
		if counted {
			l.dropped.Store(before + dropped)
		}
		d.Link, d.Arrival, d.Truncated = link, arrival, truncated(flags)
		d.From = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		d.SetSize(n)
		if !in.Deliver(ctx, d) {
			u.pool.Put(d)
			return ctx.Err()
		}
	}
}

// fail takes note that the link is down. It returns false where the link was closed on purpose.
func (l *udpLink) fail(err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if l.conn != nil {
		_ = l.conn.Close() // it has failed already
	}
	l.conn, l.err = nil, err
	return true
}

// open opens the link's socket.
func (l *udpLink) open(device string) error {
	config := net.ListenConfig{}
	address := netip.AddrPort{}
	if device != "" {
		fallback, err := interfaceAddress(device)
		if err != nil {
			return err
		}
		if control := bindToDevice(device); control != nil {
			config.Control = control
		} else {
			address = netip.AddrPortFrom(fallback, 0)
		}
	}
	host := ""
	if address.Addr().IsValid() {
		host = address.Addr().String()
	}
	conn, err := config.ListenPacket(context.Background(), "udp", net.JoinHostPort(host, fmt.Sprint(l.port)))
	if err != nil {
		return &PortError{Port: l.port, Err: err}
	}
	udp := conn.(*net.UDPConn)
	buffer, err := configure(udp)
	if err != nil {
		_ = udp.Close() // the error to report is the first one
		return &PortError{Port: l.port, Err: err}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = udp.Close()
		return net.ErrClosed
	}
	l.conn, l.err, l.buffer = udp, nil, buffer
	l.port = udp.LocalAddr().(*net.UDPAddr).Port
	return nil
}

// interfaceAddress returns an address of an interface, IPv4 if it has one.
func interfaceAddress(name string) (netip.Addr, error) {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%w: %s", ErrInterface, name)
	}
	addresses, err := device.Addrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%w: %s: %w", ErrInterface, name, err)
	}
	var found netip.Addr
	for _, a := range addresses {
		prefix, err := netip.ParsePrefix(a.String())
		switch {
		case err != nil:
		case prefix.Addr().Is4():
			return prefix.Addr(), nil
		case !found.IsValid() && !prefix.Addr().IsLinkLocalUnicast():
			found = prefix.Addr()
		}
	}
	if !found.IsValid() {
		return found, fmt.Errorf("%w: %s has no address", ErrInterface, name)
	}
	return found, nil
}
