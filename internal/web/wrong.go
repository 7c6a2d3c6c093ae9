package web

import (
	"net/netip"
	"sync"
	"time"
)

// wrongSpan is over what time wrong keys are counted.
const wrongSpan = time.Minute

// attempts counts wrong keys, for each address and in all, over spans of a minute. Its methods may be called
// concurrently.
type attempts struct {
	perAddress, total int // from how many on keys are refused for the rest of the span

	mu    sync.Mutex
	since time.Time
	all   int
	by    map[netip.Addr]int
}

// refuses tells whether keys from an address are refused unread, and for how long.
func (a *attempts) refuses(from netip.Addr, now time.Time) (time.Duration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(now)
	return wrongSpan - now.Sub(a.since), a.by[from] >= a.perAddress || a.all >= a.total
}

// add takes note of a wrong key, and returns how many came from the address and in all. No more addresses are
// remembered than the total allows.
func (a *attempts) add(from netip.Addr, now time.Time) (ofAddress, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(now)
	a.by[from]++
	a.all++
	return a.by[from], a.all
}

// turn begins a new span where the last one is over.
func (a *attempts) turn(now time.Time) {
	if a.by == nil || now.Sub(a.since) >= wrongSpan {
		a.since, a.all, a.by = now, 0, make(map[netip.Addr]int)
	}
}
