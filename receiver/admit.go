package receiver

import (
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/ledger"
)

// addProbation keeps a packet of which it is not known whose it is. Where it completes a segment of a stream that is
// followed, it goes there; where it shows a new sender, that is followed if it may be. anew tells that it looks like
// the first of a new run of the stream that is followed.
func (p *Pipeline) addProbation(out *Result, now time.Time, d *inbox.Datagram, id isc.Identity, anew bool) {
	at := d.Arrival.Sub(p.started)
	p.expireProbation(at)
	if p.makeRoomOnProbation(); !p.makeRoom(out, now, false) {
		p.refuseDatagram(d, refusedCeiling)
		return
	}
	kin := p.elder.claims(at, id, d.From)
	isKnown := kin != unrelated || p.known(id, d.From)
	g := p.probation.find(&p.header, id)
	if g != nil && g.has(&p.header) && (!d.Parity || !p.supersede(g, p.header.Row(), d)) {
		if !d.Counted {
			p.count(at, d, ledger.Duplicate)
		}
		p.free(d)
		return
	}
	if g = p.admit(at, d, g, isKnown); g == nil {
		return
	}
	if d.Parity {
		g.addParity(p.header.Row(), d)
		p.examineAll(out, now, g, isKnown)
		return
	}
	i := int(p.header.Number)
	g.forget(i, &p.memory)
	g.addSource(i, d)
	g.anew = g.anew || anew
	g.owner.elder = max(g.owner.elder, kin)
	g.owner.see(at, rtpSequence(d.Payload))
	p.examine(out, now, g, isKnown)
}

// admit makes sure that a datagram may be put into g, its segment on probation, or into a new one where that is nil. It
// returns nil where it may not; then it has seen to the datagram.
func (p *Pipeline) admit(at time.Duration, d *inbox.Datagram, g *segment, isKnown bool) *segment {
	pr := &p.probation
	if g == nil {
		if old := pr.crowd(p.header.Segment); old != nil {
			p.reached.segments++
			p.discard(old, refusedCeiling)
		}
		g = p.segments.get(&p.header, int64(p.header.Segment), at)
	}
	s := p.ownerOf(at, d, g, isKnown)
	switch {
	case s == nil && g.owner == nil:
		p.segments.put(g)
		return nil
	case s == nil:
		return nil
	case g.owner == nil:
		pr.add(g, s)
	case g.owner != s:
		pr.take(g)
		pr.give(g, s)
	}
	return g
}

// ownerOf returns the sender that a segment on probation belongs to once it has a datagram. It returns nil where it may
// not have it; then it has seen to the datagram.
func (p *Pipeline) ownerOf(at time.Duration, d *inbox.Datagram, g *segment, isKnown bool) *sender {
	pr := &p.probation
	switch {
	case d.Parity && (isKnown || g.owner == &pr.own):
		return &pr.own
	case d.Parity:
		return &pr.strays
	case !g.placeable(int(p.header.Number), rtpSequence(d.Payload)):
		p.refuseMalformed(d, errSequence)
		return nil
	}
	s := p.senderOf(at, rtpIdentity(d.Payload), isKnown)
	if s == nil {
		p.refuseDatagram(d, refusedCeiling)
	}
	return s
}

// examineAll sees what parity on probation gives, now that more of it has come: by itself, or to the first of the
// segments with its header that something comes of.
func (p *Pipeline) examineAll(out *Result, now time.Time, parity *segment, isKnown bool) {
	if p.examine(out, now, parity, isKnown) || parity.verified() || parity.owner == nil {
		return
	}
	for g := p.probation.index[parity.header.Segment]; g != nil; g = g.rival {
		if g != parity && g.matches(&parity.header) && p.examine(out, now, g, g.owner.rank == known) {
			return
		}
	}
}

// examine sees what a segment on probation gives, now that another datagram of it has come. It tells whether it left
// probation.
func (p *Pipeline) examine(out *Result, now time.Time, g *segment, isKnown bool) (left bool) {
	at := now.Sub(p.started)
	parity, drop := g, p.dropRow
	if g.verified() { // it borrows parity, which may be another's
		parity, drop = p.probation.find(&g.header, isc.Identity{}), nil
	}
	var rebuilt uint8
	if parity != nil {
		rebuilt = g.recover(now, parity, &p.decoding, &p.memory, drop)
	}
	p.probation.account(g)
	if g.accounted == 0 { // nothing of it passed the checks
		p.probation.remove(g)
		p.segments.put(g)
		return true
	}
	if p.assign(out, now, g) {
		return true
	}
	if g.verified() && !g.owner.identity.Known {
		s := p.senderOf(at, g.identity, isKnown)
		if s == nil {
			p.discard(g, refusedCeiling)
			return true
		}
		p.probation.take(g)
		p.probation.give(g, s)
	}
	for i := range g.k {
		if rebuilt>>i&1 != 0 {
			g.owner.see(at, uint16(g.seq[i]))
		}
	}
	s := g.owner
	if !s.confirmed() {
		return false
	}
	p.promote(s, proven)
	return p.consider(out, now, s)
}

// assign gives a segment on probation that turned out to be of a stream that is followed to that stream.
func (p *Pipeline) assign(out *Result, now time.Time, g *segment) bool {
	for _, s := range [...]*stream{p.current, p.draining} {
		if s == nil || s.identity != g.identity {
			continue
		}
		number, ok := s.number(g.header.Segment)
		if !ok {
			continue
		}
		late := s.passed(number + int64(g.k) - 1)
		if late && (g.anew || p.silent(s, g.first)) {
			break // its sender has begun anew
		}
		p.probation.remove(g)
		g.move(number)
		p.makeRoomInOrder(out, now, s, number)
		kind := ledger.Parity
		if late {
			kind = ledger.Late
		} else if !s.insert(g) {
			p.refuse(g, refusedCeiling)
			return true
		}
		for d := range g.arrived {
			out.Feedback = p.hear(out.Feedback, d.Arrival.Sub(p.started), d, kind)
		}
		if late {
			p.refuse(g, refusedSource) // all of it is counted
			return true
		}
		p.alive(s, now.Sub(p.started))
		p.place(out, now, s, g, g.sources())
		p.rebuild(out, now, s, g)
		return true
	}
	return false
}

// expireProbation drops what has been on probation for long.
func (p *Pipeline) expireProbation(at time.Duration) {
	if at >= p.probation.swept+sweepEvery {
		p.probation.swept = at
		p.sweep(at - probationTime)
	}
}
