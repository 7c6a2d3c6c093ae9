package receiver

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/rtp"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/depacket"
	"github.com/isc-receiver/isc-receiver/receiver/feedback"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/ledger"
)

const (
	// silence is how long nothing may come of a stream before it counts as silent.
	silence = time.Second
	// stale is how old a datagram may be when it is read; an older one belongs to a past that was slept through.
	stale = time.Second
)

// Reasons for refusing a datagram, as the snapshot names them.
const (
	refusedSource  = "source"  // its sender is not the one that the channel follows
	refusedCeiling = "ceiling" // too many segments or senders at once
)

// Reasons why a datagram is malformed, besides those of package isc.
var (
	errTooLong  = fmt.Errorf("receiver: datagram longer than %d bytes", inbox.MaxDatagram)
	errSequence = errors.New("receiver: sequence number does not fit the segment")
)

// Packet is an RTP packet in its order.
type Packet struct {
	RTP       []byte // whole, as the rig got it; valid until the next call of the Pipeline
	Recovered bool   // rebuilt by the coding
}

// Result is what a step of a Pipeline gave, in order.
type Result struct {
	Packets  []Packet
	Units    []media.AccessUnit
	Feedback [][]byte // datagrams, each to be sent on every link
}

// Reset empties the result and keeps its memory.
func (r *Result) Reset() {
	clear(r.Units)
	clear(r.Feedback)
	r.Packets, r.Units, r.Feedback = r.Packets[:0], r.Units[:0], r.Feedback[:0]
}

// Pipeline turns the datagrams of one channel into RTP packets in order, access units and feedback, and keeps the
// channel's accounts. It has no goroutine, lock or clock: time is passed in, and what it gives depends on nothing
// else. It is not safe for concurrent use.
type Pipeline struct {
	pool    *inbox.Pool
	started time.Time
	budget  time.Duration
	ports   []int

	header    isc.Header
	malformed error // why the last malformed datagram was that; or nil
	decoder   isc.Decoder
	segments  segmentPool
	garbage   []*inbox.Datagram // freed in this step; results may still show their bytes
	order     []released

	current   *stream // the one that is followed; nil before the first
	draining  *stream // the one before it, until current begins
	probation probation
	runs      int
	lastAlive time.Duration // when a packet of a stream that is followed came last
	liveSince time.Duration // when the present stretch without silence began

	depacket depacket.Depacketizer
	feedback *feedback.Feedback
	ledger   *ledger.Ledger
	rtp      rtp.Packet
	picture  picture
}

// NewPipeline returns the pipeline of a channel whose links are those ports, in order. started is its time zero. The
// pool is where pushed datagrams go back to.
func NewPipeline(cfg Config, pool *inbox.Pool, started time.Time) *Pipeline {
	return &Pipeline{
		pool: pool, started: started, budget: cfg.Latency, ports: cfg.Ports,
		segments: segmentPool{links: len(cfg.Ports)},
		depacket: depacket.Depacketizer{Freeze: cfg.Freeze},
		feedback: feedback.New(len(cfg.Ports)),
		ledger:   ledger.New(len(cfg.Ports)),
	}
}

// SetLatency changes the latency budget from now on.
func (p *Pipeline) SetLatency(budget time.Duration) { p.budget = budget }

// From returns the address that the last valid packet on a link came from; it is not valid before the first.
func (p *Pipeline) From(link int) netip.AddrPort { return p.ledger.From(link) }

// Counts returns what became of all datagrams and packets so far.
func (p *Pipeline) Counts() (status.Datagrams, status.Packets) { return p.ledger.Counts() }

// Push takes a datagram, which then belongs to the pipeline, and appends what it releases to out. Datagrams are
// pushed in the order of their arrival; now is not before it.
func (p *Pipeline) Push(out *Result, now time.Time, d *inbox.Datagram) {
	p.collect()
	at := d.Arrival.Sub(p.started)
	payload, err := isc.Parse(d.Bytes(), &p.header)
	if d.Truncated {
		err = errTooLong
	}
	switch {
	case err != nil:
		p.refuseMalformed(d, err)
		return
	case now.Sub(d.Arrival) > stale:
		p.count(at, d, ledger.Late)
		p.free(d)
		return
	}
	d.Payload, d.Timestamp = payload, p.header.Timestamp
	if p.header.IsParity() {
		p.pushParity(out, now, d)
	} else {
		p.pushSource(out, now, d)
	}
}

// Advance does what time brings: streams begin, waits end, segments close. It appends what that releases to out.
func (p *Pipeline) Advance(out *Result, now time.Time) {
	p.collect()
	at := now.Sub(p.started)
	if p.draining != nil {
		p.expire(out, now, p.draining)
	}
	if s := p.current; s != nil {
		if !s.begun && at >= s.startAt {
			p.begin(out, now)
		}
		p.expire(out, now, s)
	}
	for g := p.probation.oldest(at - probationTime); g != nil; g = p.probation.oldest(at - probationTime) {
		p.refuse(g, refusedSource)
	}
}

// Next returns the time at which Advance has something to release, if nothing is pushed before.
func (p *Pipeline) Next() (at time.Time, ok bool) {
	next := time.Duration(1<<63 - 1)
	for _, s := range []*stream{p.draining, p.current} {
		switch {
		case s == nil:
		case !s.begun:
			next, ok = min(next, s.startAt), true
		default:
			if deadline, _, waits := s.gap(p.budget); waits {
				next, ok = min(next, deadline), true
			}
		}
	}
	return p.started.Add(next), ok
}

// Flush releases all that is held, as if every wait had ended, and decides on what is on probation. It is for the end
// of a run.
func (p *Pipeline) Flush(out *Result, now time.Time) {
	p.collect()
	if p.draining != nil {
		p.finish(out, now, p.draining)
		p.draining = nil
	}
	if s := p.current; s != nil {
		if !s.begun {
			p.begin(out, now)
		}
		p.finish(out, now, s)
	}
	for g := p.probation.oldest(1<<63 - 1); g != nil; g = p.probation.oldest(1<<63 - 1) {
		p.refuse(g, refusedSource)
	}
}

// pushSource finds the stream of a source packet, or puts it on probation.
func (p *Pipeline) pushSource(out *Result, now time.Time, d *inbox.Datagram) {
	id := rtpIdentity(d.Payload)
	for _, s := range [...]*stream{p.current, p.draining} {
		if s == nil || s.identity != id {
			continue
		}
		if number, ok := s.number(p.header.Segment); ok {
			p.addSource(out, now, s, number, d)
			return
		}
	}
	p.addProbation(out, now, d, id)
}

// pushParity finds the segment of a parity packet. It says nothing about its sender, so a segment that is open comes
// first, in whatever stream; then the stream that it is within reach of.
func (p *Pipeline) pushParity(out *Result, now time.Time, d *inbox.Datagram) {
	var near *stream
	var nearNumber int64
	for _, s := range [...]*stream{p.current, p.draining} {
		if s == nil {
			continue
		}
		number, ok := s.number(p.header.Segment)
		if !ok {
			continue
		}
		if g := s.find(number, &p.header, isc.Identity{}); g != nil {
			p.addParity(out, now, s, g, d)
			return
		}
		if near == nil {
			near, nearNumber = s, number
		}
	}
	at := d.Arrival.Sub(p.started)
	switch {
	case near == nil || p.probation.find(&p.header, isc.Identity{}) != nil:
		p.addProbation(out, now, d, isc.Identity{})
	case near.passed(nearNumber + int64(p.header.Sources()) - 1):
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Late, false)
		p.addProbation(out, now, d, isc.Identity{}) // or it is the first of a rig that restarted
	default:
		g := p.segments.get(&p.header, nearNumber, at)
		if !near.insert(g) {
			p.segments.put(g)
			p.refuseDatagram(d, refusedCeiling)
			return
		}
		p.addParity(out, now, near, g, d)
	}
}

// addSource puts a source packet of a stream into its segment.
func (p *Pipeline) addSource(out *Result, now time.Time, s *stream, number int64, d *inbox.Datagram) {
	at := d.Arrival.Sub(p.started)
	low := rtpSequence(d.Payload)
	i := int(p.header.Number)
	g := s.find(number, &p.header, s.identity)
	if g == nil && !s.passed(unwrap(number, low)) {
		if g = p.openSegment(s, number, d); g == nil {
			p.refuseDatagram(d, refusedCeiling)
			return
		}
	}
	p.alive(s, at)
	switch {
	case g == nil, !g.has(&p.header) && g.sources()>>i&1 == 0 && s.passed(unwrap(number, low)): // closed, or given up
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Late, true)
	case g.has(&p.header):
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Duplicate, true)
	case g.sources()>>i&1 != 0: // rebuilt before it came
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Source, true)
		g.received |= 1 << i
		g.perLink[d.Link]++
	case !g.placeable(i, low):
		p.refuseMalformed(d, errSequence)
		return
	default:
		if !g.verified() {
			s.verify()
		}
		g.addSource(i, d)
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Source, true)
		p.place(out, now, s, g, 1<<i)
		p.rebuild(out, now, s, g)
		return
	}
	p.free(d)
}

// openSegment opens the segment of a source packet of a stream. It returns nil where a ceiling forbids it.
func (p *Pipeline) openSegment(s *stream, number int64, d *inbox.Datagram) *segment {
	g := p.segments.get(&p.header, number, d.Arrival.Sub(p.started))
	if !g.placeable(int(p.header.Number), rtpSequence(d.Payload)) || !s.insert(g) {
		p.segments.put(g)
		return nil
	}
	if s == p.draining {
		p.inherit(g, p.current)
	} else {
		p.inherit(g, p.draining)
	}
	return g
}

// alive takes note that a source packet of a stream has come, received or rebuilt.
func (p *Pipeline) alive(s *stream, at time.Duration) {
	if p.runs == 1 && s.last == 0 || at-p.lastAlive >= silence {
		p.liveSince = at
	}
	s.last = max(s.last, at)
	p.lastAlive = max(p.lastAlive, at)
}

// addParity puts a parity packet into a segment of a stream.
func (p *Pipeline) addParity(out *Result, now time.Time, s *stream, g *segment, d *inbox.Datagram) {
	at := d.Arrival.Sub(p.started)
	if g.has(&p.header) {
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Duplicate, g.verified())
		p.free(d)
		return
	}
	g.addParity(p.header.Row(), d)
	out.Feedback = p.hear(out.Feedback, at, d, ledger.Parity, g.verified())
	p.rebuild(out, now, s, g)
}

// rebuild recovers what a segment misses, if it can, and releases what that makes ready.
func (p *Pipeline) rebuild(out *Result, now time.Time, s *stream, g *segment) {
	known := g.verified()
	if rebuilt := g.recover(now, &p.decoder, p.pool, p.dropRow); rebuilt != 0 {
		if !known && g.identity != s.identity {
			p.disown(out, now, s, g)
			return
		}
		if !known {
			s.verify()
		}
		p.alive(s, now.Sub(p.started))
		p.place(out, now, s, g, rebuilt)
	}
	if g.complete() && g.waiting == 0 {
		g.release(p.free)
	}
}

// disown moves a segment that turned out to be another stream's from s to probation.
func (p *Pipeline) disown(out *Result, now time.Time, s *stream, g *segment) {
	identity := g.identity
	g.identity = isc.Identity{} // it was open as unverified
	s.remove(g)
	for i, other := range s.open {
		if other == g {
			s.open = append(s.open[:i], s.open[i+1:]...)
			break
		}
	}
	g.identity, g.rival, g.closed = identity, nil, false
	p.probation.add(g)
	p.follow(out, now, g, g.sender())
}
