package receiver

import (
	"math/bits"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/depacket"
	"github.com/isc-receiver/isc-receiver/receiver/feedback"
)

// place offers source packets of a segment for release, a bit each, and releases all whose turn it is.
func (p *Pipeline) place(out *Result, now time.Time, s *stream, g *segment, sources uint8) {
	for i := range g.k {
		if sources>>i&1 != 0 {
			s.offer(now.Sub(p.started), g, i)
		}
	}
	p.take(out, now, s)
}

// take releases the packets of a stream whose turn it is.
func (p *Pipeline) take(out *Result, now time.Time, s *stream) {
	if !s.begun {
		return
	}
	p.order = s.take(p.order[:0])
	for _, r := range p.order {
		p.deliver(out, now, s, r)
	}
	for i, r := range p.order {
		if g := r.seg; g.complete() && g.waiting == 0 {
			g.release(p.free)
		}
		p.order[i].seg = nil
	}
}

// deliver hands a packet on: as RTP, to the accounts, and to the depacketizer.
func (p *Pipeline) deliver(out *Result, now time.Time, s *stream, r released) {
	r.seg.waiting--
	d := r.seg.source[r.index]
	at := now.Sub(p.started)
	recovered := r.seg.recovered>>r.index&1 != 0
	out.Packets = append(out.Packets, Packet{RTP: d.Payload, Recovered: recovered})
	if recovered {
		r.seg.rebuilt |= 1 << r.index
		p.ledger.Recovered(at, len(d.Payload))
	} else {
		p.ledger.Delivered(at, now.Sub(d.Arrival), len(d.Payload))
		out.Feedback = p.feedback.Released(out.Feedback, feedback.Delay(d.Timestamp, d.Arrival))
	}
	if err := p.rtp.Unmarshal(d.Payload); err != nil {
		p.broken = true // its header extension or padding is: nothing of it can be shown
		return
	}
	s.time = unwrapTime(s.time, p.rtp.Timestamp)
	p.picture.packet(at, s, d.Arrival, p.rtp.Payload)
	units := len(out.Units)
	out.Units = p.depacket.Push(out.Units, depacket.Packet{
		Payload: p.rtp.Payload, Time: s.time, Marker: p.rtp.Marker,
		Hole: r.hole || p.broken, Run: s.run, Arrival: d.Arrival,
	})
	p.broken = false
	for i := range out.Units[units:] {
		p.picture.see(at, &out.Units[units+i])
		p.ledger.Picture(at)
	}
}

// unwrapTime returns the time nearest to ref whose low 32 bits are low.
func unwrapTime(ref int64, low uint32) int64 { return ref + int64(int32(low-uint32(ref))) }

// begin starts the current stream; the one before it is done.
func (p *Pipeline) begin(out *Result, now time.Time) {
	if p.draining != nil && !p.draining.ended {
		p.finish(out, now, p.draining)
		p.lingers = now.Sub(p.started) + probationTime
	}
	p.current.begin()
	p.take(out, now, p.current)
}

// expire ends the waits of a stream whose time is over, and closes its segments.
func (p *Pipeline) expire(out *Result, now time.Time, s *stream) {
	if !s.begun {
		return
	}
	at := now.Sub(p.started)
	for {
		deadline, to, ok := s.gap(p.budget)
		if !ok || at < deadline {
			break
		}
		if g := s.covering(s.next); g != nil && g.deferred && p.rebuild(out, now, s, g) {
			continue
		}
		p.skip(out, now, s, to)
	}
	old := 0 // they are in the order in which they were opened
	for old < len(s.open) && at >= s.open[old].first+p.budget {
		old++
	}
	waiting := slices.DeleteFunc(s.open[:old], func(g *segment) bool {
		done := g.waiting == 0
		if done {
			p.closeSegment(at, s, g)
		}
		return done
	})
	s.open = slices.Delete(s.open, len(waiting), old)
}

// finish releases all that a stream holds and closes its segments.
func (p *Pipeline) finish(out *Result, now time.Time, s *stream) {
	for _, to, ok := s.gap(0); ok; _, to, ok = s.gap(0) {
		p.skip(out, now, s, to)
	}
	for _, g := range s.open {
		p.closeSegment(now.Sub(p.started), s, g)
	}
	s.end()
}

// skip gives up what is missing before to and releases what waited for it.
func (p *Pipeline) skip(out *Result, now time.Time, s *stream, to int64) {
	p.ledger.Lost(now.Sub(p.started), s.skip(to))
	p.take(out, now, s)
}

func (p *Pipeline) closeSegment(at time.Duration, s *stream, g *segment) {
	p.ledger.Segment(at, g.k, int(g.header.Redundancy), g.perLink)
	if saved := g.rebuilt &^ g.received; saved != 0 && !p.ledger.Saved(at, g.first, bits.OnesCount8(saved)) {
		s.remember(g, saved)
	}
	s.remove(g)
	g.release(p.free)
	p.segments.put(g)
}
