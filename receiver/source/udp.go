// Package source is where datagrams come from: the UDP sockets of a channel's links, what is captured on an interface,
// and capture files.
package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// WantedBuffer is the receive buffer asked of the kernel for each link, in bytes: more than 3 s at 10 Mb/s.
const WantedBuffer = 4 << 20

// watchEvery is how often it is looked whether the interface that sockets are bound to is still the same.
const watchEvery = time.Second

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
// A socket that fails, or whose interface or address is no longer there, leaves its link down and is opened again
// until that works; the other links go on.
type UDP struct {
	device    string
	byAddress bool // sockets are bound to an address of the interface rather than to the interface
	links     []*udpLink
	pool      *inbox.Pool
}

type udpLink struct {
	slot[*udpSocket]

	port    atomic.Int64  // that of the socket, once there was one
	buffer  atomic.Int64  // of the last socket
	dropped atomic.Uint64 // by the kernel, on all sockets so far
}

// udpSocket is a socket and what it was bound to.
type udpSocket struct {
	*net.UDPConn

	index   int        // of the interface; 0 for any
	address netip.Addr // not valid for any
}

// ListenUDP opens the ports, one for each link, on the named interface, or on all where the name is empty. Port 0 is
// any free port: Ports tells which. An interface that is not there, or has no address where one is needed, may still
// come: that is no error, but Link says that the links are down, with ErrInterface. The error is a PortError, and
// leaves nothing open.
func ListenUDP(device string, ports []int, pool *inbox.Pool) (*UDP, error) {
	return listenUDP(device, ports, pool, device != "" && bindToDevice(device) == nil)
}

func listenUDP(device string, ports []int, pool *inbox.Pool, byAddress bool) (*UDP, error) {
	u := &UDP{device: device, byAddress: byAddress, pool: pool}
	for _, port := range ports {
		l := new(udpLink)
		l.port.Store(int64(port))
		l.buffer.Store(WantedBuffer)
		socket, err := u.open(l)
		if err != nil && !errors.Is(err, ErrInterface) {
			u.Close()
			return nil, err
		}
		l.put(socket, err)
		u.links = append(u.links, l)
	}
	return u, nil
}

// Ports returns the ports of the links, in order.
func (u *UDP) Ports() []int {
	ports := make([]int, len(u.links))
	for i, l := range u.links {
		ports[i] = int(l.port.Load())
	}
	return ports
}

// Buffer returns the smallest receive buffer that the kernel gave any link, in bytes, and WantedBuffer before it gave
// one.
func (u *UDP) Buffer() int {
	smallest := WantedBuffer
	for _, l := range u.links {
		smallest = min(smallest, int(l.buffer.Load()))
	}
	return smallest
}

// Close closes the sockets, which ends Run. It may be called more than once, from any goroutine.
func (u *UDP) Close() {
	for _, l := range u.links {
		l.close()
	}
}

// Run delivers what arrives until ctx ends; then it closes the sockets and returns nil.
func (u *UDP) Run(ctx context.Context, in *inbox.Inbox) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		u.Close()
	})
	var readers, watch sync.WaitGroup
	for i, l := range u.links {
		readers.Go(func() {
			open := func() (*udpSocket, error) { return u.open(l) }
			l.run(ctx, open, func(ctx context.Context, s *udpSocket) error { return u.read(ctx, i, s, in) })
		})
	}
	if u.device != "" {
		watch.Go(func() { u.watch(ctx) })
	}
	readers.Wait()
	cancel()
	watch.Wait()
	<-closed
	return nil
}

// Send sends a feedback datagram from a link's socket.
func (u *UDP) Send(link int, to netip.AddrPort, payload []byte) error {
	socket, err := u.links[link].get()
	if err != nil {
		return fmt.Errorf("source: link %d is down: %w", link, err)
	}
	_, err = socket.WriteToUDPAddrPort(payload, to)
	return err
}

// Link returns how many datagrams the kernel dropped on a link, and why it is down, or nil.
func (u *UDP) Link(link int) (dropped uint64, down error) {
	l := u.links[link]
	return l.dropped.Load(), l.down()
}

// read delivers what arrives on a link until its socket fails or is closed.
func (u *UDP) read(ctx context.Context, link int, socket *udpSocket, in *inbox.Inbox) error {
	l := u.links[link]
	control := make([]byte, controlSize)
	for before := uint32(0); ; {
		d := u.pool.Get()
		n, nc, flags, from, err := socket.ReadMsgUDPAddrPort(d.Buffer(), control)
		if tooLong(err) {
			u.pool.Put(d)
			l.dropped.Add(1)
			continue
		}
		if err != nil {
			u.pool.Put(d)
			return err
		}
		arrival, dropped, counted := parseControl(control[:nc], time.Now())
		if counted {
			l.dropped.Add(uint64(dropped - before)) // of 32 bits, so it may go round
			before = dropped
		}
		d.Link, d.Arrival, d.Truncated = link, arrival, truncated(flags)
		d.From = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		d.SetSize(n)
		if d = u.pool.Fit(d); !in.Deliver(ctx, d) {
			u.pool.Put(d)
			return ctx.Err()
		}
	}
}

// open opens a link's socket.
func (u *UDP) open(l *udpLink) (*udpSocket, error) {
	config := net.ListenConfig{}
	socket, host := new(udpSocket), ""
	if u.device != "" {
		now, err := lookUp(u.device)
		if err != nil {
			return nil, err
		}
		socket.index = now.index
		if u.byAddress {
			if socket.address, err = now.address(); err != nil {
				return nil, err
			}
			host = socket.address.String()
		} else {
			config.Control = bindToDevice(u.device)
		}
	}
	port := int(l.port.Load())
	conn, err := config.ListenPacket(context.Background(), "udp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, &PortError{Port: port, Err: err}
	}
	socket.UDPConn = conn.(*net.UDPConn)
	buffer, err := configure(socket.UDPConn)
	if err != nil {
		_ = conn.Close() // the error to report is the first one
		return nil, &PortError{Port: port, Err: err}
	}
	l.buffer.Store(int64(buffer))
	l.port.Store(int64(conn.LocalAddr().(*net.UDPAddr).Port))
	return socket, nil
}

// watch looks whether the sockets are still bound to what is there now: one that is bound to an interface that was
// taken away hears nothing and gets no error, even after another with the same name has come.
func (u *UDP) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, err := lookUp(u.device)
		if err != nil && !errors.Is(err, ErrInterface) {
			continue // the system does not say, so nothing is known to have changed
		}
		for _, l := range u.links {
			socket, down := l.get()
			if down == nil {
				if lost := cmp.Or(err, now.lost(socket)); lost != nil {
					l.fail(lost)
				}
			}
		}
	}
}
