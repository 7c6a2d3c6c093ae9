package receiver

import (
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	// probationTime is how long packets of a stream that is not followed (yet) are kept.
	probationTime = 2 * time.Second
	// maxProbation bounds the datagrams kept so: two seconds at 8 Mb/s and a third more for parity.
	maxProbation = 2400
)

// probation keeps the packets of senders that the channel does not follow: those of a stranger, and the first ones of
// a rig that has just started. Nothing in it has been released. Its segments count from their own 16-bit number.
type probation struct {
	segments  []*segment // in order of their first datagrams
	datagrams int
}

// find returns the segment that the header and, for a source packet, its identity fit.
func (p *probation) find(h *isc.Header, id isc.Identity) *segment {
	for _, g := range slices.Backward(p.segments) {
		if g.matches(h) && (!id.Known || g.takes(id)) {
			return g
		}
	}
	return nil
}

// add keeps a segment.
func (p *probation) add(g *segment) {
	p.segments = append(p.segments, g)
	p.datagrams += g.datagrams()
}

// confirmed tells whether two packets in sequence of the segment's stream are here, at least one of them in g.
func (p *probation) confirmed(g *segment) bool {
	if !g.verified() {
		return false
	}
	there := g.sources()
	for i := range g.k {
		if there>>i&1 == 0 {
			continue
		}
		for _, other := range p.segments {
			if other.identity == g.identity && (other.holds(uint16(g.seq[i])+1) || other.holds(uint16(g.seq[i])-1)) {
				return true
			}
		}
	}
	return false
}

// take removes and returns the segments of the stream that g belongs to, and those within its reach that only parity
// came of.
func (p *probation) take(g *segment) (taken []*segment) {
	kept := p.segments[:0]
	for _, other := range p.segments {
		near := int16(uint16(other.number) - uint16(g.number))
		if (other.identity == g.identity || !other.verified()) && near >= -reach && near <= reach {
			taken = append(taken, other)
			p.datagrams -= other.datagrams()
			continue
		}
		kept = append(kept, other)
	}
	clear(p.segments[len(kept):])
	p.segments = kept
	return taken
}

// oldest removes and returns the oldest segment if it came before that time or there are too many; else nil.
func (p *probation) oldest(before time.Duration) *segment {
	if len(p.segments) == 0 || p.segments[0].first >= before && p.datagrams <= maxProbation {
		return nil
	}
	g := p.segments[0]
	copy(p.segments, p.segments[1:])
	p.segments[len(p.segments)-1] = nil
	p.segments = p.segments[:len(p.segments)-1]
	p.datagrams -= g.datagrams()
	return g
}

// holds tells whether a source packet with that sequence number is there.
func (s *segment) holds(low uint16) bool {
	there := s.sources()
	for i := range s.k {
		if there>>i&1 != 0 && uint16(s.seq[i]) == low {
			return true
		}
	}
	return false
}

// datagrams returns how many datagrams of the segment arrived and are kept.
func (s *segment) datagrams() int { return bits.OnesCount8(s.received) + bits.OnesCount16(s.rows) }

// move renumbers the segment so that its first source packet has that sequence number.
func (s *segment) move(number int64) {
	delta := number - s.number
	s.number = number
	for i := range s.seq {
		s.seq[i] += delta
	}
}

// each calls f with each datagram that arrived and is kept, and whether it is parity.
func (s *segment) each(f func(d *inbox.Datagram, parity bool)) {
	for i, d := range s.source {
		if d != nil && s.received>>i&1 != 0 && s.recovered>>i&1 == 0 {
			f(d, false)
		}
	}
	for _, d := range s.parity {
		if d != nil {
			f(d, true)
		}
	}
}

// sender returns an address that a datagram of the segment came from.
func (s *segment) sender() (from netip.AddrPort) {
	s.each(func(d *inbox.Datagram, _ bool) { from = d.From })
	return from
}
