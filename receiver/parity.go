package receiver

import (
	"bytes"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/ledger"
)

// claim gives a segment of a stream the parity of it that is kept on probation.
func (p *Pipeline) claim(out *Result, g *segment) {
	other := p.probation.find(&g.header, isc.Identity{})
	if other == nil {
		return
	}
	p.probation.remove(other)
	for d := range other.arrived {
		at := d.Arrival.Sub(p.started)
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Parity)
		if d.From == p.ledger.From(d.Link) { // that of strangers does not shorten the wait
			g.first = min(g.first, at)
		}
	}
	g.claim(other)
	p.refuse(other, refusedSource)
}

// addParity puts a parity packet into the segment of a stream that has its number and header. Where there is no room,
// that of a stranger does not make it.
func (p *Pipeline) addParity(out *Result, now time.Time, s *stream, number int64, d *inbox.Datagram) {
	room := p.makeRoom(out, now, !p.decoding.strange)
	g := s.find(number, &p.header)
	if !room || g == nil {
		p.refuseDatagram(d, refusedCeiling)
		return
	}
	at := d.Arrival.Sub(p.started)
	row := p.header.Row()
	if g.has(&p.header) && !p.supersede(g, row, d) {
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Duplicate)
		p.free(d)
		return
	}
	g.addParity(row, d)
	out.Feedback = p.hear(out.Feedback, at, d, ledger.Parity)
	p.rebuild(out, now, s, g)
}

// supersede drops the parity packet of a row if it is another one than d and d alone comes from where its link's
// packets come from: the one that is there may be forged.
func (p *Pipeline) supersede(g *segment, row int, d *inbox.Datagram) bool {
	old := g.parity[row]
	if old == nil || old.From == p.ledger.From(old.Link) || d.From != p.ledger.From(d.Link) ||
		bytes.Equal(old.Payload, d.Payload) {
		return false
	}
	g.dropRows(1<<row, p.dropRow)
	return true
}

// rebuild recovers what a segment misses, if it can, and releases what that makes ready. It tells whether it could.
func (p *Pipeline) rebuild(out *Result, now time.Time, s *stream, g *segment) bool {
	rebuilt := g.recover(now, g, &p.decoding, &p.memory, p.dropRow)
	if rebuilt != 0 {
		p.alive(s, now.Sub(p.started))
		p.place(out, now, s, g, rebuilt)
	}
	switch {
	case !g.complete():
	case g.waiting == 0:
		g.release(p.free)
	default:
		g.releaseParity(p.free)
	}
	return rebuilt != 0
}
