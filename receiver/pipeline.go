package receiver

import (
	"cmp"
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
	started time.Time
	budget  time.Duration
	ports   []int
	allow   []netip.Prefix
	limits  Limits

	header   isc.Header
	evidence evidence
	decoding decoding
	memory   memory
	segments segmentPool
	reached  reached
	order    []released

	current   *stream       // the one that is followed; nil before the first
	draining  *stream       // the one before it: it goes on until current begins, and its stragglers are late for a while
	lingers   time.Duration // until when
	probation probation
	elder     elder
	wary      time.Duration // until when no stream follows another before that has been silent
	retry     time.Duration // when a sender on probation may be followed; never while there is none
	runs      int
	lastAlive time.Duration // when a packet of a current stream came last; long ago before the first
	liveSince time.Duration // when the present stretch without silence began

	depacket depacket.Depacketizer
	feedback *feedback.Feedback
	gates    []feedback.Gate // by link
	ledger   *ledger.Ledger
	rtp      rtp.Packet
	broken   bool // the last RTP packet released could not be read
	picture  picture
}

// NewPipeline returns the pipeline of a channel whose links are those ports, in order. started is its time zero. The
// pool is where pushed datagrams go back to.
func NewPipeline(cfg Config, pool *inbox.Pool, started time.Time) *Pipeline {
	limits := cmp.Or(cfg.Limits, DefaultLimits())
	return &Pipeline{
		started: started, budget: cfg.Latency, ports: cfg.Ports, allow: cfg.Allow, limits: limits,
		decoding:  decoding{limit: limits.DecodeBytes, left: limits.DecodeBytes, at: started},
		memory:    memory{pool: pool, limit: limits.HeldBytes},
		segments:  segmentPool{links: len(cfg.Ports)},
		depacket:  depacket.Depacketizer{Freeze: cfg.Freeze},
		probation: newProbation(), retry: never, lastAlive: -silence,
		feedback: feedback.New(len(cfg.Ports)),
		gates:    make([]feedback.Gate, len(cfg.Ports)),
		ledger:   ledger.New(len(cfg.Ports)),
	}
}

// SetLatency changes the latency budget from now on.
func (p *Pipeline) SetLatency(budget time.Duration) { p.budget = budget }

// From returns the address that the last valid packet on a link came from; it is not valid before the first.
func (p *Pipeline) From(link int) netip.AddrPort { return p.ledger.From(link) }

// Answer returns where a feedback datagram of size bytes for a link may be sent now; false where it may not.
func (p *Pipeline) Answer(now time.Time, link, size int) (to netip.AddrPort, ok bool) {
	return p.gates[link].Open(now.Sub(p.started), size)
}

// Answered takes note that one which Answer let through was sent.
func (p *Pipeline) Answered(now time.Time, link, size int) {
	p.gates[link].Passed(now.Sub(p.started), size)
}

// KernelDropped takes note of how many datagrams of a link the kernel has dropped so far.
func (p *Pipeline) KernelDropped(now time.Time, link int, total uint64) {
	p.ledger.KernelDropped(now.Sub(p.started), link, total)
}

// Counts returns what became of all datagrams and packets so far.
func (p *Pipeline) Counts() (status.Datagrams, status.Packets) { return p.ledger.Counts() }

// Push takes a datagram, which then belongs to the pipeline, and appends what it releases to out. Datagrams are
// pushed in the order of their arrival; now is not before it.
func (p *Pipeline) Push(out *Result, now time.Time, d *inbox.Datagram) {
	p.memory.collect()
	d = p.memory.keep(d)
	at := d.Arrival.Sub(p.started)
	if !p.mayListen(d.From) {
		p.evidence.bar(at, d, &p.header)
		p.refuseDatagram(d, refusedAddress)
		return
	}
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
	if p.current == nil {
		p.evidence.coded.see(at, d, nil)
	}
	d.Payload, d.Timestamp, d.Parity = payload, p.header.Timestamp, p.header.IsParity()
	p.decoding.strange = d.From != p.ledger.From(d.Link)
	if d.Parity {
		p.pushParity(out, now, d)
	} else {
		p.pushSource(out, now, d)
	}
}

// Advance does what time brings: streams begin, waits end, segments close. It appends what that releases to out.
func (p *Pipeline) Advance(out *Result, now time.Time) {
	p.memory.collect()
	p.decoding.strange = false
	at := now.Sub(p.started)
	if at >= p.retry {
		p.choose(out, now)
	}
	if s := p.draining; s != nil {
		p.expire(out, now, s)
		if s.ended && at >= p.lingers {
			p.draining = nil
		}
	}
	if s := p.current; s != nil {
		if !s.begun && at >= s.startAt {
			p.begin(out, now)
		}
		p.expire(out, now, s)
	}
	p.expireProbation(at)
}

// Next returns the time at which Advance has something to release, if nothing is pushed before.
func (p *Pipeline) Next() (at time.Time, ok bool) {
	next := p.retry
	for _, s := range [...]*stream{p.draining, p.current} {
		switch {
		case s == nil:
		case !s.begun:
			next = min(next, s.startAt)
		default:
			if deadline, _, waits := s.gap(p.budget); waits {
				next = min(next, deadline)
			}
		}
	}
	return p.started.Add(next), next < never
}

// Flush releases all that is held, as if every wait had ended, and decides on what is on probation. It is for the end
// of a run.
func (p *Pipeline) Flush(out *Result, now time.Time) {
	p.memory.collect()
	if s := p.current; s != nil {
		if !s.begun {
			p.begin(out, now)
		}
		p.finish(out, now, s)
	}
	p.sweep(never)
}

// pushSource finds the stream of a source packet, or puts it on probation.
func (p *Pipeline) pushSource(out *Result, now time.Time, d *inbox.Datagram) {
	id := rtpIdentity(d.Payload)
	anew := false
	for _, s := range [...]*stream{p.current, p.draining} {
		if s == nil || s.identity != id {
			continue
		}
		number, ok := s.number(p.header.Segment)
		if !ok {
			continue
		}
		if anew = p.restarts(s, number, d); anew {
			break // nor is it a straggler of an earlier run
		}
		p.addSource(out, now, s, number, d)
		return
	}
	p.addProbation(out, now, d, id, anew)
}

// restarts tells whether a source packet of a stream's own SSRC looks like a new run of its sender: its turn has long
// been over, and the stream has been silent, or has not advanced although its packets come. Those of a slow link were
// sent before the newest one; where the rig's clock stands still and cannot tell, it takes longer.
func (p *Pipeline) restarts(s *stream, number int64, d *inbox.Datagram) bool {
	at := d.Arrival.Sub(p.started)
	if s != p.current || !s.passed(unwrap(number, rtpSequence(d.Payload))) || s.find(number, &p.header) != nil {
		return false
	}
	stalled, later := at-s.advanced, feedback.Difference(int(d.Timestamp), int(s.sent))
	return p.silent(s, at) || stalled >= silence && later > 0 || stalled >= 2*silence && later == 0
}

// silent tells whether a stream is the current one and had been silent for long at that time.
func (p *Pipeline) silent(s *stream, at time.Duration) bool {
	return s == p.current && at-s.last >= silence
}

// pushParity finds the open segment of a parity packet. Where there is none, nothing tells yet whose it is: it is kept
// until a source packet of its segment claims it.
func (p *Pipeline) pushParity(out *Result, now time.Time, d *inbox.Datagram) {
	late := false
	for _, s := range [...]*stream{p.current, p.draining} {
		if s == nil {
			continue
		}
		number, ok := s.number(p.header.Segment)
		if !ok {
			continue
		}
		if s.find(number, &p.header) != nil {
			p.addParity(out, now, s, number, d)
			return
		}
		late = late || s.passed(number+int64(p.header.Sources())-1)
	}
	at := d.Arrival.Sub(p.started)
	switch {
	case d.From != p.ledger.From(d.Link): // it counts when it is claimed
	case late: // as it seems; it may be the first of a rig that has restarted, so it is kept all the same
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Late)
	default:
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Parity)
	}
	p.addProbation(out, now, d, isc.Identity{}, false)
}

// addSource puts a source packet of a stream into its segment.
func (p *Pipeline) addSource(out *Result, now time.Time, s *stream, number int64, d *inbox.Datagram) {
	if !p.makeRoom(out, now, true) {
		p.refuseDatagram(d, refusedCeiling)
		return
	}
	p.decoding.strange = false // its SSRC tells
	at := d.Arrival.Sub(p.started)
	low := rtpSequence(d.Payload)
	i := int(p.header.Number)
	g := s.find(number, &p.header)
	p.alive(s, at)
	if s.from[d.Link] != d.From {
		s.from[d.Link] = d.From
	}
	switch {
	case g == nil && !s.passed(number+int64(p.header.Sources())-1):
		if g = p.openSegment(out, now, s, number, d); g == nil {
			return
		}
	case g == nil: // its segment is closed
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Late)
		if s.recall(unwrap(number, low)) {
			p.ledger.SavedOn(at, d.Link)
		}
		p.free(d)
		return
	case g.has(&p.header):
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Duplicate)
		p.free(d)
		return
	case g.sources()>>i&1 != 0: // rebuilt before it came
		out.Feedback = p.hear(out.Feedback, at, d, ledger.Source)
		g.received |= 1 << i
		g.perLink[d.Link]++
		p.free(d)
		return
	case !g.placeable(i, low):
		p.refuseMalformed(d, errSequence)
		return
	}
	g.addSource(i, d)
	out.Feedback = p.hear(out.Feedback, at, d, ledger.Source)
	p.place(out, now, s, g, 1<<i)
	p.rebuild(out, now, s, g)
}

// openSegment opens the segment of a source packet of a stream, with the parity of it that came before. It returns nil
// where that cannot be; then it has seen to the datagram.
func (p *Pipeline) openSegment(out *Result, now time.Time, s *stream, number int64, d *inbox.Datagram) *segment {
	g := p.segments.get(&p.header, number, d.Arrival.Sub(p.started))
	g.identity = s.identity
	if !g.placeable(int(p.header.Number), rtpSequence(d.Payload)) {
		p.segments.put(g)
		p.refuseMalformed(d, errSequence)
		return nil
	}
	p.makeRoomInOrder(out, now, s, number)
	if !s.insert(g) {
		p.segments.put(g)
		p.refuseDatagram(d, refusedCeiling)
		return nil
	}
	p.claim(out, g)
	return g
}

// alive takes note that a source packet of a stream has come, received or rebuilt.
func (p *Pipeline) alive(s *stream, at time.Duration) {
	s.last = max(s.last, at)
	if s == p.current {
		if at-p.lastAlive >= silence {
			p.liveSince = at
		}
		p.lastAlive = max(p.lastAlive, at)
	}
}
