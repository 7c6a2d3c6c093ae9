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

	// pause is how long nothing must go in or out of the decoder for it to be taken for empty.
	pause = time.Second
)

// arrivals pairs pictures with units, first in, first out. A decoder that leaves a picture out, which ffmpeg hardly
// ever does, leaves one arrival too many, and later pictures look older than they are; so a pause starts afresh.
type arrivals struct {
	mu     sync.Mutex
	queue  []time.Time
	active time.Time // when something last went in or out
}

func (a *arrivals) push(arrival, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.active) > pause || len(a.queue) == maxArrivals {
		a.queue = a.queue[:0]
	}
	a.active = now
	a.queue = append(a.queue, arrival)
}

// pop returns the arrival of the next picture, or the zero time where none is left.
func (a *arrivals) pop(now time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active = now
	if len(a.queue) == 0 {
		return time.Time{}
	}
	arrival := a.queue[0]
	a.queue = a.queue[1:]
	return arrival
}
