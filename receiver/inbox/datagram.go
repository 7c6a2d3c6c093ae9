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

// smallSize is how much most datagrams fit into: what one Ethernet frame carries.
const smallSize = 1536

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
	buf  []byte // nil before it is used; or of smallSize, or MaxDatagram
}

// Buffer is the memory to receive into; SetSize tells how much of it was used. It has MaxDatagram bytes, or what GetFor
// was asked for.
func (d *Datagram) Buffer() []byte {
	if d.buf == nil {
		d.buf = make([]byte, MaxDatagram)
	}
	return d.buf
}

// SetSize sets how many bytes of Buffer the datagram fills.
func (d *Datagram) SetSize(n int) { d.size = min(n, len(d.Buffer())) }

// Bytes is the datagram's content, within Buffer.
func (d *Datagram) Bytes() []byte { return d.buf[:d.size] }

// Cost is the memory in bytes that the datagram takes, however short its content is.
func (d *Datagram) Cost() int { return headSize + len(d.buf) }

// headSize is what the allocator takes for a Datagram without its buffer.
const headSize = 144

// MaxCost is the most that a datagram costs.
const MaxCost = headSize + MaxDatagram

// maxSpare bounds the datagrams of each size that a Pool keeps, 3 MB in all: what is held at 20 Mb/s while a gap of
// 100 ms is waited for. What comes back beyond that is left to the garbage collector.
const maxSpare = 512

// Pool recycles datagrams. The zero value is ready, and its methods may be called from any goroutine.
type Pool struct {
	mu           sync.Mutex
	small, large []*Datagram
}

// Get returns a datagram with room for MaxDatagram bytes, whose content is undefined; all other fields are zero.
func (p *Pool) Get() *Datagram { return p.GetFor(MaxDatagram) }

// GetFor returns a datagram with room for size bytes, MaxDatagram at most.
func (p *Pool) GetFor(size int) *Datagram {
	spare, size := p.spare(size)
	p.mu.Lock()
	n := len(*spare)
	if n == 0 {
		p.mu.Unlock()
		return &Datagram{buf: make([]byte, size)}
	}
	d := (*spare)[n-1]
	(*spare)[n-1], *spare = nil, (*spare)[:n-1]
	p.mu.Unlock()
	return d
}

// spare returns the datagrams of the least size that will do, and that size.
func (p *Pool) spare(size int) (spare *[]*Datagram, least int) {
	if size <= smallSize {
		return &p.small, smallSize
	}
	return &p.large, MaxDatagram
}

// Fit returns a datagram that costs no more than its content needs: d itself, or one in place of it. The caller must
// not use d again.
func (p *Pool) Fit(d *Datagram) *Datagram {
	if d.size > smallSize || len(d.buf) <= smallSize {
		return d
	}
	c := p.GetFor(d.size)
	buf := c.buf
	copy(buf, d.Bytes())
	*c = *d
	c.buf = buf
	p.Put(d)
	return c
}

// Put takes a datagram back. The caller must not use it again.
func (p *Pool) Put(d *Datagram) {
	if *d = (Datagram{buf: d.buf}); d.buf == nil {
		return
	}
	spare, _ := p.spare(len(d.buf))
	p.mu.Lock()
	if len(*spare) < maxSpare {
		*spare = append(*spare, d)
	}
	p.mu.Unlock()
}
