package netsim

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

// Pump writes datagrams when they are due, in real time. It holds a limited number of them and refuses more, like
// the queue of a router that is full.
type Pump struct {
	limit int
	wake  chan struct{} // holds a token when a datagram was added that is due before all others

	mu    sync.Mutex
	queue Schedule[item]
}

// item is a datagram and where it goes.
type item struct {
	datagram []byte
	out      io.Writer
}

// NewPump returns a pump that holds up to limit datagrams.
func NewPump(limit int) *Pump {
	return &Pump{limit: limit, wake: make(chan struct{}, 1)}
}

// Add copies a datagram, to be written to out when it is due; at once where that is past. Datagrams that are due at
// the same time leave in the order of the calls. It returns false, and drops the datagram, when the pump is full.
// Any number of goroutines may call it, also before and after Run; what is left when Run ends is never written.
func (p *Pump) Add(due time.Time, datagram []byte, out io.Writer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queue.Len() >= p.limit {
		return false
	}
	if p.queue.Add(due, item{bytes.Clone(datagram), out}) {
		select {
		case p.wake <- struct{}{}:
		default: // a token is there already
		}
	}
	return true
}

// Run writes datagrams until ctx ends. Failed writes count as lost on the way: UDP reports, for instance, that
// nobody listens at the other end.
func (p *Pump) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		}
		for ctx.Err() == nil {
			next, wait, ok := p.next()
			if !ok {
				break
			}
			if wait > 0 {
				timer.Reset(wait)
				break
			}
			_, _ = next.out.Write(next.datagram)
		}
	}
}

// next takes out the first datagram if it is due; otherwise it returns how long that one has to wait. It reports
// false when there is none.
func (p *Pump) next() (item, time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	due, ok := p.queue.Next()
	if !ok {
		return item{}, 0, false
	}
	if wait := time.Until(due); wait > 0 {
		return item{}, wait, true
	}
	return p.queue.Take(), 0, true
}
