package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// Errors of sources other than sockets.
var (
	// ErrListenOnly says that a source hears and cannot answer.
	ErrListenOnly = errors.New("source: it only listens, so nothing can be sent")
	// ErrNoPackets says that a capture has no datagram to any of the ports. It is wrapped in a NoPacketsError.
	ErrNoPackets = errors.New("source: no datagram in the capture is to one of the ports")
)

// What a Player makes of a clock that was set while a capture was taken. Up to maxGap, packets far apart were silence,
// and are played as far apart; beyond it, the clock was set, and a gap of setGap is played, as between two packets of
// which the later one is more than maxBack before the earlier. A packet that is less than that before the one in front
// of it was captured on another interface, and is played at once.
const (
	maxGap  = 10 * time.Minute
	setGap  = time.Second
	maxBack = time.Second
)

// maxBehind is how far a Player catches up, such as after the machine slept; behind what is more it starts anew.
const maxBehind = 500 * time.Millisecond

// maxSeen is how many ports a NoPacketsError names.
const maxSeen = 16

// NoPacketsError says which ports the datagrams of a capture are to, as none of them is to one that was wanted.
type NoPacketsError struct {
	Seen []int // those with the most datagrams first, 16 at most; none: the capture has no UDP datagrams
}

// Error implements error.
func (e *NoPacketsError) Error() string {
	return fmt.Sprintf("%v; it has some to %v", ErrNoPackets, e.Seen)
}

// Unwrap returns ErrNoPackets.
func (e *NoPacketsError) Unwrap() error { return ErrNoPackets }

// listenOnly is what sources that cannot answer have in common.
type listenOnly struct{}

// Send returns ErrListenOnly.
func (listenOnly) Send(int, netip.AddrPort, []byte) error { return ErrListenOnly }

// Player plays a capture file as a live source: each datagram comes as long after the one before as it did when the
// capture was taken, and as if it came now. It only listens. Which link a datagram is of is told by the port it is to.
type Player struct {
	listenOnly

	file  *File
	ports []int
	pool  *inbox.Pool

	read atomic.Int64

	mu     sync.Mutex
	closed bool
	cancel func() // ends Run
}

// OpenPlayer opens a capture file, pcap or pcapng, to be played on links that have those ports, in order. Memory for
// datagrams comes from pool. Errors are the system's, ErrFormat or ErrLinkType.
func OpenPlayer(path string, ports []int, pool *inbox.Pool) (*Player, error) {
	file, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	return &Player{file: file, ports: slices.Clone(ports), pool: pool, cancel: func() {}}, nil
}

// Ports returns the ports of the links, in order.
func (p *Player) Ports() []int { return slices.Clone(p.ports) }

// Progress returns how many of the file's bytes have been read, and how many there are. It may be called from any
// goroutine.
func (p *Player) Progress() (read, size int64) { return p.read.Load(), p.file.size }

// Fragments returns what File.Fragments does. It may be called at any time from any goroutine.
func (p *Player) Fragments() (limit, now int, lost uint64) { return p.file.Fragments() }

// Link returns 0 and nil: from a file nothing is dropped, and no link of it is down.
func (p *Player) Link(int) (dropped uint64, down error) { return 0, nil }

// Close closes the file, which ends Run. It may be called more than once, from any goroutine.
func (p *Player) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	p.cancel()
	_ = p.file.Close() // it was only read
}

// Run plays the file, once. It returns nil at the end of the file, or when ctx ended or Close was called before; a
// NoPacketsError where the file has been read without finding a datagram to one of the ports; io.ErrUnexpectedEOF,
// wrapped, at the end of a file that was cut off; ErrBroken or the system's error where it cannot be read any further.
// The file is closed then.
func (p *Player) Run(ctx context.Context, in *inbox.Inbox) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	p.cancel = cancel
	if p.closed {
		cancel()
	}
	p.mu.Unlock()
	defer p.Close()

	err := p.play(ctx, in)
	switch {
	case ctx.Err() != nil, errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("source: the capture file was cut off: %w", err)
	}
	return err
}

// play delivers the datagrams until the file or ctx ends, and returns why.
func (p *Player) play(ctx context.Context, in *inbox.Inbox) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var pace pace
	seen := make(map[int]int) // datagrams by port; no longer filled once there is one that is wanted
	for played := false; ctx.Err() == nil; {
		r, err := p.file.Next()
		read, _ := p.file.Progress()
		p.read.Store(read)
		if err != nil {
			if !played && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
				return NoPackets(seen)
			}
			return err
		}
		link := slices.Index(p.ports, int(r.To.Port()))
		if link < 0 {
			if !played {
				seen[int(r.To.Port())]++
			}
			continue
		}
		played = true
		due := pace.due(r.Time, time.Now())
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		d := p.pool.GetFor(min(len(r.Payload), inbox.MaxDatagram))
		d.Link, d.From, d.Arrival, d.Truncated = link, r.From, due, r.Length > inbox.MaxDatagram
		d.SetSize(copy(d.Buffer(), r.Payload))
		if !in.Deliver(ctx, d) {
			p.pool.Put(d)
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// NoPackets returns the error of a capture that has so many datagrams to each port, none of which was wanted.
func NoPackets(seen map[int]int) *NoPacketsError {
	ports := slices.SortedFunc(maps.Keys(seen), func(a, b int) int {
		return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(a, b))
	})
	return &NoPacketsError{Seen: ports[:min(len(ports), maxSeen)]}
}

// pace tells when a datagram of a capture is due. The zero value is ready.
type pace struct {
	captured, played time.Time // a moment on the clock of the capture, and the same on ours
	latest           time.Time // captured, of the datagrams so far
	last             time.Time // when the last datagram was due
}

// due returns when the datagram that was captured at that time is to be played, given those before it. It is always
// after the last one, so that datagrams captured at one moment keep their order.
func (p *pace) due(at, now time.Time) time.Time {
	step := at.Sub(p.latest)
	switch {
	case p.last.IsZero():
		p.captured, p.played, p.latest = at, now, at
	case step > maxGap, step < -maxBack:
		p.captured, p.played, p.latest = at, p.last.Add(setGap), at
	case step > 0:
		p.latest = at
	}
	due := p.played.Add(at.Sub(p.captured))
	if behind := now.Sub(due); behind > maxBehind && !at.Before(p.latest) {
		p.played = p.played.Add(behind)
		due = now
	}
	if !due.After(p.last) {
		due = p.last.Add(1)
	}
	p.last = due
	return due
}
