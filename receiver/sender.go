package receiver

import (
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// rank says how near a sender on probation is to being followed. Those of a lower rank make room first.
type rank uint8

const (
	unproven rank = iota // a stranger of whom no two packets in sequence came
	proven               // a stranger of whom they came
	known                // one that sends from where the stream that is followed comes from, or that it replaced
	ranks
)

// kinship says what a sender has to do with the stream that was replaced.
type kinship uint8

const (
	unrelated kinship = iota
	neighbour         // it sends from where that came from
	itself            // it has its SSRC and payload type
)

// sequenceWindow is how many sequence numbers back a sender's packets are remembered.
const sequenceWindow = 64

// sender is an SSRC and payload type on probation: what is kept of its packets, and what they tell of it. All parity of
// which nothing else is known counts as two senders more, by where it came from.
type sender struct {
	links[sender]
	identity isc.Identity // not Known: parity alone
	rank     rank
	elder    kinship // to the stream that was replaced

	segments list[segment, *segment]
	held     int // cost of the datagrams in them

	first, last time.Duration // when its first and last source packets came
	highest     uint16        // sequence number
	seen        uint64        // a bit for each packet that is there, from highest down
	run         int           // packets that came next to one seen
}

// confirmed tells whether two packets in sequence came.
func (s *sender) confirmed() bool { return s.run > 0 }

// see takes note of a source packet, received or rebuilt.
func (s *sender) see(at time.Duration, low uint16) {
	s.last = max(s.last, at)
	ahead := int(int16(low - s.highest))
	switch {
	case s.seen == 0 || ahead > reach || ahead < -reach: // a new run
		s.highest, s.seen, s.run, s.first = low, 1, 0, at
		return
	case ahead > 0: // what is shifted out by more than the window is gone
		s.highest, s.seen, ahead = low, s.seen<<ahead, 0
	case ahead <= -sequenceWindow:
		return
	}
	bit := uint64(1) << -ahead
	if s.seen&bit != 0 {
		return
	}
	if s.seen&(bit<<1|bit>>1) != 0 {
		s.run++
	}
	s.seen |= bit
}

// better tells whether s is to be followed rather than other, both confirmed, where the present stream's last packet
// came at that time: the rig that comes back, one that sends from where the rig does, one that was not there beside
// the present stream, and one of which more came in sequence.
func (s *sender) better(other *sender, since time.Duration) bool {
	beside, otherBeside := since-s.first >= silence, since-other.first >= silence
	switch {
	case s.elder != other.elder:
		return s.elder > other.elder
	case s.rank != other.rank:
		return s.rank > other.rank
	case beside != otherBeside:
		return otherBeside
	default:
		return s.run > other.run
	}
}

// senderOf returns the sender of that identity on probation; a new one if need be, with the ceilings in mind. It
// returns nil where there is no room for one more.
func (p *Pipeline) senderOf(at time.Duration, id isc.Identity, isKnown bool) *sender {
	pr := &p.probation
	if s := pr.senders[id]; s != nil {
		if isKnown {
			p.promote(s, known)
		}
		return s
	}
	for len(pr.senders) >= p.limits.Sources {
		p.reached.sources++
		worst := pr.ranks[unproven].oldest
		if worst == nil {
			worst = pr.worst(proven, nil)
		}
		if worst == nil && isKnown {
			worst = pr.worst(known, nil)
		}
		if worst == nil {
			return nil
		}
		p.discardSender(worst)
	}
	return pr.open(at, id, isKnown)
}

// promote raises a sender to a rank. The worst one that is there makes room for it.
func (p *Pipeline) promote(s *sender, to rank) {
	pr := &p.probation
	if s.rank >= to {
		return
	}
	pr.ranks[s.rank].remove(s)
	pr.held[s.rank] -= s.held
	s.rank = to
	pr.ranks[to].add(s)
	pr.held[to] += s.held
	if pr.ranks[to].size > max(1, p.limits.Sources/provenPart) {
		p.reached.sources++
		p.discardSender(pr.worst(to, s))
	}
}

// discardSender refuses all that is kept of a sender, which ends it.
func (p *Pipeline) discardSender(s *sender) {
	for g := range s.segments.all {
		p.discard(g, refusedCeiling)
	}
}
