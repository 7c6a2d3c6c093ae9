package web

import (
	"sync"
	"time"
)

const (
	// viewerSpan is how long after its last request a viewer is taken to be watching.
	viewerSpan = 10 * time.Second

	// maxViewers bounds the viewers remembered for one channel; further ones are served, but not counted.
	maxViewers = 4096
)

// viewers remembers who fetched something of a channel, and when. The zero value is ready to use; its methods may be
// called concurrently. Channels must be existing ones, else the memory has no bound.
type viewers struct {
	mu       sync.Mutex
	channels map[string]map[string]time.Time
}

func (v *viewers) saw(channel, viewer string, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := v.channels[channel]
	if seen == nil {
		seen = make(map[string]time.Time)
		if v.channels == nil {
			v.channels = make(map[string]map[string]time.Time)
		}
		v.channels[channel] = seen
	}
	if _, known := seen[viewer]; !known && len(seen) >= maxViewers {
		if forget(seen, now); len(seen) >= maxViewers {
			return
		}
	}
	seen[viewer] = now
}

func (v *viewers) count(channel string, now time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := v.channels[channel]
	forget(seen, now)
	return len(seen)
}

// forget removes the viewers that have gone.
func forget(seen map[string]time.Time, now time.Time) {
	for viewer, last := range seen {
		if now.Sub(last) > viewerSpan {
			delete(seen, viewer)
		}
	}
}
