package receiver

import (
	"net/netip"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/feedback"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/ledger"
)

const (
	// stopped is how long a stream may not advance before one from the same addresses may follow it: longer than from
	// picture to picture.
	stopped = 250 * time.Millisecond
	// returning is how long a stream that was replaced must have been sending again before it takes its place back, so
	// that stragglers on a slow link do not.
	returning = 500 * time.Millisecond
	// elderTime is for how long it may.
	elderTime = 10 * time.Minute
	// waryTime is how long after that no stream follows another before that has been silent.
	waryTime = time.Minute
)

// elder is the stream that the present one replaced. Where it goes on sending, that was not the rig that restarted.
type elder struct {
	identity isc.Identity
	from     []netip.AddrPort // by link; none where its successor came from there, too
	until    time.Duration    // how long it may come back
}

// claims tells how likely a source packet of that identity, from that address, is the elder's: it has its SSRC, or it
// comes from where that sent, or neither.
func (e *elder) claims(at time.Duration, id isc.Identity, from netip.AddrPort) kinship {
	switch {
	case at >= e.until:
		return unrelated
	case id.Known && id == e.identity:
		return itself
	case slices.Contains(e.from, from):
		return neighbour
	default:
		return unrelated
	}
}

// known tells whether a datagram of that identity, if it has one, comes from the rig as far as its address or its SSRC
// can tell.
func (p *Pipeline) known(id isc.Identity, from netip.AddrPort) bool {
	return p.current != nil && (slices.Contains(p.current.from, from) || p.current.identity == id)
}

// allowed returns when a confirmed sender on probation may be followed, as things are: at once where there is no
// stream; after the present one has been silent for a second or, if it comes from the same addresses, has stopped; and
// the elder when it has been back for a while.
func (p *Pipeline) allowed(s *sender) (at time.Duration) {
	old := p.current
	if old == nil {
		return s.first
	}
	at = old.last + silence
	if s.rank == known && s.last >= p.wary {
		at = min(at, old.advanced+stopped)
	}
	if s.elder != unrelated && s.last-s.first >= returning {
		at = min(at, s.last)
	}
	return at
}

// consider has a confirmed sender on probation followed if it may be now, or the best one that may be, and tells
// whether one was. Where that may still come, retry is when to look again.
func (p *Pipeline) consider(out *Result, now time.Time, s *sender) (followed bool) {
	if at := p.allowed(s); now.Sub(p.started) < at {
		p.retry = min(p.retry, at)
		return false
	}
	runs := p.runs
	p.choose(out, now)
	return p.runs != runs
}

// choose follows the best of the senders on probation that may be followed now, if there is one.
func (p *Pipeline) choose(out *Result, now time.Time) {
	var since time.Duration
	if p.current != nil {
		since = p.current.last
	}
	var best *sender
	p.retry = never
	for _, r := range [...]rank{known, proven} {
		for s := range p.probation.ranks[r].all {
			if !s.confirmed() {
				continue
			}
			if at := p.allowed(s); now.Sub(p.started) < at {
				p.retry = min(p.retry, at)
			} else if best == nil || s.better(best, since) {
				best = s
			}
		}
	}
	if best != nil {
		p.follow(out, now, best)
	}
}

// follow makes the stream of a sender on probation the current one.
func (p *Pipeline) follow(out *Result, now time.Time, s *sender) {
	if old := p.current; old != nil {
		if !old.begun {
			p.begin(out, now)
		}
		p.ledger.Restarted()
		p.feedback.Restarted()
		p.replaced(now.Sub(p.started), old, s)
	}
	if p.draining != nil && !p.draining.ended {
		p.finish(out, now, p.draining)
	}
	p.draining, p.retry = p.current, never
	p.runs++
	p.current = &stream{
		identity: s.identity, run: p.runs, ref: 1<<32 + int64(s.highest), advanced: s.last,
		from: make([]netip.AddrPort, len(p.ports)),
	}
	p.adopt(out, now, s)
}

// replaced takes note that a sender takes the place of a stream, so that the rig finds back if it was the wrong one.
func (p *Pipeline) replaced(at time.Duration, old *stream, by *sender) {
	if by.elder != unrelated && at < old.last+silence {
		p.wary = at + waryTime
	}
	switch {
	case by.elder == itself:
		p.elder = elder{}
	case by.elder == neighbour:
		p.elder.from = nil // only its own SSRC can show that this is not the rig
	case by.identity == old.identity, at < p.elder.until && p.elder.from != nil:
		// It is the same rig, or a stranger follows a stranger.
	default:
		p.elder = elder{identity: old.identity, until: at + elderTime}
		if by.rank != known {
			p.elder.from = old.from
		}
	}
	for r := range p.probation.ranks {
		for s := range p.probation.ranks[r].all {
			s.elder = unrelated // until it sends again, if it is not
		}
	}
}

// hold is how long a new stream is held until it is plain what comes first.
func (p *Pipeline) hold() time.Duration { return min(p.budget/2, maxHold) }

// adopt moves the segments of a sender on probation into the new current stream, which is its. What is out of reach is
// of a run before.
func (p *Pipeline) adopt(out *Result, now time.Time, from *sender) {
	s := p.current
	s.startAt = now.Sub(p.started) + p.hold()
	for g := range from.segments.all {
		number := unwrap(s.ref, g.header.Segment)
		if number < s.ref-reach || number > s.ref {
			p.discard(g, refusedSource)
			continue
		}
		p.probation.remove(g)
		g.move(number)
		if !s.insert(g) {
			p.refuse(g, refusedCeiling)
			continue
		}
		for d, parity := range g.arrived {
			kind := ledger.Source
			if parity {
				kind = ledger.Parity
			} else {
				s.from[d.Link] = d.From
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
func (p *Pipeline) free(d *inbox.Datagram) { p.memory.free(d) }
