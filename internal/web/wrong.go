package web

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

const (
	// wrongSpan is over what time wrong keys are counted.
	wrongSpan = time.Minute

	// maxRight is how many addresses with their right keys are remembered for a span.
	maxRight = 10_000
)

// attempt is a key that came from an address.
type attempt struct {
	from   netip.Addr
	digest [sha256.Size]byte // of the key
}

// attempts counts wrong keys, for each address and in all, over spans of a minute. A key that comes again from the same
// address is an old link, and no further guess. Its methods may be called concurrently.
type attempts struct {
	perAddress, total int // from how many on keys are refused for the rest of the span

	mu     sync.Mutex
	since  time.Time
	wrong  map[attempt]bool
	by     map[netip.Addr]int
	right  map[attempt]bool // in this span
	former map[attempt]bool // in the one before
}

// refuses tells whether a key is refused unread, and for how long. One that was right lately, from the same address, is
// not: whoever watches with it, such as a player that keeps no cookies, goes on beside others who guess.
func (a *attempts) refuses(key attempt, now time.Time) (rest time.Duration, refused bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(now)
	known := a.right[key] || a.former[key]
	return wrongSpan - now.Sub(a.since), !known && (a.by[key.from] >= a.perAddress || len(a.wrong) >= a.total)
}

// addRight takes note of a right key.
func (a *attempts) addRight(key attempt, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(now)
	if len(a.right) < maxRight {
		a.right[key] = true
	}
}

// addWrong takes note of a wrong key, and returns whether it is a new one, and how many came from the address and in
// all. No more are remembered than the total allows.
func (a *attempts) addWrong(key attempt, now time.Time) (fresh bool, ofAddress, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(now)
	if fresh = !a.wrong[key]; fresh {
		a.wrong[key] = true
		a.by[key.from]++
	}
	return fresh, a.by[key.from], len(a.wrong)
}

// turn begins a new span where the last one is over.
func (a *attempts) turn(now time.Time) {
	if a.wrong != nil && now.Sub(a.since) < wrongSpan {
		return
	}
	a.former = a.right
	if now.Sub(a.since) >= 2*wrongSpan {
		a.former = nil
	}
	a.since, a.wrong, a.by, a.right = now, make(map[attempt]bool), make(map[netip.Addr]int), make(map[attempt]bool)
}
