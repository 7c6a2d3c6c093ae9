package netsim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// at tells whether a time since the start of the link falls into the outage, and until when that lasts.
func (o Outage) at(since time.Duration) (down bool, until time.Duration) {
	began, ok := latest(since, o.After, o.Every)
	return ok && since < began+o.For, began + o.For
}

// latest returns the last moment, up to since, of those at after and then once in every: false where there was none.
func latest(since, after, every time.Duration) (time.Duration, bool) {
	switch {
	case since < after:
		return 0, false
	case every <= 0:
		return after, true
	default:
		return since - (since-after)%every, true
	}
}

// spellsKept is how many changes of a link's weather are kept, at least half of them.
const spellsKept = 1024

// minSpell is the shortest mean of a spell: with much shorter ones a laboratory would do nothing but end them.
const minSpell = time.Millisecond

// spells are good and bad times by turns, beginning with a good one. How long each lasts is random, with an exponential
// distribution.
type spells struct {
	random  *rand.Rand
	mean    [2]time.Duration // of a good spell and of a bad one
	changes []time.Duration  // since the start: an even one begins a bad spell, an odd one a good one
}

func newSpells(good, bad time.Duration, seed, stream uint64) spells {
	return spells{
		// The streams of weather are apart from those of datagrams.
		random: rand.New(rand.NewPCG(seed, stream|1<<63)), mean: [2]time.Duration{good, bad},
	}
}

// at tells whether a time since the start is in a bad spell, and until when that lasts. Times before the last few
// hundred spells are forgotten, and count as good.
func (s *spells) at(since time.Duration) (bad bool, until time.Duration) {
	if s.mean[1] <= 0 {
		return false, 0
	}
	for len(s.changes) == 0 || s.changes[len(s.changes)-1] <= since {
		s.grow()
	}
	n, found := slices.BinarySearch(s.changes, since)
	if found {
		n++
	}
	return n%2 == 1, s.changes[n]
}

// grow adds a change.
func (s *spells) grow() {
	last := time.Duration(0)
	if n := len(s.changes); n > 0 {
		last = s.changes[n-1]
	}
	mean := s.mean[len(s.changes)%2]
	lasts := time.Duration(s.random.ExpFloat64() * float64(mean))
	if len(s.changes) == spellsKept {
		s.changes = s.changes[:copy(s.changes, s.changes[spellsKept/2:])]
	}
	s.changes = append(s.changes, last+max(1, lasts))
}
