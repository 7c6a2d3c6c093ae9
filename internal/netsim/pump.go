package netsim

import (
	"bytes"
	"container/heap"
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
	queue queue
	added uint64
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
	if len(p.queue) >= p.limit {
		return false
	}
	p.added++
	heap.Push(&p.queue, item{due: due, order: p.added, datagram: bytes.Clone(datagram), out: out})
	if p.queue[0].order == p.added {
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
	if len(p.queue) == 0 {
		return item{}, 0, false
	}
	if wait := time.Until(p.queue[0].due); wait > 0 {
		return item{}, wait, true
	}
	return heap.Pop(&p.queue).(item), 0, true
}

type item struct {
	due      time.Time
	order    uint64
	datagram []byte
	out      io.Writer
}

// queue is a heap (container/heap) with the datagram that is due first on top.
type queue []item

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if !q[i].due.Equal(q[j].due) {
		return q[i].due.Before(q[j].due)
	}
	return q[i].order < q[j].order
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q *queue) Push(x any) { *q = append(*q, x.(item)) }

func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = item{}
	*q = old[:len(old)-1]
	return last
}
