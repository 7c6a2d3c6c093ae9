package isc

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// Reasons why Recover gave nothing back, as they are.
var (
	// ErrNotYet says that the parity here is not enough: too few rows, or only singular minors among them.
	ErrNotYet = errors.New("isc: not enough independent parity")
	// ErrInconsistent says that the packets cannot belong together: what they give is no whole number that fits, or not
	// the RTP packets of this segment.
	ErrInconsistent = errors.New("isc: packets do not belong together")
	// ErrBuffer says that a destination is too small.
	ErrBuffer = errors.New("isc: destination too small")
)

// Segment is what has arrived of one segment. The packets are references: they stay the caller's, who must not change
// them while they are being decoded. nil is a packet that has not arrived.
type Segment struct {
	Number  uint16             // RTP sequence number of the first source
	Lengths [MaxSources]uint16 // as in the header
	Sources [MaxSources][]byte // RTP packets, of Lengths[i] bytes
	Parity  [MaxParity][]byte  // payloads of parity rows, with or without leading zeros
}

// Identity says which RTP stream a channel carries. It is what recovered packets must match where no source of their
// segment arrived.
type Identity struct {
	SSRC        uint32
	PayloadType uint8
	Known       bool // false: any stream goes
}

// Decoder gives lost sources back. The zero value is ready. It holds working memory only, nothing of a segment, and is
// not safe for concurrent use.
type Decoder struct {
	minor  minor
	right  [MaxSources]sums
	result [MaxSources][maxDigits]byte
}

// Recover solves for all sources of seg that are missing and writes each into dst[i][:Lengths[i]], where dst[i] is the
// caller's, of that capacity at least. It uses as many parity rows as sources are missing, no more; used has a bit for
// each row that took part, 1<<0 for row 0. With nothing missing it returns 0 and nil.
//
// dst is written only when err is nil. Otherwise err is one of these, as it is:
//
//   - ErrNotYet: wait for another packet.
//   - ErrInconsistent: the rows in used are to be dropped, since some packet here is not of this segment. There is one
//     solve in each call, with the lowest rows that are independent: if others are left, call again without those used.
//   - ErrSources, ErrLength, ErrPayload, ErrBuffer: the caller's mistake: lengths that Parse would have refused,
//     a source that has another length, a destination too small. used is 0.
//
// What passes is whole numbers, checked to be RTP version 2 with the SSRC and payload type of the segment's received
// sources, or else of id, and sequence numbers that rise strictly from seg.Number. That cannot catch every damaged or
// forged packet: a change whose own solution is a whole number goes unseen. Where the determinant is a power of two,
// which 22 of the minors are, nearly all changes do: the common case is row 0 with source 0 missing, factor 2.
func (d *Decoder) Recover(seg *Segment, id Identity, dst *[MaxSources][]byte) (used uint16, err error) {
	missing, err := check(seg, dst)
	if err != nil || missing == 0 {
		return 0, err
	}
	used = d.choose(seg, missing)
	if used == 0 {
		return 0, ErrNotYet
	}
	if !d.solve(seg, used, missing) || !d.fits(seg, id) {
		return used, ErrInconsistent
	}
	for left := missing; left != 0; left &= left - 1 {
		i := bits.TrailingZeros16(left)
		copy(dst[i][:seg.Lengths[i]], d.packet(seg, i))
	}
	return used, nil
}

// check returns the mask of the missing sources.
func check(seg *Segment, dst *[MaxSources][]byte) (missing uint16, err error) {
	if err = checkLengths(&seg.Lengths); err != nil {
		return 0, err
	}
	for i := range sources(&seg.Lengths) {
		n := int(seg.Lengths[i])
		switch {
		case seg.Sources[i] == nil && cap(dst[i]) < n:
			err = ErrBuffer
		case seg.Sources[i] == nil:
			missing |= 1 << i
		case len(seg.Sources[i]) != n:
			return 0, ErrPayload
		}
	}
	return missing, err
}

// choose sets the decoder's minor to the first regular one that the received rows have for the missing columns and
// returns its rows; 0 if there is none.
func (d *Decoder) choose(seg *Segment, missing uint16) (rows uint16) {
	received := uint16(0)
	for j, p := range seg.Parity {
		if p != nil {
			received |= 1 << j
		}
	}
	m := bits.OnesCount16(missing)
	if bits.OnesCount16(received) < m {
		return 0
	}
	for rows = uint16(1)<<m - 1; rows < 1<<MaxParity; rows++ {
		if rows&^received == 0 && bits.OnesCount16(rows) == m && d.minor.set(rows, missing) {
			return rows
		}
	}
	return 0
}

// solve computes the missing sources from the parity rows into d.result and says whether that worked out exactly.
func (d *Decoder) solve(seg *Segment, rows, missing uint16) bool {
	n := longest(&seg.Lengths)
	var row [MaxSources]int
	var parity, known [MaxSources][]byte
	m := 0
	for left := rows; left != 0; left &= left - 1 {
		row[m] = bits.TrailingZeros16(left)
		parity[m] = trimZeros(seg.Parity[row[m]])
		if len(parity[m]) > n+2 {
			return false
		}
		m++
	}
	for i, s := range seg.Sources[:sources(&seg.Lengths)] {
		known[i] = s
	}
	done, in := 0, uint64(0)
	if m == 1 {
		done, in = d.begin(&parity[0], &known, &coefficients[row[0]])
	}
	count := windows(n - done)
	for r := range m {
		setWindows(d.right[r][:count], parity[r])
		takeOut(d.right[r][:count], &known, &coefficients[row[r]])
	}
	a, out := &d.right, &d.result
	var exact bool
	switch {
	case m == 1:
		exact = d.minor.solve1(a[0][:count], out[0][:maxDigits-done], in)
	case m == 2:
		exact = d.minor.solve2(a, count, out)
	case m == 3 && d.minor.small:
		exact = d.minor.solve3(a, count, out)
	default:
		exact = d.minor.solveAny(a, count, out)
	}
	written := done + digitSize*(count-1)
	for c := 0; exact && missing != 0; c++ {
		length := int(seg.Lengths[bits.TrailingZeros16(missing)])
		exact = len(trimZeros(out[c][maxDigits-written:])) <= length
		missing &= missing - 1
	}
	return exact
}

// begin solves what it can of one unknown in the fast way, and cuts that off the ends of parity and the known sources.
func (d *Decoder) begin(parity *[]byte, known *[MaxSources][]byte, f *[MaxSources]uint64) (done int, in uint64) {
	var s [2][]byte
	var g [2]uint64
	k := 0
	for i, p := range known {
		if p == nil {
			continue
		}
		if k == len(s) {
			return 0, 0
		}
		s[k], g[k] = p, f[i]
		k++
	}
	if d.minor.odd.value == 1 {
		return 0, 0
	}
	for ; k < len(s); k++ {
		s[k] = *parity // zero times anything as long
	}
	done, in = d.minor.divide(d.result[0][:], *parity, s[0], s[1], g[0], g[1])
	*parity = (*parity)[:len(*parity)-done]
	for i, p := range known {
		if p != nil {
			known[i] = p[:len(p)-done]
		}
	}
	return done, in
}

// takeOut takes the known sources, f[i] times known[i], out of the windows in a.
func takeOut(a []uint64, known *[MaxSources][]byte, f *[MaxSources]uint64) {
	other := -1
	for i, s := range known {
		switch {
		case s == nil:
		case other < 0:
			other = i
		default:
			add2(a, known[other], s, -f[other], -f[i])
			other = -1
		}
	}
	if other >= 0 {
		add(a, known[other], -f[other])
	}
}

// packet returns the source i, received or solved.
func (d *Decoder) packet(seg *Segment, i int) []byte {
	if seg.Sources[i] != nil {
		return seg.Sources[i]
	}
	c := 0
	for _, s := range seg.Sources[:i] {
		if s == nil {
			c++
		}
	}
	end := len(d.result[c])
	return d.result[c][end-int(seg.Lengths[i]) : end]
}

// fits says whether the segment's packets, received and solved, are the RTP packets of one stream in order.
// RFC 3550 section 5.1 has the header.
func (d *Decoder) fits(seg *Segment, id Identity) bool {
	for _, s := range seg.Sources[:sources(&seg.Lengths)] {
		if s != nil {
			id = Identity{SSRC: binary.BigEndian.Uint32(s[8:]), PayloadType: s[1] & 0x7f, Known: true}
			break
		}
	}
	before := uint16(0)
	for i := range sources(&seg.Lengths) {
		p := d.packet(seg, i)
		if p[0]>>6 != rtpVersion {
			return false
		}
		one := Identity{SSRC: binary.BigEndian.Uint32(p[8:]), PayloadType: p[1] & 0x7f, Known: true}
		if !id.Known {
			id = one
		}
		after := binary.BigEndian.Uint16(p[2:]) - seg.Number
		if one != id || (i == 0) != (after == 0) || i > 0 && after <= before || after > math.MaxInt16 {
			return false
		}
		before = after
	}
	return true
}
