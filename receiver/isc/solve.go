package isc

import "encoding/binary"

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

// solve1 is for one unknown. The carries are one chain from end to end, and waiting for them is what takes the time; so
// it takes three digits at once: solves them as if nothing were carried in, then adds the carry's own multiple.
func (m *minor) solve1(a []uint64, out []byte) bool {
	inverse, odd, shift := m.odd.inverse, m.odd.value, m.shift&63
	// One divided by odd: two digits and the window above.
	low := inverse
	mid := inverse * carry(odd*(low>>digitBits)<<digitBits, 0)
	high := inverse * carry(odd*(mid>>digitBits)<<digitBits, 0)
	low &= digitMask
	mid &= digitMask
	bad := a[0] & (1<<shift - 1)
	in := uint64(0)
	for len(a) > 3 && len(out) >= windowSize+2*digitSize {
		a1, a2 := a[1], a[2]
		x := inverse * a[0]
		y := inverse * (a1 + uint64(int64(int16(odd*(x>>digitBits)-a1))))
		z := inverse * (a2 + uint64(int64(int16(odd*(y>>digitBits)-a2))))
		x = x&digitMask + low*in
		y = y&digitMask + mid*in + uint64(int64(x)>>digitBits)
		z += high*in + uint64(int64(y)>>digitBits)
		in = uint64(int64(int16(odd*(z>>digitBits) - a[3])))
		if shift != 0 {
			x = (x&digitMask | y<<digitBits) >> shift
			y = (y&digitMask | z<<digitBits) >> shift
		}
		o := out[len(out)-windowSize-2*digitSize:]
		binary.BigEndian.PutUint64(o[2*digitSize:], x)
		binary.BigEndian.PutUint64(o[digitSize:], y)
		binary.BigEndian.PutUint64(o, z>>shift)
		a, out = a[3:], out[:len(out)-3*digitSize]
	}
	return bad|in == 0
}

// solve2 is for two unknowns.
func (m *minor) solve2(a, b []uint64, p, q []byte) bool {
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
func (m *minor) solve3(a, b, c []uint64, p, q, r []byte) bool {
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
