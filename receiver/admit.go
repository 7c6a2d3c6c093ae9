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
	p.makeRoomOnProbation()
	isElder := p.elder.is(at, id, d.From)
	isKnown := isElder || p.known(id, d.From)
	g := p.probation.find(&p.header, id, isKnown)
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
	} else {
		i := int(p.header.Number)
		g.forget(i, &p.memory)
		g.addSource(i, d)
		g.anew = g.anew || anew
		g.owner.elder = g.owner.elder || isElder
		g.owner.see(at, rtpSequence(d.Payload))
	}
	p.examine(out, now, g, isKnown)
}

// admit puts a datagram's segment in order for it: g, of which only others' parity may have come before, or a new one
// where that is nil. It returns nil where that cannot be; then it has seen to the datagram.
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
	case d.Parity && g.owner != nil && g.owner != &pr.strays:
		return g.owner
	case d.Parity && isKnown:
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

// examine sees what a segment on probation gives, now that another datagram of it has come.
func (p *Pipeline) examine(out *Result, now time.Time, g *segment, isKnown bool) {
	at := now.Sub(p.started)
	rebuilt := g.recover(now, &p.decoding, &p.memory, p.dropRow)
	p.probation.account(g)
	if g.accounted == 0 { // nothing of it passed the checks
		p.probation.remove(g)
		p.segments.put(g)
		return
	}
	if p.assign(out, now, g) {
		return
	}
	if g.verified() && !g.owner.identity.Known {
		s := p.senderOf(at, g.identity, isKnown)
		if s == nil {
			p.discard(g, refusedCeiling)
			return
		}
		p.probation.take(g)
		p.probation.give(g, s)
	}
	for i := range g.k {
		if rebuilt>>i&1 != 0 {
			g.owner.see(at, uint16(g.seq[i]))
		}
	}
	if s := g.owner; s.confirmed() {
		p.promote(s, proven)
		p.consider(out, now, s)
	}
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
		kind := ledger.Parity
		if late {
			kind = ledger.Late
		}
		for d := range g.arrived {
			out.Feedback = p.hear(out.Feedback, d.Arrival.Sub(p.started), d, kind)
		}
		g.move(number)
		p.makeRoomInOrder(out, now, s, number)
		if late || !s.insert(g) {
			p.refuse(g, refusedCeiling)
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
