// Package depacket puts the access units of an H.264 stream together from its RTP packets (RFC 6184): single NAL unit
// packets, STAP-A and FU-A.
//
// Only whole units come out, each with a picture. A hole in the sequence drops each unit that it touches: the one being
// put together, and the one after the hole unless its beginning is plainly there. NAL units that end with a marker or a
// time of their own before there is a picture, as some cameras send parameter sets, go in front of the next one.
package depacket

import (
	"bytes"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// Ceilings on one access unit: what is larger is dropped. A 4K intra picture stays well below.
const (
	maxUnitBytes = 8 << 20
	maxUnitNALUs = 1024
)

// NAL unit types (RFC 6184, section 5.2, table 1, and H.264, table 7-1).
const (
	typeSlice  = 1
	typeIDR    = 5
	typeSPS    = 7
	typeAUD    = 9
	typeLast   = 23 // of the types that stand for themselves
	typeSTAPA  = 24
	typeFUA    = 28
	typeMask   = 0x1F
	fuStart    = 0x80
	fuEnd      = 0x40
	headerBits = 0xE0 // F and NRI
)

// Packet is one RTP packet, in order.
type Packet struct {
	Payload []byte    // without RTP header and padding; not kept
	Time    int64     // RTP timestamp, unwrapped
	Marker  bool      // RTP marker bit: the last packet of an access unit
	Hole    bool      // packets are missing right before this one
	Run     int       // see media.AccessUnit
	Arrival time.Time // see media.AccessUnit
}

// Depacketizer is the state for one stream. The zero value is ready; it is not safe for concurrent use.
type Depacketizer struct {
	// Freeze holds back the units between a hole and the next IDR unit, instead of marking them damaged.
	Freeze bool

	// Dropped counts the packets that belonged to no whole unit, or had a form that is not supported.
	Dropped uint64

	unit    unit
	skip    bool   // drop what comes until the unit in progress is over
	damaged bool   // no IDR unit has come since the last hole
	hole    bool   // there was a hole since the last unit that came out
	empty   bool   // nothing but empty packets has come since the last hole
	begins  uint32 // NAL unit types that whole units have begun with, a bit each
	size    int    // the last unit's bytes, a guess for the next
}

// unit is an access unit in progress.
type unit struct {
	started    bool
	data       []byte
	ends       []int // the end of each NAL unit in data
	time       int64
	run        int
	arrival    time.Time
	picture    bool // there is a slice
	idr        bool
	fragmented bool // an FU-A is in progress
	packets    uint64
}

// Damaged tells whether packets were lost since the last IDR unit.
func (d *Depacketizer) Damaged() bool { return d.damaged }

// Push takes the next packet in order and appends the units that it completes, at most two, to dst.
func (d *Depacketizer) Push(dst []media.AccessUnit, p Packet) []media.AccessUnit {
	if p.Hole {
		d.breakOff(p)
	}
	another := p.Time != d.unit.time || p.Run != d.unit.run
	if d.unit.started && another {
		dst = d.finish(dst) // its marker is missing: RFC 6184, section 5.1, lets the timestamp decide
		d.unit.time, d.unit.arrival = p.Time, p.Arrival
	}
	d.skip = d.skip && !another && !(d.empty && d.beginsUnit(p.Payload))
	d.empty = d.empty && len(p.Payload) == 0
	if d.skip {
		d.Dropped++
		d.skip = !p.Marker
		return dst
	}
	if !d.unit.started {
		if len(p.Payload) == 0 {
			return dst // some senders keep a stream alive with empty packets, which belong to no unit
		}
		d.unit = unit{
			started: true, time: p.Time, run: p.Run, arrival: p.Arrival, ends: d.unit.ends[:0],
			data: make([]byte, 0, d.size+d.size/4+len(p.Payload)),
		}
	}
	d.unit.packets++
	if !d.unit.add(p.Payload) {
		d.drop(p)
	} else if p.Marker {
		dst = d.finish(dst)
	}
	return dst
}

// breakOff drops what a hole before p touches.
func (d *Depacketizer) breakOff(p Packet) {
	if d.unit.started {
		d.Dropped += d.unit.packets
		d.unit.started = false
	}
	if p.Run != d.unit.run {
		d.begins = 0 // another run may be another encoder's
	}
	d.hole, d.damaged = true, true
	d.skip = !d.beginsUnit(p.Payload)
	d.empty = len(p.Payload) == 0
	d.unit.time, d.unit.run = p.Time, p.Run
}

// drop gives up the unit in progress, of which p is part.
func (d *Depacketizer) drop(p Packet) {
	d.Dropped += d.unit.packets
	d.unit.started = false
	d.hole, d.damaged = true, true
	d.skip = !p.Marker
}

// beginsUnit tells whether a packet's payload is plainly the beginning of an access unit: it begins with an access
// unit delimiter or parameter set (H.264, section 7.4.1.2.3), or with a picture's first slice where the stream's
// units begin with slices.
func (d *Depacketizer) beginsUnit(payload []byte) bool {
	nalu := payload
	if len(payload) > 3 && payload[0]&typeMask == typeSTAPA {
		nalu = payload[3:]
	}
	if len(nalu) < 2 {
		return false
	}
	kind, slice := nalu[0]&typeMask, nalu[1:]
	if kind == typeFUA {
		if nalu[1]&fuStart == 0 || len(nalu) < 3 {
			return false
		}
		kind, slice = nalu[1]&typeMask, nalu[2:]
	}
	switch {
	case kind == typeAUD || kind == typeSPS:
		return true
	case kind >= typeSlice && kind <= typeIDR:
		firstInPicture := slice[0]&0x80 != 0 // first_mb_in_slice is 0 (H.264, section 7.3.3)
		return firstInPicture && d.begins&(1<<kind) != 0
	default:
		return false
	}
}

// finish hands out the unit in progress, if it is whole. One without a picture goes on.
func (d *Depacketizer) finish(dst []media.AccessUnit) []media.AccessUnit {
	u := &d.unit
	if len(u.ends) > 0 && !u.picture && !u.fragmented {
		return dst
	}
	u.started = false
	if u.fragmented || len(u.ends) == 0 {
		d.Dropped += u.packets
		d.hole, d.damaged = true, true
		return dst
	}
	d.size = len(u.data)
	if cap(u.data) > 2*d.size { // the one before was much larger, and somebody may keep this one
		u.data = bytes.Clone(u.data)
	}
	nalus := make([][]byte, len(u.ends))
	start := 0
	for i, end := range u.ends {
		nalus[i] = u.data[start:end:end]
		start = end
	}
	d.begins |= 1 << (nalus[0][0] & typeMask)
	if u.idr {
		d.damaged = false
	}
	if d.damaged && d.Freeze {
		return dst
	}
	dst = append(dst, media.AccessUnit{
		NALUs: nalus, Time: u.time, Run: u.run, Arrival: u.arrival,
		IDR: u.idr, Damaged: d.damaged, Hole: d.hole,
	})
	d.hole = false
	return dst
}

// add puts a packet's NAL units into the unit. It returns false where the packet's form is broken or not supported.
func (u *unit) add(payload []byte) bool {
	if len(payload) == 0 {
		return true
	}
	if len(u.data)+len(payload) > maxUnitBytes {
		return false
	}
	kind := payload[0] & typeMask
	if kind == typeFUA {
		return u.addFragment(payload)
	}
	if u.fragmented {
		return false
	}
	if kind == typeSTAPA {
		return u.addAggregate(payload[1:])
	}
	return u.addNALU(payload)
}

// addAggregate takes the NAL units of a STAP-A (RFC 6184, section 5.7.1).
func (u *unit) addAggregate(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 2 {
			return b[0] == 0 // some senders pad with zeros
		}
		size := int(b[0])<<8 | int(b[1])
		b = b[2:]
		if size > len(b) || size > 0 && !u.addNALU(b[:size]) {
			return false
		}
		b = b[size:]
	}
	return true
}

// addFragment takes an FU-A (RFC 6184, section 5.8). One that is both start and end is against the rules, but some
// cameras send it.
func (u *unit) addFragment(payload []byte) bool {
	if len(payload) < 2 {
		return false
	}
	indicator, header, b := payload[0], payload[1], payload[2:]
	switch start := header&fuStart != 0; {
	case start == u.fragmented, start && !u.takes(header):
		return false
	case start:
		u.fragmented = true
		u.data = append(u.data, indicator&headerBits|header&typeMask)
	}
	u.data = append(u.data, b...)
	if header&fuEnd != 0 {
		u.fragmented = false
		u.end()
	}
	return true
}

func (u *unit) addNALU(nalu []byte) bool {
	if !u.takes(nalu[0]) {
		return false
	}
	u.data = append(u.data, nalu...)
	u.end()
	return true
}

// takes tells whether there is room for one more NAL unit, and its type, in the low bits of header, is one that stands
// for itself.
func (u *unit) takes(header byte) bool {
	kind := header & typeMask
	return kind != 0 && kind <= typeLast && len(u.ends) < maxUnitNALUs
}

// end closes the NAL unit that data ends with.
func (u *unit) end() {
	start := 0
	if n := len(u.ends); n > 0 {
		start = u.ends[n-1]
	}
	kind := u.data[start] & typeMask
	u.picture = u.picture || kind <= typeIDR
	u.idr = u.idr || kind == typeIDR
	u.ends = append(u.ends, len(u.data))
}
