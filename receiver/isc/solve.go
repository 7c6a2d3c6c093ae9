package isc

import (
	"encoding/binary"
	"math/bits"
)

// The solvers below find the digits of the unknowns from the low end, given the windows of the right-hand sides. They
// write the digits of unknown i to the end of out[i]; each store also leaves two bytes in front, which are those of the
// next digit or junk that the next store mends. What they return is true if and only if the numbers written solve the
// equations as they stand, without any modulus.
//
// By Cramer's rule each unknown is a sum of the right-hand sides with small factors (the adjugate), over the
// determinant. Its windows times 1/determinant modulo 2^64 are windows of the unknown, as soon as it is known what the
// digits below carry into them. What a digit carries is less than the sum of all those factors, so its low 16 bits say
// it all where that sum is below 2^15: then it is the determinant times the upper 16 bits of the unknown's window,
// less the next window of the sum.

// solve1 is for one unknown; in is what was carried into the first window. The carries are one chain from end to end,
// and waiting for them is what takes the time; so it takes three digits at once: solves them as if nothing were carried
// in, then adds the carry's own multiple.
func (m *minor) solve1(a []uint64, out []byte, in uint64) bool {
	inverse, odd := m.odd.inverse, m.odd.value
	if odd == 1 { // the one even coefficient, 2
		a[0] += in
		return a[0]&(1<<m.shift-1)|putDigits(out, a, m.shift) == 0
	}
	// One divided by odd: two digits and the window above.
	low := inverse
	mid := inverse * carry(odd*(low>>digitBits)<<digitBits, 0)
	high := inverse * carry(odd*(mid>>digitBits)<<digitBits, 0)
	low &= digitMask
	mid &= digitMask
	for len(a) > 3 && len(out) >= windowSize+2*digitSize {
		a1, a2 := a[1], a[2]
		x := inverse * a[0]
		y := inverse * (a1 + uint64(int64(int16(odd*(x>>digitBits)-a1))))
		z := inverse * (a2 + uint64(int64(int16(odd*(y>>digitBits)-a2))))
		x = x&digitMask + low*in
		y = y&digitMask + mid*in + uint64(int64(x)>>digitBits)
		z += high*in + uint64(int64(y)>>digitBits)
		in = uint64(int64(int16(odd*(z>>digitBits) - a[3])))
		o := out[len(out)-windowSize-2*digitSize:]
		binary.BigEndian.PutUint64(o[2*digitSize:], x)
		binary.BigEndian.PutUint64(o[digitSize:], y)
		binary.BigEndian.PutUint64(o, z)
		a, out = a[3:], out[:len(out)-3*digitSize]
	}
	return in == 0
}

// divide is the fast way to begin with one unknown and up to two known sources: it writes the low bytes of
// (p - f*s - g*t) / odd, in whole words, for as long as all three numbers have them. It returns how many bytes it
// wrote, and what they carry into the rest.
//
//nolint:revive // the innermost loop: its operands stay in registers
func (m *minor) divide(out, p, s, t []byte, f, g uint64) (done int, in uint64) {
	inverse, odd := m.odd.inverse, m.odd.value
	size := len(out)
	var over, c, x, b uint64
	for len(out) >= 24 && len(p) >= 24 && len(s) >= 24 && len(t) >= 24 {
		o, p0, s0, t0 := out[len(out)-24:], p[len(p)-24:], s[len(s)-24:], t[len(t)-24:]
		x, over = subtract(p0[16:], s0[16:], t0[16:], f, g, over)
		x, b = bits.Sub64(x, c, 0)
		x *= inverse
		binary.BigEndian.PutUint64(o[16:], x)
		c, _ = bits.Mul64(x, odd)
		c += b
		x, over = subtract(p0[8:], s0[8:], t0[8:], f, g, over)
		x, b = bits.Sub64(x, c, 0)
		x *= inverse
		binary.BigEndian.PutUint64(o[8:], x)
		c, _ = bits.Mul64(x, odd)
		c += b
		x, over = subtract(p0, s0, t0, f, g, over)
		x, b = bits.Sub64(x, c, 0)
		x *= inverse
		binary.BigEndian.PutUint64(o, x)
		c, _ = bits.Mul64(x, odd)
		c += b
		out, p, s, t = out[:len(out)-24], p[:len(p)-24], s[:len(s)-24], t[:len(t)-24]
	}
	return size - len(out), -(c + over)
}

// subtract returns p - f*s - g*t - over for the words that the slices begin with, and what to take from those above.
//
//nolint:revive // the innermost loop: its operands stay in registers
func subtract(p, s, t []byte, f, g, over uint64) (word, up uint64) {
	h, l := bits.Mul64(f, binary.BigEndian.Uint64(s))
	i, n := bits.Mul64(g, binary.BigEndian.Uint64(t))
	l, c := bits.Add64(l, n, 0)
	h += i + c
	l, c = bits.Add64(l, over, 0)
	h += c
	word, c = bits.Sub64(binary.BigEndian.Uint64(p), l, 0)
	return word, h + c
}

// solve2 is for two unknowns.
func (m *minor) solve2(right *[MaxSources]sums, count int, out *[MaxSources][maxDigits]byte) bool {
	a, b, p, q := right[0][:count], right[1][:count], out[0][:], out[1][:]
	inverse, odd, shift := m.odd.inverse, m.odd.value, m.shift&63
	f00, f01, f10, f11 := m.adjugate[0][0], m.adjugate[0][1], m.adjugate[1][0], m.adjugate[1][1]
	b, q = b[:len(a)], q[:len(p)]
	ta, tb := a[0], b[0]
	x, y := f00*ta+f01*tb, f10*ta+f11*tb
	cx, cy := uint64(0), uint64(0)
	bad := (x | y) & (1<<shift - 1)
	for w := 1; w < len(a) && len(p) >= windowSize; w++ {
		u, v := inverse*(x+cx), inverse*(y+cy)
		ta = a[w] + carry(ta, a[w])
		tb = b[w] + carry(tb, b[w])
		x, y = f00*ta+f01*tb, f10*ta+f11*tb
		binary.BigEndian.PutUint64(p[len(p)-windowSize:], u>>shift)
		binary.BigEndian.PutUint64(q[len(p)-windowSize:len(p)], v>>shift)
		p = p[:len(p)-digitSize]
		cx = uint64(int64(int16(odd*(u>>digitBits) - x)))
		cy = uint64(int64(int16(odd*(v>>digitBits) - y)))
	}
	return bad|ta|tb|cx|cy == 0
}

// solve3 is for three unknowns, where m.small.
func (m *minor) solve3(right *[MaxSources]sums, count int, out *[MaxSources][maxDigits]byte) bool {
	a, b, c := right[0][:count], right[1][:count], right[2][:count]
	p, q, r := out[0][:], out[1][:], out[2][:]
	inverse, odd, shift := m.odd.inverse, m.odd.value, m.shift&63
	f := &m.adjugate
	b, c, q, r = b[:len(a)], c[:len(a)], q[:len(p)], r[:len(p)]
	ta, tb, tc := a[0], b[0], c[0]
	x := f[0][0]*ta + f[0][1]*tb + f[0][2]*tc
	y := f[1][0]*ta + f[1][1]*tb + f[1][2]*tc
	z := f[2][0]*ta + f[2][1]*tb + f[2][2]*tc
	cx, cy, cz := uint64(0), uint64(0), uint64(0)
	bad := (x | y | z) & (1<<shift - 1)
	for w := 1; w < len(a) && len(p) >= windowSize; w++ {
		u, v, t := inverse*(x+cx), inverse*(y+cy), inverse*(z+cz)
		ta = a[w] + carry(ta, a[w])
		tb = b[w] + carry(tb, b[w])
		tc = c[w] + carry(tc, c[w])
		binary.BigEndian.PutUint64(p[len(p)-windowSize:], u>>shift)
		binary.BigEndian.PutUint64(q[len(p)-windowSize:len(p)], v>>shift)
		binary.BigEndian.PutUint64(r[len(p)-windowSize:len(p)], t>>shift)
		p = p[:len(p)-digitSize]
		x = f[0][0]*ta + f[0][1]*tb + f[0][2]*tc
		cx = uint64(int64(int16(odd*(u>>digitBits) - x)))
		y = f[1][0]*ta + f[1][1]*tb + f[1][2]*tc
		cy = uint64(int64(int16(odd*(v>>digitBits) - y)))
		z = f[2][0]*ta + f[2][1]*tb + f[2][2]*tc
		cz = uint64(int64(int16(odd*(t>>digitBits) - z)))
	}
	return bad|ta|tb|tc|cx|cy|cz == 0
}

// solveAny is for any number of unknowns and any minor. What is left of the right-hand sides after the digits so far
// times the inverse matrix gives the next digits, and these taken out leave what carries over.
func (m *minor) solveAny(a *[MaxSources]sums, count int, out *[MaxSources][maxDigits]byte) bool {
	n := m.size
	var total, x [MaxSources]uint64
	for r := range n {
		total[r] = a[r][0]
	}
	bad := uint64(0)
	end := maxDigits
	for w := 1; w < count; w++ {
		for c := range n {
			sum := uint64(0)
			for r := range n {
				sum += m.adjugate[c][r] * total[r]
			}
			x[c] = sum * m.odd.inverse >> (m.shift & 63) & digitMask
			binary.BigEndian.PutUint64(out[c][end-windowSize:end], x[c])
		}
		for r := range n {
			left := total[r]
			for c := range n {
				left -= m.factor[r][c] * x[c]
			}
			bad |= left
			total[r] = a[r][w] + carry(left, a[r][w])
		}
		end -= digitSize
	}
	bad &= digitMask
	for r := range n {
		bad |= total[r]
	}
	return bad == 0
}
