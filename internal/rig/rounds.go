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
)

// rounds tells score datagrams from their copies. A receiver sends each of them on every link; and two in a row may say
// the same, so one that comes again on the same link is another one.
type rounds struct {
	last [roundsKept]round
	n    int
}

type round struct {
	scores []uint32
	began  time.Time
	links  uint64 // on which it came, as bits
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
	r.last[r.n%roundsKept] = round{scores: scores, began: now, links: bit}
	r.n++
	return true
}
