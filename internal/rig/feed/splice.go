package feed

import (
	"encoding/binary"
	"time"
)

// clock is the rate of the RTP timestamps of video (RFC 6184, section 8.1).
const clock = 90_000

// Splice makes one stream of those of one child after the other: SSRC and sequence numbers go on, and timestamps as the
// time does, so that a receiver sees no more than a pause. The zero value is ready; it is not safe for concurrent use.
type Splice struct {
	began    bool
	ssrc     uint32 // of the stream that is sent
	current  uint32 // of the child
	before   uint32 // of the child before
	sequence uint16 // what is added
	stamp    uint32
	last     struct {
		sequence uint16
		stamp    uint32
		at       time.Time
	}
}

// Pass changes an RTP packet that came at now to be the next of the stream. It returns false for packets of a child
// whose successor is sending; packet must be RTP.
func (s *Splice) Pass(packet []byte, now time.Time) bool {
	ssrc := binary.BigEndian.Uint32(packet[8:])
	sequence, stamp := binary.BigEndian.Uint16(packet[2:]), binary.BigEndian.Uint32(packet[4:])
	switch {
	case !s.began:
		s.began, s.ssrc, s.current, s.before = true, ssrc, ssrc, ssrc
	case ssrc == s.current:
	case ssrc == s.before:
		return false
	default:
		s.before, s.current = s.current, ssrc
		s.sequence = s.last.sequence + 1 - sequence
		s.stamp = s.last.stamp + uint32(uint64(now.Sub(s.last.at).Seconds()*clock)) - stamp
	}
	sequence += s.sequence
	stamp += s.stamp
	binary.BigEndian.PutUint16(packet[2:], sequence)
	binary.BigEndian.PutUint32(packet[4:], stamp)
	binary.BigEndian.PutUint32(packet[8:], s.ssrc)
	s.last.sequence, s.last.stamp, s.last.at = sequence, stamp, now
	return true
}
