package rig

import (
	"slices"
	"time"
)

const (
	// roundsKept is how many score datagrams are remembered, to know their copies that come by slower links.
	roundsKept = 8
	// roundLasts is how long after the first copy of a score datagram the last one may come.
	roundLasts = 2 * time.Second
	// copiesTake is how long after the first copy the others must have come. Where links differ by more, what the slower
	// one carries is too late for the receiver, too.
	copiesTake = 500 * time.Millisecond
)

// rounds tells score datagrams from their copies. A receiver sends each of them on every link; and two in a row may say
// the same, so one that comes again on the same link is another one.
type rounds struct {
	last [roundsKept]round
	n    int // where the next one goes
}

type round struct {
	scores []uint32
	began  time.Time
	links  uint64 // on which it came, as bits
	closed bool   // its missing copies have been looked at
}

// begins tells whether scores that came on a link at now are no copy.
func (r *rounds) begins(link int, scores []uint32, now time.Time) bool {
	bit := uint64(1) << (link % 64)
	for i := range r.last { // from the oldest on: where several fit, copies come in order
		old := &r.last[(r.n+i)%roundsKept]
		if old.links != 0 && old.links&bit == 0 && now.Sub(old.began) < roundLasts && slices.Equal(old.scores, scores) {
			old.links |= bit
			return false
		}
	}
	r.last[r.n] = round{scores: scores, began: now, links: bit}
	r.n = (r.n + 1) % roundsKept
	return true
}

// dismiss has the last score datagram that began count for nothing.
func (r *rounds) dismiss() { r.last[(r.n+roundsKept-1)%roundsKept].closed = true }

// close returns on which links the oldest score datagram came, as bits, whose copies must all have come by now. It
// returns each one once, and reports false where there is none.
func (r *rounds) close(now time.Time) (links uint64, ok bool) {
	for i := range r.last {
		old := &r.last[(r.n+i)%roundsKept]
		if old.links != 0 && !old.closed && now.Sub(old.began) >= copiesTake {
			old.closed = true
			return old.links, true
		}
	}
	return 0, false
}
