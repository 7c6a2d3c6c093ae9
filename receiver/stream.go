package receiver

import (
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	// reach is the largest jump of sequence numbers within a stream, and the largest span of a segment; a larger jump is
	// a restart.
	reach = 1000
	// ringSize is how many sequence numbers a stream can hold packets for, a power of two: what comes at 20 Mb/s within
	// three seconds, and reach.
	ringSize = 8192
	// maxHold and half the budget bound how long a new stream is held until it is plain what comes first.
	maxHold = 100 * time.Millisecond
	// maxRivals bounds the segments of one stream with the same number.
	maxRivals = 4
	// never is a time and a sequence number that does not come.
	never = 1<<63 - 1
)

// stream is one run of a sender: its open segments, each with at least one source packet, and the order in which their
// packets are released.
type stream struct {
	identity isc.Identity
	run      int
	ref      int64            // the highest sequence number seen
	advanced time.Duration    // when it was
	sent     uint16           // the timestamp in its header
	last     time.Duration    // when its last source packet arrived
	from     []netip.AddrPort // where its source packets come from, by link

	begun   bool
	ended   bool          // all is released; what still comes is late
	startAt time.Duration // when it begins, while it has not
	next    int64         // the sequence number to be released next
	tail    *segment      // of the packet released last, while it is open
	tailAt  int           // its index there
	hole    bool          // packets are missing before the next one released
	waiting int           // packets that wait for one before them
	time    int64         // the last RTP timestamp, unwrapped

	slots [ringSize]slot
	open  []*segment
}

// slot is what there is for one sequence number, modulo ringSize.
type slot struct {
	segments *segment // those that begin with it
	packet   *segment // the packet that waits is number index of that segment
	index    int
	saved    int64 // the last one that only the coding gave, on a link that is not known
}

// released is a packet whose turn has come.
type released struct {
	seg   *segment
	index int
	hole  bool // packets are missing right before it
}

// number unwraps a segment number, and tells whether it is within reach.
func (s *stream) number(low uint16) (int64, bool) {
	n := unwrap(s.ref, low)
	return n, n >= s.ref-reach && (n <= s.ref || !s.ended && n <= s.ref+reach)
}

// passed tells whether the turn of that sequence number is over.
func (s *stream) passed(seq int64) bool { return s.ended || s.begun && seq < s.next }

// find returns the open segment of that number and header.
func (s *stream) find(number int64, h *isc.Header) *segment {
	for g := s.slots[number&(ringSize-1)].segments; g != nil; g = g.rival {
		if g.number == number && g.matches(h) {
			return g
		}
	}
	return nil
}

// insert opens a segment. It returns false where there are too many of its number.
func (s *stream) insert(g *segment) bool {
	sl := &s.slots[g.number&(ringSize-1)]
	rivals := 0
	for other := sl.segments; other != nil; other = other.rival {
		if other.number == g.number {
			rivals++
		}
	}
	if rivals >= maxRivals {
		return false
	}
	g.rival = sl.segments
	sl.segments = g
	s.open = append(s.open, g)
	return true
}

// remove takes a segment out of the slots; the caller takes it from open.
func (s *stream) remove(g *segment) {
	link := &s.slots[g.number&(ringSize-1)].segments
	for *link != g {
		link = &(*link).rival
	}
	*link = g.rival
	if s.tail == g {
		s.tail = nil
	}
}

// offer puts source packet i of a segment in its place in the order. A packet that is not wanted stays where it is: its
// turn is over, or there is one for its sequence number.
func (s *stream) offer(at time.Duration, g *segment, i int) {
	seq := g.seq[i]
	if seq > s.ref || seq == s.ref && !s.begun { // the highest one was known before the stream was followed
		s.ref, s.advanced, s.sent = seq, at, g.sent(i)
	}
	sl := &s.slots[seq&(ringSize-1)]
	if s.passed(seq) || sl.packet != nil {
		return
	}
	sl.packet, sl.index = g, i
	g.waiting++
	s.waiting++
}

// remember takes note of packets of a segment that only the coding gave, a bit each, on links that are not known.
func (s *stream) remember(g *segment, saved uint8) {
	for i := range g.k {
		if saved>>i&1 != 0 {
			s.slots[g.seq[i]&(ringSize-1)].saved = g.seq[i]
		}
	}
}

// recall tells, once, whether that packet is one of those.
func (s *stream) recall(seq int64) bool {
	sl := &s.slots[seq&(ringSize-1)]
	if sl.saved != seq {
		return false
	}
	sl.saved = 0
	return true
}

// crowded tells whether a segment of that number has no place before the gap in the order is given up.
func (s *stream) crowded(number int64) bool {
	return s.begun && s.waiting > 0 && number+reach-s.next >= ringSize
}

// begin starts the release with the lowest segment seen.
func (s *stream) begin() {
	s.begun, s.hole, s.next = true, true, s.ref+1
	for _, g := range s.open {
		s.next = min(s.next, g.number)
	}
}

// take appends the packets whose turn it is to dst.
func (s *stream) take(dst []released) []released {
	for {
		sl := &s.slots[s.next&(ringSize-1)]
		if g := sl.packet; g != nil && g.seq[sl.index] == s.next {
			dst = append(dst, released{g, sl.index, s.hole})
			s.tail, s.tailAt, s.hole = g, sl.index, false
			sl.packet = nil
			s.waiting--
			s.next++
			continue
		}
		// Neighbours within a segment follow each other whatever their numbers: what lies between them was lost
		// before the rig coded it.
		if g, i := s.tail, s.tailAt+1; g != nil && i < g.k && g.sources()>>i&1 != 0 && g.seq[i] > s.next {
			s.next, s.hole = min(g.seq[i], s.firstWaiting()), true
			continue
		}
		return dst
	}
}

// gap returns when the wait for the packet that is next ends, and how far the order then moves on; false where nothing
// waits for it. The deadline is that of the segment it is missing from, which is known where the segment is open, or
// where a packet waits whose segment began before; else that of the first later segment to have arrived. The order
// moves on as little as that allows: to the end of the segment, or to what waits or begins next.
func (s *stream) gap(budget time.Duration) (deadline time.Duration, to int64, ok bool) {
	to = s.firstWaiting()
	if cover := s.covering(s.next); cover != nil {
		return cover.first + budget, min(cover.number+int64(cover.k), to), true
	}
	if s.waiting > 0 {
		if g := s.slots[to&(ringSize-1)].packet; g.number <= s.next {
			return g.first + budget, to, true // what is missing lies within its segment
		}
	}
	if s.ref < s.next { // nothing beyond has come
		return 0, to, false
	}
	for _, g := range s.open {
		if g.number <= s.next {
			continue
		}
		if !ok || g.first+budget < deadline {
			deadline, ok = g.first+budget, true
		}
		to = min(to, g.number)
	}
	return deadline, to, ok
}

// covering returns the open segment that the packet of that sequence number is missing from.
func (s *stream) covering(seq int64) *segment {
	for number := seq; number > seq-isc.MaxSources; number-- {
		for g := s.slots[number&(ringSize-1)].segments; g != nil; g = g.rival {
			if g.number == number && number+int64(g.k) > seq {
				return g
			}
		}
	}
	return nil
}

// firstWaiting returns the lowest sequence number beyond next whose packet waits, or never.
func (s *stream) firstWaiting() int64 {
	if s.waiting == 0 {
		return never
	}
	seq := s.next + 1
	for s.slots[seq&(ringSize-1)].packet == nil {
		seq++
	}
	return seq
}

// skip gives up what is missing before to and returns how many packets that is.
func (s *stream) skip(to int64) (lost int) {
	lost = int(to - s.next)
	s.next, s.hole, s.tail = to, true, nil
	return lost
}

// end makes all that still comes late. All that waited must have been released.
func (s *stream) end() { s.ended, s.next, s.open = true, max(s.next, s.ref+1), nil }
