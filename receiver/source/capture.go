package source

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// Errors of a Capture.
var (
	// ErrPermission says that the system does not let this program capture: on Linux it lacks CAP_NET_RAW.
	ErrPermission = errors.New("source: capturing packets is not permitted")
	// ErrUnsupported says that this program cannot capture on this system.
	ErrUnsupported = errors.New("source: packets are captured on Linux only")
)

// stackedFor is how long it is believed what interfaces there are.
const stackedFor = time.Second

// Capture receives what comes in on a network interface, whoever it is for: for the sockets of another program on this
// machine, or for another machine whose traffic a switch mirrors. It only listens.
//
// UDP over IPv4, fragments included, and over IPv6 is heard, with up to two VLAN tags. UDP behind a header that extends
// that of IPv6, such as of fragments, is not, nor are datagrams that the system has joined to one packet for the socket
// of another program. What has a wrong checksum, or is cut short, is left out, as it never reaches a socket either; so
// is what goes out from this machine, which by the loopback interface comes in, too.
//
// One socket serves all links. It is opened again when it fails, as when its interface is switched off or taken away.
type Capture struct {
	listenOnly

	device string
	ports  []int
	pool   *inbox.Pool
	slot   slot[*captureSocket]
	buffer atomic.Int64 // of the last socket

	decoder decoder // Run's
	stacked stacked
	shares  []uint64 // datagrams of each link since packets were dropped last
	dropped []atomic.Uint64
}

// capturedPacket is what a captureSocket hears.
type capturedPacket struct {
	data    []byte // from the network layer on
	control []byte // for parseControl
	index   int    // of the interface
	checked bool   // the checksum of UDP is known to be right, or is yet to be computed
}

// ListenCapture begins to listen on the named interface, for links that have those ports, in order. The interface is
// put into promiscuous mode, so that mirrored traffic is heard. An empty name stands for all interfaces, those to come
// included, as they are: then what a bridge, bond or VLAN gets is heard once, on the interface below it. An interface
// that is not there may still come: that is no error, but Link says that the links are down, with ErrInterface. Errors
// are ErrPermission, ErrUnsupported or the system's.
func ListenCapture(device string, ports []int, pool *inbox.Pool) (*Capture, error) {
	c := &Capture{
		device: device, ports: slices.Clone(ports), pool: pool,
		shares: make([]uint64, len(ports)), dropped: make([]atomic.Uint64, len(ports)),
	}
	c.buffer.Store(WantedBuffer)
	socket, err := c.open()
	if err != nil && !errors.Is(err, ErrInterface) {
		return nil, err
	}
	c.slot.put(socket, err)
	return c, nil
}

// Ports returns the ports of the links, in order.
func (c *Capture) Ports() []int { return slices.Clone(c.ports) }

// Buffer returns how much memory the kernel has for waiting packets, in bytes, and WantedBuffer before there is a
// socket.
func (c *Capture) Buffer() int { return int(c.buffer.Load()) }

// Close closes the socket, which ends Run. It may be called more than once, from any goroutine.
func (c *Capture) Close() { c.slot.close() }

// Link returns why the links are down, or nil, and how many packets the kernel dropped for want of memory. As nobody
// can say of which links those were, they are counted for the links in proportion to what came through since they were
// counted last. The sum over the links is exact, with each fragment as a packet.
func (c *Capture) Link(link int) (dropped uint64, down error) {
	return c.dropped[link].Load(), c.slot.down()
}

// Fragments returns how many datagrams may wait for fragments of theirs, how many do, and how many were given up since
// some did not come, or did not fit. It may be called at any time from any goroutine.
func (c *Capture) Fragments() (limit, now int, lost uint64) { return c.decoder.fragments.state() }

// Run delivers what arrives until ctx ends or Close is called; then it closes the socket and returns nil.
func (c *Capture) Run(ctx context.Context, in *inbox.Inbox) error {
	closed := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() {
		defer close(closed)
		c.Close()
	})
	c.slot.run(ctx, c.open, func(ctx context.Context, s *captureSocket) error { return c.read(ctx, s, in) })
	cancel()
	<-closed
	return nil
}

// open opens the socket.
func (c *Capture) open() (*captureSocket, error) {
	index := 0
	if c.device != "" {
		now, err := lookUp(c.device)
		if err != nil {
			return nil, cmp.Or(mayCapture(), err)
		}
		index = now.index
	}
	socket, buffer, err := openCapture(index, c.ports)
	if err == nil {
		c.buffer.Store(int64(buffer))
	}
	return socket, err
}

// read delivers what the socket hears until it fails or is closed.
func (c *Capture) read(ctx context.Context, s *captureSocket, in *inbox.Inbox) error {
	for before := uint32(0); ; {
		p, err := s.next()
		if err != nil {
			return err
		}
		now := time.Now()
		arrival, dropped, counted := parseControl(p.control, now)
		if counted && dropped != before {
			c.share(uint64(dropped - before)) // of 32 bits, so it may go round
			before = dropped
		}
		if c.device == "" && c.stacked.contains(p.index, now) {
			continue
		}
		r, ok := c.decoder.decodeIP(p.data, arrival, p.checked)
		if !ok {
			continue
		}
		link := slices.Index(c.ports, int(r.To.Port()))
		if link < 0 { // a fragment of something else
			continue
		}
		c.shares[link]++
		d := c.pool.GetFor(min(len(r.Payload), inbox.MaxDatagram))
		d.Link, d.From, d.Arrival, d.Truncated = link, r.From, r.Time, r.Length > inbox.MaxDatagram
		d.SetSize(copy(d.Buffer(), r.Payload))
		if !in.Deliver(ctx, d) {
			c.pool.Put(d)
			return ctx.Err()
		}
	}
}

// share counts dropped packets for the links, in proportion to what came of them meanwhile.
func (c *Capture) share(dropped uint64) {
	sum := uint64(0)
	for _, n := range c.shares {
		sum += n
	}
	left := dropped
	for i, n := range c.shares {
		if sum > 0 {
			part := uint64(float64(dropped) * float64(n) / float64(sum))
			c.dropped[i].Add(part)
			left -= min(part, left)
		}
	}
	most := 0
	for i, n := range c.shares {
		if n > c.shares[most] {
			most = i
		}
	}
	c.dropped[most].Add(left)
	clear(c.shares)
}

// stacked knows which interfaces get what others below them got before: bridges, bonds, VLANs and their like. The zero
// value is ready.
type stacked struct {
	indexes map[int]bool
	looked  time.Time
}

// contains tells whether the interface with that index is one of them.
func (s *stacked) contains(index int, now time.Time) bool {
	if now.Sub(s.looked) >= stackedFor {
		s.indexes, s.looked = stackedInterfaces(s.indexes), now
	}
	return s.indexes[index]
}
