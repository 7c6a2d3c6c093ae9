package preview

import (
	"image"
	"sync"
	"time"
)

// ringSize is how many pictures there are: one shown, one being written, and time for whoever holds an older one.
const ringSize = 5

// pictures is the ring of decoded pictures: one writer at a time, any number of readers.
type pictures struct {
	ring [ringSize]*image.RGBA

	mu      sync.Mutex
	number  uint64 // of the latest picture, which is ring[number%ringSize]
	arrival time.Time
}

func (p *pictures) init(width, height int) {
	for i := range p.ring {
		p.ring[i] = image.NewRGBA(image.Rect(0, 0, width, height))
	}
}

// next returns the bytes of the picture to be written, until publish.
func (p *pictures) next() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring[(p.number+1)%ringSize].Pix
}

// publish makes the picture that next returned the latest.
func (p *pictures) publish(arrival time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number++
	p.arrival = arrival
}

func (p *pictures) latest() (picture *image.RGBA, number uint64, arrival time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.number == 0 {
		return nil, 0, time.Time{}
	}
	return p.ring[p.number%ringSize], p.number, p.arrival
}

const (
	// maxArrivals is far more units than the pipe and a decoder hold.
	maxArrivals = 4096

	// settle is over how many pictures the queue of arrivals is compared with what it was.
	settle = 50
)

// arrivals pairs pictures with units, first in, first out. A decoder that leaves a picture out leaves one arrival too
// many, which would make all later pictures look older than they are. So the least number that ever waits is learnt
// over the first pictures (a decoder of B-frames holds some back), and when it has grown, the surplus goes.
type arrivals struct {
	mu     sync.Mutex
	queue  []time.Time
	seen   int // pictures in this comparison
	least  int // the fewest that were left after a picture in this comparison
	normal int // the same in the first comparison
	known  bool
}

func (a *arrivals) push(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == maxArrivals {
		a.queue = a.queue[1:]
	}
	a.queue = append(a.queue, t)
}

// pop returns the arrival of the next picture, or the zero time where none is left.
func (a *arrivals) pop() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 {
		return time.Time{}
	}
	t := a.queue[0]
	a.queue = a.queue[1:]

	if left := len(a.queue); a.seen == 0 || left < a.least {
		a.least = left
	}
	if a.seen++; a.seen < settle {
		return t
	}
	a.seen = 0
	if !a.known {
		a.normal, a.known = a.least, true
	}
	if surplus := a.least - a.normal; surplus > 0 {
		a.queue = a.queue[surplus:]
	}
	return t
}
