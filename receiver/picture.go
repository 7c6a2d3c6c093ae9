package receiver

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// picture is what the stream's parameter sets say, and what came of pictures.
type picture struct {
	sps           []byte
	width, height int
	idr           bool // an IDR unit has been released in this run of the sender
	run           int
}

const naluSPS = 7 // H.264, table 7-1

// see takes note of an access unit.
func (p *picture) see(unit *media.AccessUnit) {
	if unit.Run != p.run {
		p.run, p.idr = unit.Run, false
	}
	if !unit.IDR {
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
	p.idr = p.idr || p.width > 0
}
