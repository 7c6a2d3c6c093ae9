package receiver

import (
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// Limits are the ceilings on what a stranger can make a channel hold or do. Where one is reached, senders on probation
// make room before the stream that is followed, and those of whom least is known first.
type Limits struct {
	OpenSegments int // segments held open, on probation or not
	HeldBytes    int // memory of the packets that are held, in bytes
	Sources      int // senders on probation, by SSRC and payload type
	DecodeBytes  int // bytes that the coding works on, a second
	LogLines     int // lines logged, a second
}

// DefaultLimits returns the limits of a channel about which nothing is said. No rig touches one. The largest sends
// 20 Mb/s, which is 2,083 packets of 1,200 bytes a second; coded 8+9 these are 260 segments and 4,427 datagrams. With
// a budget of 2 s, throughout which a gap at the front holds up all that comes behind it, that makes
//
//   - 521 open segments, or 4,167 where each packet is a segment of its own (1+1);
//   - 4,167 datagrams held, as a segment that is complete lets go of its parity: 7 MB, at 1,680 bytes each; and 4,427
//     more on probation, 7.4 MB, for a second in which the rig has restarted elsewhere;
//   - 20 MB to decode a second, if all that arrives is parity: 260 * 8 rows * 8 sources * 1,200 bytes.
//
// Sources is what 10,000 made-up SSRCs a second fill in a tenth of a second, longer than from one packet of a rig to
// the next.
func DefaultLimits() Limits {
	return Limits{OpenSegments: 8192, HeldBytes: 32 << 20, Sources: 1024, DecodeBytes: 64 << 20, LogLines: 20}
}

// The parts of the limits that those may have that are not followed.
const (
	unprovenPart  = 16 // of HeldBytes, for strangers of whom no two packets in sequence came
	strangersPart = 4  // of HeldBytes, for all strangers
	probationPart = 2  // of HeldBytes, for all that is on probation
	provenPart    = 16 // of Sources, for strangers of whom two packets in sequence came
	strangeDecode = 2  // of DecodeBytes, for what strangers' packets make to do
)

// mostRebuilt is the most that the packets cost which one datagram more may bring, and gives back.
const mostRebuilt = (1 + isc.MaxSources) * inbox.MaxCost

// reached counts, for each of the limits, how often something was turned away for it.
type reached struct{ segments, bytes, sources uint64 }

// memory is the memory of the packets that a pipeline holds.
type memory struct {
	pool    *inbox.Pool
	limit   int
	held    int               // what the datagrams cost that were pushed, or came out of the pool, and are not given up
	garbage []*inbox.Datagram // given up in this step; results may still show their bytes
}

// keep takes over a datagram, and returns one in its place that costs no more than it must.
func (m *memory) keep(d *inbox.Datagram) *inbox.Datagram {
	d = m.pool.Fit(d)
	m.held += d.Cost()
	return d
}

// get returns a datagram with room for size bytes.
func (m *memory) get(size int) *inbox.Datagram {
	d := m.pool.GetFor(size)
	m.held += d.Cost()
	return d
}

// full tells that not all that a segment may lack can be had.
func (m *memory) full() bool { return m.held+isc.MaxSources*inbox.MaxCost > m.limit }

// put gives back a datagram that no result shows.
func (m *memory) put(d *inbox.Datagram) {
	m.held -= d.Cost()
	m.pool.Put(d)
}

// free gives up a datagram; its bytes stay until the next step.
func (m *memory) free(d *inbox.Datagram) {
	m.held -= d.Cost()
	m.garbage = append(m.garbage, d)
}

// collect gives what the last step gave up back to the pool.
func (m *memory) collect() {
	for i, d := range m.garbage {
		m.pool.Put(d)
		m.garbage[i] = nil
	}
	m.garbage = m.garbage[:0]
}

// decoding is the decoder with a ceiling on its work: a bucket of bytes that fills up within a second.
type decoding struct {
	isc.Decoder
	strange bool // what is decoded now is so because of a stranger's packet
	limit   int
	left    int
	at      time.Time // when left was that
	reached uint64
}

// allows tells whether a segment may be decoded now, and takes that many bytes of work off the bucket if so. Strangers
// leave a part of it to the stream that is followed.
func (d *decoding) allows(now time.Time, work int) bool {
	d.fill(now)
	least := 0
	if d.strange {
		least = d.limit - d.limit/strangeDecode
	}
	if d.left-work < least {
		d.reached++
		return false
	}
	d.left -= work
	return true
}

// fill adds what has come to the bucket since it was filled last.
func (d *decoding) fill(now time.Time) {
	passed := min(max(now.Sub(d.at), 0), time.Second)
	more := int(int64(d.limit) * int64(passed) / int64(time.Second))
	if more > 0 {
		d.left, d.at = min(d.left+more, d.limit), now
	}
}

// makeRoom lets go of what is held until one more datagram, and what may be rebuilt with it, is within the limits: of
// what is on probation, and then, if hurry is set, of the stream that is followed. It returns false where there is no
// room even so.
func (p *Pipeline) makeRoom(out *Result, now time.Time, hurry bool) bool {
	for {
		switch {
		case p.memory.held+mostRebuilt > p.limits.HeldBytes:
			p.reached.bytes++
		case p.segments.open >= p.limits.OpenSegments:
			p.reached.segments++
		default:
			return true
		}
		if g := p.probation.victim(); g != nil {
			p.discard(g, refusedCeiling)
		} else if !hurry || !p.hurry(out, now) {
			return false
		}
	}
}

// makeRoomOnProbation does the same for a datagram on probation, within the parts of the limits that are for those.
func (p *Pipeline) makeRoomOnProbation() {
	for {
		held := p.probation.held[unproven] + mostRebuilt
		room := held < p.limits.HeldBytes/unprovenPart
		held += p.probation.held[proven]
		room = room && held < p.limits.HeldBytes/strangersPart
		held += p.probation.held[known]
		g := p.probation.victim()
		if g == nil || room && held < p.limits.HeldBytes/probationPart {
			return
		}
		p.reached.bytes++
		p.discard(g, refusedCeiling)
	}
}

// makeRoomInOrder gives up what is missing next in a stream until a segment of that number has its place in the order.
func (p *Pipeline) makeRoomInOrder(out *Result, now time.Time, s *stream, number int64) {
	for s.crowded(number) {
		p.reached.segments++
		p.skip(out, now, s, s.firstWaiting())
	}
}

// hurry has a stream that is followed hold less: what is missing next is given up, or else its oldest segment.
func (p *Pipeline) hurry(out *Result, now time.Time) bool {
	for _, s := range [...]*stream{p.draining, p.current} {
		if s == nil || s.ended {
			continue
		}
		if !s.begun {
			p.begin(out, now)
			return true
		}
		if _, to, waits := s.gap(p.budget); waits {
			p.skip(out, now, s, to)
			return true
		}
		if len(s.open) > 0 && s.waiting == 0 {
			p.closeSegment(now.Sub(p.started), s, s.open[0])
			s.open = slices.Delete(s.open, 0, 1)
			return true
		}
	}
	return false
}

// ceilings returns how the channel stands against its limits.
func (p *Pipeline) ceilings(now time.Time) map[string]status.Ceiling {
	p.decoding.fill(now)
	ceiling := func(limit, n int, reached uint64) status.Ceiling {
		return status.Ceiling{Limit: uint64(limit), Now: uint64(n), Reached: reached}
	}
	return map[string]status.Ceiling{
		status.CeilingSegments: ceiling(p.limits.OpenSegments, p.segments.open, p.reached.segments),
		status.CeilingBytes:    ceiling(p.limits.HeldBytes, p.memory.held, p.reached.bytes),
		status.CeilingSources:  ceiling(p.limits.Sources, len(p.probation.senders), p.reached.sources),
		status.CeilingDecoding: ceiling(p.limits.DecodeBytes, p.limits.DecodeBytes-p.decoding.left, p.decoding.reached),
	}
}
