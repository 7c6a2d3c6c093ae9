package receiver

import (
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	// probationTime is how long packets are kept of which it is not known whose they are.
	probationTime = 2 * time.Second
	// sweepEvery is how often it is looked for those whose time is over.
	sweepEvery = probationTime / 16
	// maxSameNumber bounds the segments on probation with the same number.
	maxSameNumber = 16
)

// probation keeps the packets that belong to no open segment of a stream that is followed: parity that came before its
// source packets, which says nothing about its sender; the first packets of a rig that has just started; and those of
// strangers. Nothing in it has been released. Its segments count from their own 16-bit number, and each belongs to a
// sender.
type probation struct {
	index   map[uint16]*segment      // by number, one after the other through rival
	senders map[isc.Identity]*sender // of which a source packet is there
	ranks   [ranks]list[sender, *sender]
	strays  sender     // parity alone, of strangers
	own     sender     // parity alone, from where the stream comes from
	held    [ranks]int // cost of the datagrams held, by the rank of their sender
	spare   []*sender
	swept   time.Duration
}

func newProbation() probation {
	return probation{
		index: map[uint16]*segment{}, senders: map[isc.Identity]*sender{}, own: sender{rank: known}, swept: -sweepEvery,
	}
}

// find returns the segment with that header of that identity, or if it is not Known the one that has parity alone; nil
// if there is none. Source packets and parity are kept apart, since nothing tells that they belong together.
func (pr *probation) find(h *isc.Header, id isc.Identity) *segment {
	for g := pr.index[h.Segment]; g != nil; g = g.rival {
		if g.matches(h) && g.identity == id {
			return g
		}
	}
	return nil
}

// crowd returns the segment that makes room for one more of that number: the oldest, of a stranger if there is one.
// It returns nil where there is room.
func (pr *probation) crowd(number uint16) (oldest *segment) {
	n := 0
	for g := pr.index[number]; g != nil; g = g.rival {
		if n++; oldest == nil || g.owner.rank <= oldest.owner.rank {
			oldest = g
		}
	}
	if n < maxSameNumber {
		return nil
	}
	return oldest
}

// open adds a sender.
func (pr *probation) open(at time.Duration, id isc.Identity, isKnown bool) *sender {
	var s *sender
	if n := len(pr.spare); n > 0 {
		s, pr.spare = pr.spare[n-1], pr.spare[:n-1]
	} else {
		s = new(sender)
	}
	*s = sender{identity: id, first: at}
	if isKnown {
		s.rank = known
	}
	pr.senders[id] = s
	pr.ranks[s.rank].add(s)
	return s
}

// add keeps a segment for a sender.
func (pr *probation) add(g *segment, s *sender) {
	g.rival = pr.index[g.header.Segment]
	pr.index[g.header.Segment] = g
	pr.give(g, s)
}

// give makes a segment a sender's.
func (pr *probation) give(g *segment, s *sender) {
	g.owner = s
	s.segments.add(g)
	pr.account(g)
}

// take takes a segment from its sender, which ends with its last one.
func (pr *probation) take(g *segment) {
	s := g.owner
	s.segments.remove(g)
	s.held -= g.accounted
	pr.held[s.rank] -= g.accounted
	g.owner, g.accounted = nil, 0
	if s.identity.Known && s.segments.size == 0 {
		pr.ranks[s.rank].remove(s)
		delete(pr.senders, s.identity)
		pr.spare = append(pr.spare, s) // no more than there ever were at once
	}
}

// account takes note of what a segment costs now.
func (pr *probation) account(g *segment) {
	more := g.cost() - g.accounted
	g.accounted += more
	g.owner.held += more
	pr.held[g.owner.rank] += more
}

// remove takes a segment out.
func (pr *probation) remove(g *segment) {
	pr.take(g)
	first := pr.index[g.header.Segment]
	if first == g {
		first = g.rival
	}
	for other := first; other != nil; other = other.rival {
		if other.rival == g {
			other.rival = g.rival
		}
	}
	if g.rival = nil; first == nil {
		delete(pr.index, g.header.Segment)
	} else {
		pr.index[g.header.Segment] = first
	}
}

// victim returns the segment that is the first to go where room is wanted: the oldest of the strangers of whom least is
// known, then of the proven stranger that holds most, then the same of those that are known; nil where there is none.
func (pr *probation) victim() *segment {
	g := pr.strays.segments.oldest
	if s := pr.ranks[unproven].oldest; s != nil && (g == nil || s.segments.oldest.first < g.first) {
		g = s.segments.oldest
	}
	if g != nil {
		return g
	}
	if s := pr.largest(proven); s != nil {
		return s.segments.oldest
	}
	if s := pr.largest(known); s != nil && s.held > pr.own.held {
		return s.segments.oldest
	}
	return pr.own.segments.oldest
}

// largest returns the sender of a rank that holds most, or nil.
func (pr *probation) largest(r rank) (most *sender) {
	for s := range pr.ranks[r].all {
		if most == nil || s.held > most.held {
			most = s
		}
	}
	return most
}

// worst returns the sender of a rank, other than one, of which least came, or nil.
func (pr *probation) worst(r rank, than *sender) (least *sender) {
	for s := range pr.ranks[r].all {
		if s != than && (least == nil || s.run < least.run) {
			least = s
		}
	}
	return least
}

// sweep drops what came before that time.
func (p *Pipeline) sweep(before time.Duration) {
	drop := func(s *sender) {
		for g := range s.segments.all {
			if g.first >= before {
				return
			}
			p.discard(g, refusedSource)
		}
	}
	drop(&p.probation.strays)
	drop(&p.probation.own)
	for r := range p.probation.ranks {
		for s := range p.probation.ranks[r].all {
			drop(s)
		}
	}
}

// discard refuses a segment on probation.
func (p *Pipeline) discard(g *segment, reason string) {
	p.probation.remove(g)
	p.refuse(g, reason)
}
