// Package inbox carries datagrams from where they come from to the pipeline of a channel: the datagram itself, the pool
// that its memory comes from, and the queue between the readers of the links and the pipeline.
package inbox

import (
	"net/netip"
	"sync"
	"time"
)

// MaxDatagram is the longest UDP payload that is taken in, in bytes: a parity packet of the longest RTP packet, with
// padding to spare. What is longer counts as malformed.
const MaxDatagram = 4096

// Datagram is one UDP datagram as it arrived. It has one owner at a time and comes from a Pool.
type Datagram struct {
	Link int            // index of the channel's port that it arrived on
	From netip.AddrPort // who sent it

	// Arrival is when the kernel received it. Where the process has a monotonic clock it carries that reading too,
	// so that a step of the wall clock moves no deadline.
	Arrival time.Time

	// Truncated tells that the datagram was longer than MaxDatagram.
	Truncated bool

	// Timestamp is that of the coding header, Parity whether it is a parity packet's, and Payload what it is in front of,
	// within the datagram; Counted tells that the accounts have it. They are the pipeline's: a source leaves them zero.
	Timestamp uint16
	Parity    bool
	Payload   []byte
	Counted   bool

	size int
	buf  [MaxDatagram]byte
}

// Buffer is the memory to receive into; SetSize tells how much of it was used.
func (d *Datagram) Buffer() []byte { return d.buf[:] }

// SetSize sets how many bytes of Buffer the datagram fills.
func (d *Datagram) SetSize(n int) { d.size = min(n, MaxDatagram) }

// Bytes is the datagram's content, within Buffer.
func (d *Datagram) Bytes() []byte { return d.buf[:d.size] }

// Size is the memory that a Datagram takes, however short its content is: the next larger one that the allocator has.
const Size = 4864

// maxSpare bounds the datagrams that a Pool keeps: 10 MB, more than what is held at 50 Mb/s while a gap of 200 ms is
// waited for. What comes back beyond that is left to the garbage collector.
const maxSpare = 2048

// Pool recycles datagrams. The zero value is ready, and its methods may be called from any goroutine.
type Pool struct {
	mu    sync.Mutex
	spare []*Datagram
}

// Get returns a datagram whose content is undefined; all other fields are zero.
func (p *Pool) Get() *Datagram {
	p.mu.Lock()
	n := len(p.spare)
	if n == 0 {
		p.mu.Unlock()
		return new(Datagram)
	}
	d := p.spare[n-1]
	p.spare[n-1], p.spare = nil, p.spare[:n-1]
	p.mu.Unlock()
	return d
}

// Put takes a datagram back. The caller must not use it again.
func (p *Pool) Put(d *Datagram) {
	d.Link, d.From, d.Arrival, d.Truncated = 0, netip.AddrPort{}, time.Time{}, false
	d.Timestamp, d.Parity, d.Payload, d.Counted, d.size = 0, false, nil, false, 0
	p.mu.Lock()
	if len(p.spare) < maxSpare {
		p.spare = append(p.spare, d)
	}
	p.mu.Unlock()
}
