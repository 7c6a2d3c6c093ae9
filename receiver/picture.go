package receiver

import (
	"bytes"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// picture is what the stream's parameter sets say, and what came of pictures.
type picture struct {
	sps           []byte
	width, height int
	shown         time.Duration // when the last access unit was released

	run     int
	since   time.Duration // when its first packet was released
	clock   clock
	idr     bool   // an IDR unit has been released in this run of the sender
	packets uint64 // that were released before it
	kinds   uint32 // of NAL units that began in them, a bit each
}

// Kinds of NAL units (H.264, table 7-1, and RFC 6184, table 1).
const (
	naluIDR   = 5
	naluSPS   = 7
	naluPPS   = 8
	naluSTAPA = 24
	naluFUA   = 28
)

// packet takes note of an RTP packet of a stream, in order: of its time and, while there is no picture, of what is in
// it.
func (p *picture) packet(at time.Duration, s *stream, arrival time.Time, payload []byte) {
	if s.run != p.run {
		*p = picture{sps: p.sps, width: p.width, height: p.height, shown: p.shown, run: s.run, since: at}
	}
	p.clock.see(at, s.time, arrival)
	if p.idr {
		return
	}
	p.packets++
	if len(payload) < 2 {
		return
	}
	switch kind := payload[0] & 0x1F; {
	case kind == naluSTAPA:
		for b := payload[1:]; len(b) > 2; {
			p.kinds |= 1 << (b[2] & 0x1F)
			b = b[min(2+int(b[0])<<8+int(b[1]), len(b)):]
		}
	case kind != naluFUA:
		p.kinds |= 1 << kind
	case payload[1]&0x80 != 0: // its start
		p.kinds |= 1 << (payload[1] & 0x1F)
	}
}

// has tells whether such a NAL unit began in the packets that came before there was a picture.
func (p *picture) has(kind int) bool { return p.kinds>>kind&1 != 0 }

// see takes note of an access unit.
func (p *picture) see(at time.Duration, unit *media.AccessUnit) {
	p.shown = at
	if unit.Run != p.run {
		return
	}
	for _, nalu := range unit.NALUs {
		if nalu[0]&0x1F != naluSPS || bytes.Equal(nalu, p.sps) {
			continue
		}
		var sps h264.SPS
		if err := sps.Unmarshal(nalu); err != nil {
			continue // no size is known then, which the snapshot shows
		}
		p.sps, p.width, p.height = nalu, sps.Width(), sps.Height()
	}
	p.idr = p.idr || unit.IDR && p.width > 0
}

// jump is by how much RTP time must go another way than the clock does to be a jump, however long packets are held.
const jump = 5 * time.Second

// clock follows the RTP time of one run against the clock that its packets arrived at.
type clock struct {
	known    bool
	time     int64
	arrival  time.Time
	jumps    int
	jumpedAt time.Duration
	jumpedBy time.Duration
}

// see takes note of a packet's time.
func (c *clock) see(at time.Duration, rtpTime int64, arrival time.Time) {
	if !c.known {
		c.known, c.time, c.arrival = true, rtpTime, arrival
		return
	}
	if rtpTime == c.time {
		return
	}
	by := time.Duration(rtpTime-c.time)*time.Second/media.ClockRate - arrival.Sub(c.arrival)
	if by > jump || by < -jump {
		c.jumps++
		c.jumpedAt, c.jumpedBy = at, by
	}
	c.time, c.arrival = rtpTime, arrival
}
