package rig

import (
	"encoding/binary"
	"time"
)

// pictures knows when the next picture is to be expected: encoders make them at a steady rate, and give all packets of
// one at once.
type pictures struct {
	known     bool
	timestamp uint32        // of the present one, in RTP
	began     time.Time     // when its first packet came
	interval  time.Duration // between the last two, and between the two before
	before    time.Duration
}

// push takes note of an RTP packet that came at now.
func (p *pictures) push(packet []byte, now time.Time) {
	if len(packet) < rtpHeaderSize {
		return
	}
	timestamp := binary.BigEndian.Uint32(packet[4:])
	if p.known && timestamp == p.timestamp {
		return
	}
	if p.known {
		p.before, p.interval = p.interval, now.Sub(p.began)
	}
	p.known, p.timestamp, p.began = true, timestamp, now
}

// next returns when the first packet of the next picture is to be expected, at the earliest.
func (p *pictures) next() time.Time { return p.began.Add(min(p.interval, p.before)) }

// isLast tells whether an RTP packet is the last of its picture (RFC 6184, section 5.1).
func isLast(packet []byte) bool { return len(packet) >= rtpHeaderSize && packet[1]&0x80 != 0 }
