package receiver

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// sequence numbers and segment numbers are unwrapped to 64 bits where they come in; nothing compares 16-bit ones.

// segment is what has arrived of one segment: packets whose number, lengths and redundancy agree and whose sources
// agree in SSRC and payload type. It owns the memory of its packets.
type segment struct {
	number int64 // the sequence number of its first source packet; on probation still the 16-bit one
	header isc.Header
	k      int
	first  time.Duration // when its first datagram arrived

	identity isc.Identity // of its sources; not Known while there are none
	seq      [isc.MaxSources]int64

	received  uint8  // a bit for each source that arrived
	rows      uint16 // a bit for each parity row that arrived
	recovered uint8  // a bit for each source that the coding rebuilt
	rebuilt   uint8  // a bit for each one that was released so
	source    [isc.MaxSources]*inbox.Datagram
	parity    [isc.MaxParity]*inbox.Datagram
	perLink   []uint8 // datagrams that arrived, by link

	waiting  int      // source packets that are there and not released yet
	rival    *segment // another one with the same number
	deferred bool     // it could have been decoded when there was no room, or too much to decode

	// Of a segment on probation:
	links[segment]         // in its sender's list
	owner          *sender // whose it is; nil in a stream
	accounted      int     // datagrams that its sender's accounts have of it
	anew           bool    // it looks like the first of a new run of the stream that is followed
}

// sourceBytes are the bytes of a segment's source packets.
type sourceBytes = [isc.MaxSources][]byte

// rtpIdentity reads what identifies a stream from an RTP packet of at least 12 bytes (RFC 3550, section 5.1).
func rtpIdentity(rtp []byte) isc.Identity {
	return isc.Identity{SSRC: binary.BigEndian.Uint32(rtp[8:]), PayloadType: rtp[1] & 0x7F, Known: true}
}

func rtpSequence(rtp []byte) uint16 { return binary.BigEndian.Uint16(rtp[2:]) }

// unwrap returns the number nearest to ref whose low 16 bits are low.
func unwrap(ref int64, low uint16) int64 { return ref + int64(int16(low-uint16(ref))) }

// matches tells whether a datagram with that header belongs to the segment as far as the header can tell.
func (s *segment) matches(h *isc.Header) bool {
	return s.header.Segment == h.Segment && s.header.Redundancy == h.Redundancy && s.header.Lengths == h.Lengths
}

// has tells whether the datagram with that header arrived before.
func (s *segment) has(h *isc.Header) bool {
	if h.IsParity() {
		return s.rows>>h.Row()&1 != 0
	}
	return s.received>>h.Number&1 != 0
}

// sources returns a bit for each source packet that is there, as received or rebuilt.
func (s *segment) sources() uint8 { return s.received | s.recovered }

// complete tells whether all source packets are there.
func (s *segment) complete() bool { return bits.OnesCount8(s.sources()) == s.k }

// verified tells that a source packet of it is there, so that it is more than what a stranger's header says.
func (s *segment) verified() bool { return s.identity.Known }

// placeable tells whether a source packet may stand at index i by its sequence number: the first one has the number of
// the segment, and they rise strictly and not too far.
func (s *segment) placeable(i int, low uint16) bool {
	seq := unwrap(s.number, low)
	if seq < s.number+int64(i) || seq > s.number+reach || i == 0 && seq != s.number {
		return false
	}
	there := s.sources()
	for j := range s.k {
		if there>>j&1 != 0 && (j < i && seq <= s.seq[j] || j > i && seq >= s.seq[j]) {
			return false
		}
	}
	return true
}

// addSource takes source packet i, which must be placeable and not there yet in any form.
func (s *segment) addSource(i int, d *inbox.Datagram) {
	s.received |= 1 << i
	s.perLink[d.Link]++
	s.identity = rtpIdentity(d.Payload)
	s.seq[i] = unwrap(s.number, rtpSequence(d.Payload))
	s.source[i] = d
}

// addParity takes the parity packet of a row.
func (s *segment) addParity(row int, d *inbox.Datagram) {
	s.rows |= 1 << row
	s.perLink[d.Link]++
	s.parity[row] = d
}

// forget drops source packet i if the coding rebuilt it, so that the received one can take its place. The rebuilt one
// must not have been offered for release.
func (s *segment) forget(i int, mem *memory) {
	if s.recovered>>i&1 != 0 {
		mem.put(s.source[i])
		s.source[i] = nil
		s.recovered &^= 1 << i
	}
}

// recover rebuilds the missing sources if they and the parity that arrived suffice, and returns a bit for each one
// rebuilt. Where the segment has no source of its own, the rebuilt ones need only agree with each other: whose they are
// is in identity. The parity is that of a segment with the same header, this one or another; packets that cannot belong
// to the segment go to drop, if that is not nil.
func (s *segment) recover(
	now time.Time, parity *segment, dec *decoding, mem *memory, drop func(*inbox.Datagram),
) (rebuilt uint8) {
	missing := ^s.sources() & uint8(1<<s.k-1)
	s.deferred = false
	for missing != 0 && bits.OnesCount8(missing) <= bits.OnesCount16(parity.rows) {
		if mem.full() || !dec.allows(now, bits.OnesCount8(missing)*s.k*s.header.Longest()) {
			s.deferred = true
			return 0
		}
		data := isc.Segment{Number: s.header.Segment, Lengths: s.header.Lengths}
		var memory [isc.MaxSources]*inbox.Datagram
		var dst sourceBytes
		for i := range s.k {
			if missing>>i&1 == 0 {
				data.Sources[i] = s.source[i].Payload
				continue
			}
			memory[i] = mem.get(int(s.header.Lengths[i]))
			dst[i] = memory[i].Buffer()[:s.header.Lengths[i]]
		}
		for row, d := range parity.parity {
			if d != nil {
				data.Parity[row] = d.Payload
			}
		}
		used, err := dec.Recover(&data, s.identity, &dst)
		if err == nil && s.spans(&dst) {
			s.adopt(now, missing, &memory, &dst)
			return missing
		}
		for _, d := range memory {
			if d != nil {
				mem.put(d)
			}
		}
		if drop == nil || errors.Is(err, isc.ErrNotYet) {
			return 0
		}
		parity.dropRows(used, drop)
	}
	return 0
}

// spans tells whether the sequence numbers of rebuilt packets are within reach of the segment's.
func (s *segment) spans(rebuilt *sourceBytes) bool {
	for _, rtp := range rebuilt {
		if rtp != nil && unwrap(s.number, rtpSequence(rtp)) > s.number+reach {
			return false
		}
	}
	return true
}

// adopt takes over the rebuilt packets.
func (s *segment) adopt(now time.Time, rebuilt uint8, memory *[isc.MaxSources]*inbox.Datagram, dst *sourceBytes) {
	for i := range s.k {
		if rebuilt>>i&1 == 0 {
			continue
		}
		d := memory[i]
		d.Payload, d.Arrival = dst[i], now
		s.source[i] = d
		s.seq[i] = unwrap(s.number, rtpSequence(dst[i]))
		s.identity = rtpIdentity(dst[i])
	}
	s.recovered |= rebuilt
}

// dropRows forgets parity rows that failed the checks, so that a later copy of them is taken.
func (s *segment) dropRows(rows uint16, drop func(*inbox.Datagram)) {
	for row := range isc.MaxParity {
		if rows>>row&1 != 0 {
			s.perLink[s.parity[row].Link]--
			drop(s.parity[row])
			s.parity[row] = nil
			s.rows &^= 1 << row
		}
	}
}

// claim takes over the parity packets that it lacks of another segment with the same header.
func (s *segment) claim(other *segment) {
	for row, d := range other.parity {
		if d != nil && s.rows>>row&1 == 0 {
			s.addParity(row, d)
			other.parity[row] = nil
			other.rows &^= 1 << row
		}
	}
}

// sent returns the timestamp in the header of source packet i or, if it was rebuilt, of parity, which is sent after it.
func (s *segment) sent(i int) (timestamp uint16) {
	if s.received>>i&1 != 0 {
		return s.source[i].Timestamp
	}
	for _, d := range s.parity {
		if d != nil {
			timestamp = d.Timestamp
		}
	}
	return timestamp
}

// cost returns what the datagrams cost that the segment holds, those that were rebuilt among them.
func (s *segment) cost() (bytes int) {
	for _, d := range s.source {
		if d != nil {
			bytes += d.Cost()
		}
	}
	for _, d := range s.parity {
		if d != nil {
			bytes += d.Cost()
		}
	}
	return bytes
}

// move renumbers the segment so that its first source packet has that sequence number.
func (s *segment) move(number int64) {
	delta := number - s.number
	s.number = number
	for i := range s.seq {
		s.seq[i] += delta
	}
}

// arrived yields each datagram that arrived and is kept, and whether it is parity.
func (s *segment) arrived(yield func(d *inbox.Datagram, parity bool) bool) {
	for i, d := range s.source {
		if d != nil && s.recovered>>i&1 == 0 && !yield(d, false) {
			return
		}
	}
	for _, d := range s.parity {
		if d != nil && !yield(d, true) {
			return
		}
	}
}

// release hands the segment's memory to free.
func (s *segment) release(free func(*inbox.Datagram)) {
	s.releaseParity(free)
	for i, d := range s.source {
		if d != nil {
			free(d)
			s.source[i] = nil
		}
	}
}

// releaseParity hands the memory of its parity to free, which a segment that is complete has no use for.
func (s *segment) releaseParity(free func(*inbox.Datagram)) {
	for i, d := range s.parity {
		if d != nil {
			free(d)
			s.parity[i] = nil
		}
	}
}

// segmentPool recycles segments of one pipeline.
type segmentPool struct {
	free  []*segment
	open  int // in use
	links int
}

func (p *segmentPool) get(h *isc.Header, number int64, first time.Duration) *segment {
	var s *segment
	p.open++
	if n := len(p.free); n > 0 {
		s, p.free = p.free[n-1], p.free[:n-1]
	} else {
		s = &segment{perLink: make([]uint8, p.links)}
	}
	clear(s.perLink)
	*s = segment{number: number, header: *h, k: h.Sources(), first: first, perLink: s.perLink}
	return s
}

func (p *segmentPool) put(s *segment) {
	p.open--
	if len(p.free) < maxSpareSegments {
		p.free = append(p.free, s)
	}
}

// maxSpareSegments bounds the segments kept for reuse: as many as are open within a second at 8 Mb/s.
const maxSpareSegments = 512
