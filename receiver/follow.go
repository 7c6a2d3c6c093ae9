package receiver

import (
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/feedback"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/ledger"
)

// addProbation keeps a packet of which it is not known whose it is. Where it completes a segment of a stream that is
// followed, it goes there; where it shows a new sender, that is followed if it may be.
func (p *Pipeline) addProbation(out *Result, now time.Time, d *inbox.Datagram, id isc.Identity) {
	at := d.Arrival.Sub(p.started)
	from := d.From
	p.expireProbation(at - probationTime)
	g := p.probation.find(&p.header, id)
	if g == nil {
		g = p.segments.get(&p.header, int64(p.header.Segment), at)
		p.probation.add(g)
	}
	before := g.datagrams()
	i := int(p.header.Number)
	switch {
	case g.has(&p.header) && (!p.header.IsParity() || !p.supersede(g, p.header.Row(), d)):
		if !d.Counted {
			p.count(at, d, ledger.Duplicate)
		}
		p.free(d)
		return
	case p.header.IsParity():
		g.addParity(p.header.Row(), d)
	case !g.placeable(i, rtpSequence(d.Payload)):
		p.refuseMalformed(d, errSequence)
	default:
		g.forget(i, p.pool)
		g.addSource(i, d)
	}
	g.recover(now, &p.decoder, p.pool, p.dropRow)
	p.probation.datagrams += g.datagrams() - before
	if g.datagrams() == 0 { // nothing of it passed the checks
		p.probation.remove(g)
		p.segments.put(g)
		return
	}
	if p.assign(out, now, g) {
		return
	}
	p.follow(out, now, g, from)
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
		if late && p.silent(s, g.first) {
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
		for s.crowded(number) {
			p.skip(out, now, s, s.firstWaiting())
		}
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

// follow makes the stream of a segment on probation the current one if two of its packets in sequence are there and its
// sender may: there is no stream, the present one is silent, or the sender is one that was sending it and it no longer
// advances. Where that may still come, retry is when to look again.
func (p *Pipeline) follow(out *Result, now time.Time, g *segment, from netip.AddrPort) {
	at := now.Sub(p.started)
	if !p.probation.confirmed(g) {
		return
	}
	if old := p.current; old != nil {
		allowed := old.last + silence
		if p.ledger.Sending(at, from) {
			allowed = min(allowed, old.advanced+p.hold())
		}
		if at < allowed {
			p.retry = min(p.retry, allowed)
			return
		}
		if !old.begun {
			p.begin(out, now)
		}
		p.ledger.Restarted()
		p.feedback.Restarted()
	}
	if p.draining != nil && !p.draining.ended {
		p.finish(out, now, p.draining)
	}
	p.draining, p.retry = p.current, never
	p.runs++
	p.current = &stream{identity: g.identity, run: p.runs, ref: 1<<32 + g.number}
	p.adopt(out, now, g)
}

// hold is how long a new stream is held until it is plain what comes first.
func (p *Pipeline) hold() time.Duration { return min(p.budget/2, maxHold) }

// adopt moves the segments on probation that belong to the new current stream into it.
func (p *Pipeline) adopt(out *Result, now time.Time, g *segment) {
	s := p.current
	s.startAt = never
	for _, g := range p.probation.take(g) {
		g.move(unwrap(s.ref, g.header.Segment))
		if !s.insert(g) {
			p.refuse(g, refusedCeiling)
			continue
		}
		for d, parity := range g.arrived {
			kind := ledger.Source
			if parity {
				kind = ledger.Parity
			}
			p.alive(s, d.Arrival.Sub(p.started))
			out.Feedback = p.hear(out.Feedback, d.Arrival.Sub(p.started), d, kind)
		}
		p.claim(out, g)
		s.startAt = min(s.startAt, g.first+p.hold())
		p.place(out, now, s, g, g.sources())
		p.rebuild(out, now, s, g)
	}
	if now.Sub(p.started) >= s.startAt {
		p.begin(out, now)
	}
}

// expireProbation drops what came before that time, and the oldest while there is no room.
func (p *Pipeline) expireProbation(before time.Duration) {
	for g := p.probation.oldest(before); g != nil; g = p.probation.oldest(before) {
		reason := refusedSource
		if g.first >= before {
			reason = refusedCeiling
		}
		p.probation.remove(g)
		p.refuse(g, reason)
	}
}

// hear takes note of a valid datagram of a stream that is followed, once, and appends the feedback that it makes due.
func (p *Pipeline) hear(dst [][]byte, at time.Duration, d *inbox.Datagram, kind ledger.Kind) [][]byte {
	if d.Counted {
		return dst
	}
	p.count(at, d, kind)
	p.ledger.Sender(at, d.Link, d.From, !d.Parity)
	p.ledger.Heard(at, d.Link, d.From, d.Timestamp, d.Arrival)
	if d.From == p.ledger.From(d.Link) {
		p.gates[d.Link].Heard(at, d.From, len(d.Bytes()))
	}
	return p.feedback.Arrived(dst, d.Link, feedback.Delay(d.Timestamp, d.Arrival))
}

// count enters a datagram in the ledger, once.
func (p *Pipeline) count(at time.Duration, d *inbox.Datagram, kind ledger.Kind) {
	d.Counted = true
	p.ledger.Datagram(at, d.Link, kind, len(d.Bytes()))
}

// free takes a datagram that is no longer needed; its bytes stay until the next step.
func (p *Pipeline) free(d *inbox.Datagram) { p.garbage = append(p.garbage, d) }

// collect gives the memory freed in the last step back to the pool.
func (p *Pipeline) collect() {
	for i, d := range p.garbage {
		p.pool.Put(d)
		p.garbage[i] = nil
	}
	p.garbage = p.garbage[:0]
}
