package sender

import (
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/rig/uplink"
)

// shares is what part of the datagrams each link carried in the last 2 s.
type shares struct {
	mu   sync.Mutex
	past [shareTicks][]uint64 // counters, each tick
	n    int
}

const shareTicks = int(2*time.Second/tickEvery) + 1

// note takes the counters of a tick.
func (s *shares) note(links []uplink.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.past[s.n%shareTicks][:0]
	for _, l := range links {
		counts = append(counts, l.Sent)
	}
	s.past[s.n%shareTicks] = counts
	s.n++
}

// get returns the share of each of so many links.
func (s *shares) get(links int) []float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := make([]float64, links)
	if s.n == 0 {
		return parts
	}
	last := s.past[(s.n-1)%shareTicks]
	first := s.past[max(0, s.n-shareTicks)%shareTicks]
	sum := 0.0
	for i := range parts {
		parts[i] = float64(last[i] - first[i])
		sum += parts[i]
	}
	for i := range parts {
		if sum > 0 {
			parts[i] /= sum
		}
	}
	return parts
}
