package uplink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// link is one link, with its socket while it is up.
type link struct {
	index  int
	port   int
	uplink *Uplink
	socket atomic.Pointer[socket]
	opened time.Time // the last socket; known to Run alone

	sent, bytes, failed, heard atomic.Uint64

	mu      sync.Mutex
	reason  string // why it is down
	told    string // of reason, the last one that was logged
	toldAt  time.Time
	quiet   bool   // its last end was not logged, so its next beginning is not, either
	last    string // the last error of a datagram
	lastAt  time.Time
	heardAt time.Time
}

// socket is a socket that is connected to the receiver's port of a link.
type socket struct {
	conn   *net.UDPConn
	writer writer
	device device
	local  netip.Addr
	to     netip.AddrPort
}

// send sends a datagram at once or not at all.
func (l *link) send(datagram []byte) error {
	s := l.socket.Load()
	if s == nil {
		return ErrDown
	}
	err := s.writer.write(datagram)
	if isRefused(err) { // that was about one before: this one has not been sent yet
		l.note(s, err)
		err = s.writer.write(datagram)
	}
	if err == nil {
		l.sent.Add(1)
		l.bytes.Add(uint64(len(datagram)))
		return nil
	}
	l.failed.Add(1)
	l.note(s, err)
	if !passes(err) {
		l.close(s, explain(err, s)) // it is opened again when the links are looked at next, and not at once
	}
	return err
}

// way is an address of the receiver that may be reached from an interface, and the interface's own.
type way struct {
	to    netip.AddrPort
	local netip.Addr
}

// keep has the link send by an interface to the first of the addresses that can be reached from there. An interface
// without name stands for whichever the system chooses.
func (l *link) keep(ctx context.Context, d device, targets []netip.Addr) {
	ways := l.ways(d, targets)
	if len(ways) == 0 {
		err := fmt.Errorf("the receiver has only addresses (%v) of another kind than %s", targets, d.name)
		l.close(l.socket.Load(), err)
		l.down(err)
		return
	}
	s := l.socket.Load()
	if s != nil {
		if reason := s.outdated(d, ways); reason != nil {
			l.close(s, reason)
			s = nil
		}
	}
	if s == nil && l.socketFailed() {
		return
	}
	var first error
	for _, w := range ways {
		if s != nil && s.to == w.to {
			return
		}
		err := l.open(ctx, d, w)
		if err == nil {
			return
		}
		if first == nil {
			first = err
		}
	}
	l.down(first)
}

// socketFailed tells whether the last socket failed so soon that another one would, too. The next look will tell.
func (l *link) socketFailed() bool { return time.Since(l.opened) < lookEvery/2 }

// outdated says why a socket is of no more use, or returns nil.
func (s *socket) outdated(d device, ways []way) error {
	switch {
	case !slices.ContainsFunc(ways, func(w way) bool { return w.to == s.to }):
		return fmt.Errorf("the receiver is at %v now", ways[0].to.Addr())
	case s.device.name != d.name:
		return fmt.Errorf("it leaves %s and goes by %s from now on", s.device.name, d.name)
	case s.device.index != d.index:
		return fmt.Errorf("%s was taken away, or is another one now", s.device.name)
	case d.name != "" && !slices.Contains(d.addresses, s.local):
		return fmt.Errorf("%s no longer has the address %v", d.name, s.local)
	}
	return nil
}

// ways returns the addresses that are of a kind that the interface has, with the interface's own of that kind.
func (l *link) ways(d device, targets []netip.Addr) (all []way) {
	for _, target := range targets {
		if local, ok := d.like(target); ok {
			all = append(all, way{netip.AddrPortFrom(target, uint16(l.port)), local})
		}
	}
	return all
}

// open opens the socket and starts its reader. The one before, if there is one, is closed then.
func (l *link) open(ctx context.Context, d device, w way) error {
	dialer, bound := d.dialer("udp", w.local)
	conn, err := dialer.DialContext(ctx, "udp", w.to.String())
	if err != nil {
		return explain(err, &socket{device: d, to: w.to})
	}
	udp := conn.(*net.UDPConn)
	s := &socket{conn: udp, device: d, to: w.to, local: udp.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()}
	if err := s.writer.use(udp); err != nil {
		_ = udp.Close()
		return err
	}
	l.mu.Lock()
	l.reason = ""
	quiet := l.quiet
	l.mu.Unlock()
	l.opened = time.Now()
	if before := l.socket.Swap(s); before != nil {
		_ = before.conn.Close() // nothing is lost by it
	}
	l.uplink.readers.Go(func() { l.read(s) })
	if !quiet {
		l.uplink.config.Log.Info("a link can send", "link", l.index, "by", bound, "from", udp.LocalAddr(), "to", w.to)
	}
	return nil
}

// maxAnswer is more than receivers send.
const maxAnswer = 1024

// read hands on what comes back on a socket, until that is closed.
func (l *link) read(s *socket) {
	buffer := make([]byte, maxAnswer)
	for {
		n, err := s.conn.Read(buffer)
		switch {
		case err == nil:
			l.heard.Add(1)
			l.mu.Lock()
			l.heardAt = time.Now()
			l.mu.Unlock()
			l.uplink.config.Heard(l.index, buffer[:n])
		case errors.Is(err, net.ErrClosed):
			return
		case passes(err):
			l.note(s, err)
		default:
			l.close(s, explain(err, s))
			return
		}
	}
}

// note keeps the error of a datagram.
func (l *link) note(s *socket, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.lastAt = explain(err, s).Error(), time.Now()
}

// close closes a socket, if it is the link's and not nil, and says why, where there is a reason.
func (l *link) close(s *socket, reason error) {
	if s == nil || !l.socket.CompareAndSwap(s, nil) {
		return
	}
	_ = s.conn.Close() // nothing is lost by it
	if reason != nil {
		l.down(reason)
	}
}

// tellAgain is how long the reason of a link that goes down again and again is not repeated.
const tellAgain = time.Minute

// down takes note of why the link is down, and logs what is new.
func (l *link) down(reason error) {
	now, text := time.Now(), reason.Error()
	l.mu.Lock()
	known := l.reason == text
	l.reason = text
	if !known {
		l.quiet = l.told == text && now.Sub(l.toldAt) < tellAgain
		if !l.quiet {
			l.told, l.toldAt = text, now
		}
	}
	tell := !known && !l.quiet
	l.mu.Unlock()
	if tell {
		l.uplink.config.Log.Warn("a link cannot send", "link", l.index, "port", l.port, "reason", reason)
	}
}
