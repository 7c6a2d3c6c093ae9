package isc

import (
	"encoding/binary"
	"math/bits"
)

// The solvers below find the digits of the unknowns from the low end. Each gets, per equation, the windows of the
// right-hand side, and writes the unknowns' digits to the ends of the buffers in out, all but the last window's. What
// they return is true if and only if the digits written solve the equations as they stand, without any modulus.
//
// The step is always the same. What is left of the right-hand sides after the digits so far, divided by 2^48 for each,
// gives 64 bits; these times the inverse matrix give the next digits; and taken out, those leave what carries over.

// solve1 is for one unknown. The carries are one chain from end to end, and waiting for them is what takes the time; so
// it takes two digits at once: solves them as if nothing were carried in, then adds the carry's own multiple.
func (m *minor) solve1(a []uint64, out []byte) bool {
	shift := m.shift & 63
	odd := m.factor[0][0] >> shift
	inverse := m.inverse[0][0]
	low := inverse & digitMask // 1/odd, its two lowest digits' windows
	high := inverse * carry(odd*(inverse>>digitBits)<<digitBits, 0)
	bad := a[0] & (1<<shift - 1)
	in := uint64(0)
	for w := 0; w+2 < len(a) && len(out) >= windowSize+digitSize; w += 2 {
		next, last := a[w+1], a[w+2]
		x := inverse * a[w]
		y := inverse * (next + uint64(int64(int16(odd*(x>>digitBits)-next))))
		x = x&digitMask + low*in
		y += high*in + uint64(int64(x)>>digitBits)
		x = x&digitMask | y<<digitBits
		in = uint64(int64(int16(odd*(y>>digitBits) - last)))
		binary.BigEndian.PutUint64(out[len(out)-windowSize:], x>>shift&digitMask)
		binary.BigEndian.PutUint64(out[len(out)-windowSize-digitSize:], y>>shift&digitMask)
		out = out[:len(out)-2*digitSize]
	}
	return bad|in == 0
}

// solve2 is for two unknowns.
func (m *minor) solve2(a, b []uint64, p, q []byte) bool {
	shift := m.shift & 63
	f00, f01, f10, f11 := m.factor[0][0], m.factor[0][1], m.factor[1][0], m.factor[1][1]
	i00, i01, i10, i11 := m.inverse[0][0], m.inverse[0][1], m.inverse[1][0], m.inverse[1][1]
	b = b[:len(a)]
	q = q[:len(p)]
	bad := uint64(0)
	ta, tb := a[0], b[0]
	for w := 0; w+1 < len(a) && len(p) >= windowSize; w++ {
		x := (i00*ta + i01*tb) >> shift & digitMask
		y := (i10*ta + i11*tb) >> shift & digitMask
		binary.BigEndian.PutUint64(p[len(p)-windowSize:], x)
		binary.BigEndian.PutUint64(q[len(p)-windowSize:len(p)], y)
		p = p[:len(p)-digitSize]
		ta -= f00*x + f01*y
		tb -= f10*x + f11*y
		bad |= ta | tb
		ta = a[w+1] + carry(ta, a[w+1])
		tb = b[w+1] + carry(tb, b[w+1])
	}
	return bad&digitMask|ta|tb == 0
}

// solveAny is for any number of unknowns.
func (m *minor) solveAny(a *[MaxSources]sums, count int, out *[MaxSources][maxDigits]byte) bool {
	n := m.size
	var total, x [MaxSources]uint64
	for r := range n {
		total[r] = a[r][0]
	}
	bad := uint64(0)
	end := maxDigits
	for w := range count - 1 {
		for c := range n {
			sum := uint64(0)
			for r := range n {
				sum += m.inverse[c][r] * total[r]
			}
			x[c] = sum >> (m.shift & 63) & digitMask
			binary.BigEndian.PutUint64(out[c][end-windowSize:], x[c])
		}
		for r := range n {
			left := total[r]
			for c := range n {
				left -= m.factor[r][c] * x[c]
			}
			bad |= left
			total[r] = a[r][w+1] + carry(left, a[r][w+1])
		}
		end -= digitSize
	}
	bad &= digitMask
	for r := range n {
		bad |= total[r]
	}
	return bad == 0
}

var _ = bits.Len
