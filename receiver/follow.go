package receiver

import (
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/feedback"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/ledger"
)

// addProbation keeps a packet of a sender that is not followed, and follows it if that is right now.
func (p *Pipeline) addProbation(out *Result, now time.Time, d *inbox.Datagram, id isc.Identity) {
	at := d.Arrival.Sub(p.started)
	from := d.From
	g := p.probation.find(&p.header, id)
	if g == nil {
		g = p.segments.get(&p.header, int64(p.header.Segment), at)
		p.probation.add(g)
	}
	i := int(p.header.Number)
	switch {
	case g.has(&p.header):
		if !d.Counted {
			p.count(at, d, ledger.Duplicate)
		}
		p.free(d)
		return
	case p.header.IsParity():
		g.addParity(p.header.Row(), d)
	default:
		if !g.placeable(i, rtpSequence(d.Payload)) {
			p.refuseMalformed(d, errSequence)
			return
		}
		g.forget(i, p.pool)
		g.addSource(i, d)
	}
	p.probation.datagrams++
	before := p.probation.datagrams
	kept := g.datagrams()
	g.recover(now, &p.decoder, p.pool, p.dropRow)
	p.probation.datagrams = before - kept + g.datagrams() // a failed solve drops rows
	for old := p.probation.oldest(at - probationTime); old != nil; old = p.probation.oldest(at - probationTime) {
		if old == g {
			p.refuse(g, refusedCeiling)
			return
		}
		p.refuse(old, refusedCeiling)
	}
	p.follow(out, now, g, from)
}

// follow makes the stream of a segment on probation the current one if two of its packets in sequence are there, and
// its sender may: there is no stream, the present one is silent, or the sender is one that is sending it.
func (p *Pipeline) follow(out *Result, now time.Time, g *segment, from netip.AddrPort) {
	at := now.Sub(p.started)
	if !p.probation.confirmed(g) {
		return
	}
	if old := p.current; old != nil && at-old.last < silence && !p.ledger.Sending(at, from) {
		return
	}
	if p.draining != nil {
		p.finish(out, now, p.draining)
	}
	if old := p.current; old != nil {
		if !old.begun {
			p.begin(out, now)
		}
		p.ledger.Restarted()
		p.feedback.Restarted()
	}
	p.draining = p.current
	p.runs++
	p.current = &stream{identity: g.identity, run: p.runs, ref: 1<<32 + g.number}
	p.adopt(out, now, g)
}

// adopt moves the segments on probation that belong to the new current stream into it.
func (p *Pipeline) adopt(out *Result, now time.Time, g *segment) {
	s := p.current
	s.startAt = 1<<63 - 1
	hold := min(p.budget/2, maxStartHold)
	for _, g := range p.probation.take(g) {
		number := unwrap(s.ref, g.header.Segment)
		g.move(number)
		if !s.insert(g) {
			p.refuse(g, refusedCeiling)
			continue
		}
		s.startAt = min(s.startAt, g.first+hold)
		if g.verified() {
			p.inherit(g, p.draining)
		}
		g.each(func(d *inbox.Datagram, parity bool) {
			at := d.Arrival.Sub(p.started)
			kind := ledger.Source
			if parity {
				kind = ledger.Parity
			} else {
				p.alive(s, at)
			}
			out.Feedback = p.hear(out.Feedback, at, d, kind, g.verified())
		})
		p.place(out, now, s, g, g.sources())
		if g.verified() {
			p.rebuild(out, now, s, g)
		}
	}
	if now.Sub(p.started) >= s.startAt {
		p.begin(out, now)
	}
}

// inherit gives a segment the parity packets that another stream took for its own before any source packet told whose
// they are.
func (p *Pipeline) inherit(g *segment, from *stream) {
	if from == nil {
		return
	}
	number, ok := from.number(g.header.Segment)
	if !ok {
		return
	}
	old := from.find(number, &g.header, isc.Identity{})
	if old == nil || old.verified() {
		return
	}
	for row, d := range old.parity {
		if d != nil && g.rows>>row&1 == 0 {
			g.addParity(row, d)
			old.parity[row] = nil
			old.rows &^= 1 << row
		}
	}
}

// hear takes note of a valid datagram of a stream that is followed, and appends the feedback that it makes due. Parity
// that no source packet vouches for yet may be a stranger's: it counts, but feedback does not go where it came from.
func (p *Pipeline) hear(dst [][]byte, at time.Duration, d *inbox.Datagram, kind ledger.Kind, vouched bool) [][]byte {
	if d.Counted {
		return dst
	}
	p.count(at, d, kind)
	if vouched || d.From == p.ledger.From(d.Link) {
		p.ledger.Heard(at, d.Link, d.From, d.Timestamp, d.Arrival)
	}
	return p.feedback.Arrived(dst, d.Link, feedback.Delay(d.Timestamp, d.Arrival))
}

// count enters a datagram in the ledger, once.
func (p *Pipeline) count(at time.Duration, d *inbox.Datagram, kind ledger.Kind) {
	d.Counted = true
	p.ledger.Datagram(at, d.Link, kind, len(d.Bytes()))
}

// refuse drops a segment that was on probation.
func (p *Pipeline) refuse(g *segment, reason string) {
	g.each(func(d *inbox.Datagram, _ bool) {
		if !d.Counted {
			d.Counted = true
			p.ledger.Refused(d.Arrival.Sub(p.started), d.Link, reason, len(d.Bytes()))
		}
	})
	g.release(p.free)
	p.segments.put(g)
}

// dropRow drops a parity packet that failed the checks.
func (p *Pipeline) dropRow(d *inbox.Datagram) {
	if !d.Counted {
		d.Counted = true
		p.ledger.Refused(d.Arrival.Sub(p.started), d.Link, refusedSource, len(d.Bytes()))
	}
	p.free(d)
}

func (p *Pipeline) refuseMalformed(d *inbox.Datagram, cause error) {
	p.malformed = cause
	p.count(d.Arrival.Sub(p.started), d, ledger.Malformed)
	p.free(d)
}

func (p *Pipeline) refuseDatagram(d *inbox.Datagram, reason string) {
	p.ledger.Refused(d.Arrival.Sub(p.started), d.Link, reason, len(d.Bytes()))
	p.free(d)
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

// dropFirst removes the first n elements and keeps the memory.
func dropFirst(s []*segment, n int) []*segment {
	if n == 0 {
		return s
	}
	rest := copy(s, s[n:])
	clear(s[rest:])
	return s[:rest]
}
