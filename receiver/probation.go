package receiver

import (
	"net/netip"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	// probationTime is how long packets are kept of which it is not known whose they are.
	probationTime = 2 * time.Second
	// maxProbation bounds the datagrams kept so: two seconds at 8 Mb/s and a third more for parity.
	maxProbation = 2400
)

// probation keeps the packets that belong to no open segment of a stream that is followed: parity that came before its
// source packets, which says nothing about its sender; the first packets of a rig that has just started; and those of
// strangers. Nothing in it has been released. Its segments count from their own 16-bit number.
type probation struct {
	segments  []*segment // in order of their first datagrams
	index     map[uint16]*segment
	datagrams int
}

func newProbation() probation { return probation{index: map[uint16]*segment{}} }

// find returns the segment that the header and, for a source packet, its identity fit.
func (p *probation) find(h *isc.Header, id isc.Identity) *segment {
	for g := p.index[h.Segment]; g != nil; g = g.rival {
		if g.matches(h) && (!id.Known || g.takes(id)) {
			return g
		}
	}
	return nil
}

// unclaimed returns the segment with that header of which only parity came.
func (p *probation) unclaimed(h *isc.Header) *segment {
	for g := p.index[h.Segment]; g != nil; g = g.rival {
		if g.matches(h) && !g.verified() {
			return g
		}
	}
	return nil
}

// add keeps a segment.
func (p *probation) add(g *segment) {
	g.rival = p.index[g.header.Segment]
	p.index[g.header.Segment] = g
	p.segments = append(p.segments, g)
	p.datagrams += g.datagrams()
}

// remove takes a segment out.
func (p *probation) remove(g *segment) {
	i := slices.Index(p.segments, g)
	p.segments = slices.Delete(p.segments, i, i+1)
	p.datagrams -= g.datagrams()
	first := p.index[g.header.Segment]
	if first == g {
		first = g.rival
	}
	for other := first; other != nil; other = other.rival {
		if other.rival == g {
			other.rival = g.rival
		}
	}
	if g.rival = nil; first == nil {
		delete(p.index, g.header.Segment)
	} else {
		p.index[g.header.Segment] = first
	}
}

// oldest returns the oldest segment if it came before that time or there is no room for another datagram; else nil.
func (p *probation) oldest(before time.Duration) *segment {
	if len(p.segments) == 0 || p.segments[0].first >= before && p.datagrams < maxProbation {
		return nil
	}
	return p.segments[0]
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
		low := uint16(g.seq[i])
		if p.holds(g.identity, low+1) || p.holds(g.identity, low-1) {
			return true
		}
	}
	return false
}

// holds tells whether a source packet of that stream and number is here.
func (p *probation) holds(id isc.Identity, low uint16) bool {
	for back := range uint16(isc.MaxSources) {
		for g := p.index[low-back]; g != nil; g = g.rival {
			if g.identity == id && g.holds(low) {
				return true
			}
		}
	}
	return false
}

// newcomer returns a segment of a stream that is confirmed, or nil.
func (p *probation) newcomer() *segment {
	for _, g := range slices.Backward(p.segments) {
		if p.confirmed(g) {
			return g
		}
	}
	return nil
}

// take removes and returns the segments of the stream that g belongs to, as far as they are within reach of it.
func (p *probation) take(g *segment) (taken []*segment) {
	for _, other := range p.segments {
		near := int16(uint16(other.number) - uint16(g.number))
		if other.identity == g.identity && near >= -reach && near <= reach {
			taken = append(taken, other)
		}
	}
	for _, other := range taken {
		p.remove(other)
	}
	return taken
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

// sender returns an address that a datagram of the segment came from.
func (s *segment) sender() (from netip.AddrPort) {
	for d := range s.arrived {
		from = d.From
	}
	return from
}
