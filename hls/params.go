package hls

import (
	"bytes"
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/bits"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

const (
	maxParameterSet  = 4096 // bytes; real ones have some tens, or some hundreds with scaling lists
	maxParameterSets = 32
)

// parameterSets are the latest SPS and PPS of a stream, one for each type and id, SPS first (RFC 6184, section 8.4).
// The zero value is empty. It is a value: replacing one makes a new slice.
type parameterSets struct {
	sets []parameterSet
}

type parameterSet struct {
	kind h264.NALUType
	id   uint32
	nalu []byte
}

// update takes over the parameter sets of a unit. Those that cannot be read are left out.
func (p *parameterSets) update(nalus [][]byte) {
	for _, nalu := range nalus {
		set, ok := parseParameterSet(nalu)
		if !ok {
			continue
		}
		i, found := slices.BinarySearchFunc(p.sets, set, func(a, b parameterSet) int {
			if a.kind != b.kind {
				return int(a.kind) - int(b.kind)
			}
			return int(a.id) - int(b.id)
		})
		switch {
		case found && bytes.Equal(p.sets[i].nalu, nalu):
		case found:
			p.sets = slices.Clone(p.sets)
			p.sets[i] = set
		case len(p.sets) < maxParameterSets:
			p.sets = slices.Insert(slices.Clone(p.sets), i, set)
		}
	}
}

// complete tells whether there are both an SPS and a PPS.
func (p *parameterSets) complete() bool {
	n := len(p.sets)
	return n > 0 && p.sets[0].kind == h264.NALUTypeSPS && p.sets[n-1].kind == h264.NALUTypePPS
}

// equal tells whether decoders that were set up with one could go on with the other.
func (p *parameterSets) equal(q *parameterSets) bool {
	return slices.EqualFunc(p.sets, q.sets, func(a, b parameterSet) bool {
		return a.kind == b.kind && a.id == b.id && bytes.Equal(a.nalu, b.nalu)
	})
}

// sps returns the SPS that gohlslib goes by, the last one, decoded. They must be complete.
func (p *parameterSets) sps() (h264.SPS, error) {
	var sps h264.SPS
	last := len(p.sets) - 1
	for p.sets[last].kind != h264.NALUTypeSPS {
		last--
	}
	err := sps.Unmarshal(p.sets[last].nalu)
	return sps, err
}

// inFront returns the NAL units of an IDR unit with all parameter sets in front, each once.
func (p *parameterSets) inFront(nalus [][]byte) [][]byte {
	out := make([][]byte, 0, len(p.sets)+len(nalus))
	for _, set := range p.sets {
		out = append(out, set.nalu)
	}
	for _, nalu := range nalus {
		if _, ok := parseParameterSet(nalu); !ok {
			out = append(out, nalu)
		}
	}
	return out
}

// parseParameterSet reads type and id of an SPS or PPS (ITU-T H.264, 7.3.2.1.1 and 7.3.2.2).
func parseParameterSet(nalu []byte) (parameterSet, bool) {
	set := parameterSet{kind: naluType(nalu), nalu: nalu}
	pos := 8
	switch set.kind {
	case h264.NALUTypeSPS:
		pos += 24 // profile, constraints, level
	case h264.NALUTypePPS:
	default:
		return set, false
	}
	if len(nalu) > maxParameterSet || len(nalu)*8 < pos {
		return set, false
	}
	var err error
	set.id, err = bits.ReadGolombUnsigned(nalu, &pos)
	return set, err == nil && set.id < 256
}

// plausible tells whether an SPS can be read and says nothing impossible that gohlslib would believe: that counts have
// no bits, or too many (ITU-T H.264, 7.4.2.1.1). A slice that ends there would make it panic.
func plausible(nalu []byte) bool {
	var sps h264.SPS
	return sps.Unmarshal(nalu) == nil && sps.Log2MaxFrameNumMinus4 <= 12 && sps.Log2MaxPicOrderCntLsbMinus4 <= 12
}

// videoUnit returns the NAL units that belong into a file or segment, without empty ones, access unit delimiters, end
// markers, filler and impossible SPS, and whether there is a picture among them and whether it is an IDR picture.
func videoUnit(nalus [][]byte) (kept [][]byte, picture, idr bool) {
	kept = make([][]byte, 0, len(nalus))
	for _, nalu := range nalus {
		if len(nalu) == 0 {
			continue
		}
		switch naluType(nalu) {
		case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeEndOfSequence, h264.NALUTypeEndOfStream,
			h264.NALUTypeFillerData:
			continue
		case h264.NALUTypeSPS:
			if !plausible(nalu) {
				continue
			}
		case h264.NALUTypeIDR:
			picture, idr = true, true
		case h264.NALUTypeNonIDR:
			picture = true
		}
		kept = append(kept, nalu)
	}
	return kept, picture, idr
}

func naluType(nalu []byte) h264.NALUType {
	if len(nalu) == 0 {
		return 0
	}
	return h264.NALUType(nalu[0] & 0x1F)
}

func isSPS(nalu []byte) bool { return naluType(nalu) == h264.NALUTypeSPS }
