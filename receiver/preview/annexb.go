package preview

import "bytes"

// NAL unit types (ITU-T H.264, table 7-1).
const (
	nalSPS = 7
	nalPPS = 8
)

// maxParams is how many parameter sets of each kind are remembered; the oldest go first.
const maxParams = 16

// delimiter is an access unit delimiter with its start code (ITU-T H.264, section 7.3.2.4): any kind of picture.
var delimiter = []byte{0, 0, 0, 1, 9, 0xf0}

// params are the parameter sets in force.
type params struct {
	sps, pps [][]byte
}

// remember keeps the parameter sets of a unit and reports whether it brings a whole set of its own. An SPS replaces
// all before it; a PPS alone joins those that are known.
func (p *params) remember(nalus [][]byte) bool {
	var sps, pps [][]byte
	for _, n := range nalus {
		if len(n) == 0 {
			continue
		}
		switch n[0] & 0x1f {
		case nalSPS:
			sps = addParam(sps, n)
		case nalPPS:
			pps = addParam(pps, n)
		}
	}
	switch {
	case len(sps) > 0 && len(pps) > 0:
		p.sps, p.pps = sps, pps
		return true
	case len(sps) > 0:
		p.sps = sps
	}
	for _, n := range pps {
		p.pps = addParam(p.pps, n)
	}
	return false
}

// addParam appends a parameter set that is not the same as the last one.
func addParam(sets [][]byte, n []byte) [][]byte {
	for i, s := range sets {
		if bytes.Equal(s, n) {
			sets = append(sets[:i], sets[i+1:]...)
			break
		}
	}
	if len(sets) == maxParams {
		sets = sets[1:]
	}
	return append(sets, n)
}

// complete tells whether decoding can begin with these.
func (p *params) complete() bool { return len(p.sps) > 0 && len(p.pps) > 0 }

// append appends all of them to dst as an Annex B stream.
func (p *params) append(dst []byte) []byte {
	return appendAnnexB(appendAnnexB(dst, p.sps), p.pps)
}

// appendAnnexB appends NAL units, each after a start code (ITU-T H.264, annex B.1). Empty ones are left out.
func appendAnnexB(dst []byte, nalus [][]byte) []byte {
	for _, n := range nalus {
		if len(n) > 0 {
			dst = append(append(dst, 0, 0, 0, 1), n...)
		}
	}
	return dst
}
