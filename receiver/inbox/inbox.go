package inbox

import (
	"context"
	"sync/atomic"
	"time"
)

// queueSize is how many datagrams of one link may wait, a power of two. When they do, the link's reader waits, and
// what the kernel cannot hold either it drops and counts.
const queueSize = 1024

// Inbox carries datagrams from the readers of the links, one goroutine for each link, to the channel's one pipeline,
// without a lock. The links are merged by arrival.
type Inbox struct {
	rings []ring
	wake  chan struct{} // capacity 1: something was delivered
}

// ring is a queue with one writer and one reader.
type ring struct {
	head  atomic.Uint64 // next to be taken; written by the reader
	tail  atomic.Uint64 // next to be filled; written by the writer
	slots [queueSize]*Datagram
	space chan struct{} // capacity 1: something was taken from a full ring
}

// New returns an inbox for that many links.
func New(links int) *Inbox {
	in := &Inbox{rings: make([]ring, links), wake: make(chan struct{}, 1)}
	for i := range in.rings {
		in.rings[i].space = make(chan struct{}, 1)
	}
	return in
}

// Deliver hands d over. It waits while the link's queue is full, and returns false when ctx ended before there was
// room; then d still belongs to the caller. One goroutine at a time may call it for a link.
func (in *Inbox) Deliver(ctx context.Context, d *Datagram) bool {
	r := &in.rings[d.Link]
	tail := r.tail.Load()
	for tail-r.head.Load() == queueSize {
		in.Signal()
		select {
		case <-r.space:
		case <-ctx.Done():
			return false
		}
	}
	r.slots[tail%queueSize] = d
	r.tail.Store(tail + 1)
	in.Signal()
	return true
}

// Wake has a value when something was delivered since the last one was received from it.
func (in *Inbox) Wake() <-chan struct{} { return in.wake }

// Signal makes Wake have a value.
func (in *Inbox) Signal() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// Oldest returns when the datagram that Take returns next arrived; false where none waits. The goroutine that calls
// Take may call it.
func (in *Inbox) Oldest() (arrival time.Time, ok bool) {
	if r := in.first(); r != nil {
		return r.slots[r.head.Load()%queueSize].Arrival, true
	}
	return time.Time{}, false
}

// Take returns the waiting datagram that arrived first, or nil. One goroutine may call it.
func (in *Inbox) Take() *Datagram {
	r := in.first()
	if r == nil {
		return nil
	}
	head := r.head.Load()
	d := r.slots[head%queueSize]
	r.slots[head%queueSize] = nil
	r.head.Store(head + 1)
	if r.tail.Load()-head == queueSize { // the writer may have found the ring full before head moved
		select {
		case r.space <- struct{}{}:
		default:
		}
	}
	return d
}

// first returns the ring with the datagram that arrived first, or nil.
func (in *Inbox) first() (from *ring) {
	var arrival time.Time
	for i := range in.rings {
		r := &in.rings[i]
		head := r.head.Load()
		if head == r.tail.Load() {
			continue
		}
		if at := r.slots[head%queueSize].Arrival; from == nil || at.Before(arrival) {
			arrival, from = at, r
		}
	}
	return from
}
