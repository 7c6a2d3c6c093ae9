package receiver

import (
	"sync/atomic"
	"time"
)

// origin is what marks count from.
var origin = time.Now()

// mark is a moment that one goroutine sets and others look at; none at first.
type mark struct{ at atomic.Int64 }

func (m *mark) set(now time.Time) { m.at.Store(int64(now.Sub(origin)) + 1) }

func (m *mark) clear() { m.at.Store(0) }

// age returns how long ago the moment was, or 0 where there is none.
func (m *mark) age(now time.Time) time.Duration {
	if at := m.at.Load(); at != 0 {
		return now.Sub(origin) - time.Duration(at-1)
	}
	return 0
}

// Stuck returns for how long the channel has made no progress, though it receives: its pipeline has had no turn, or one
// of its outputs has been at the same unit. A quarter of a second is usual. It may be called from any goroutine, also
// while all others of the channel hang.
func (c *Channel) Stuck(now time.Time) time.Duration {
	longest := c.turn.age(now)
	for _, q := range c.queues {
		longest = max(longest, q.busy.age(now))
	}
	return longest
}
