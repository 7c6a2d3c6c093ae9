package isc

import "math/bits"

// coefficients has the code's factors: row j for parity packet j, column i for source i. They are the first primes in
// order but for 29, which the rigs leave out.
var coefficients = [MaxParity][MaxSources]uint64{
	{2, 3, 5, 7, 11, 13, 17, 19},
	{37, 41, 43, 47, 53, 59, 61, 67},
	{79, 83, 89, 97, 101, 103, 107, 109},
	{131, 137, 139, 149, 151, 157, 163, 167},
	{181, 191, 193, 197, 199, 211, 223, 227},
	{239, 241, 251, 257, 263, 269, 271, 277},
	{293, 307, 311, 313, 317, 331, 337, 347},
	{359, 367, 373, 379, 383, 389, 397, 401},
	{421, 431, 433, 439, 443, 449, 457, 461},
}

// minor is a square part of the coefficients, and how to divide by it: without their common power of two, the adjugate
// A' and the determinant have A * A' = odd * 2^shift, where shift is at most 14 (a test goes through all minors).
// A solution modulo 2^n thus needs the right-hand sides modulo 2^(n+shift) and no more.
type minor struct {
	size     int
	shift    uint
	odd      struct{ value, inverse uint64 } // positive; inverse is 1/value modulo 2^64
	factor   [MaxSources][MaxSources]uint64  // A
	adjugate [MaxSources][MaxSources]uint64  // A' as two's complement
	small    bool                            // whether odd and each row of A' sum up to less than 2^15
}

// set makes m the minor of the given parity rows and source columns, bit masks with equally many bits set, and says
// whether it is regular.
func (m *minor) set(rows, columns uint16) bool {
	m.size = bits.OnesCount16(rows)
	r := 0
	for ; rows != 0; rows &= rows - 1 {
		row := &coefficients[bits.TrailingZeros16(rows)]
		c := 0
		for left := columns; left != 0; left &= left - 1 {
			m.factor[r][c] = row[bits.TrailingZeros16(left)]
			c++
		}
		r++
	}
	var det int64
	switch {
	case m.size == 1:
		m.adjugate[0][0] = 1
		det = int64(m.factor[0][0])
	case m.size <= 3:
		det = m.cofactors()
	default:
		det = m.eliminate()
	}
	if det == 0 {
		return false
	}
	m.reduce(det)
	return true
}

// cofactors sets the adjugate of a minor of two or three rows and returns its determinant.
func (m *minor) cofactors() (det int64) {
	f := [3][3]uint64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for i := range m.size {
		copy(f[i][:m.size], m.factor[i][:])
	}
	for i := range 3 {
		r, s := (i+1)%3, (i+2)%3
		for j := range 3 {
			c, d := (j+1)%3, (j+2)%3
			m.adjugate[j][i] = f[r][c]*f[s][d] - f[r][d]*f[s][c]
		}
	}
	return int64(f[0][0]*m.adjugate[0][0] + f[0][1]*m.adjugate[1][0] + f[0][2]*m.adjugate[2][0])
}

// eliminate sets the adjugate, or the adjugate negated, and returns the determinant likewise. It turns [A | 1] into
// [d | d/A] without fractions (Bareiss), so that every number on the way is a minor of A and thus below 2^27.
func (m *minor) eliminate() (det int64) {
	var w [MaxSources][2 * MaxSources]int64
	n := m.size
	for i := range n {
		for j := range n {
			w[i][j] = int64(m.factor[i][j])
		}
		w[i][n+i] = 1
	}
	det = 1
	for p := range n {
		pivot := p
		for pivot < n && w[pivot][p] == 0 {
			pivot++
		}
		if pivot == n {
			return 0
		}
		w[p], w[pivot] = w[pivot], w[p]
		d := w[p][p]
		for i := range n {
			if i == p {
				continue
			}
			f := w[i][p]
			for c := range 2 * n {
				w[i][c] = (w[i][c]*d - w[p][c]*f) / det
			}
		}
		det = d
	}
	for i := range n {
		for j := range n {
			m.adjugate[i][j] = uint64(w[i][n+j])
		}
	}
	return det
}

// reduce takes the common power of two and the sign of the determinant out of it and the adjugate, and sets the rest.
func (m *minor) reduce(det int64) {
	n := m.size
	all := uint64(det)
	for i := range n {
		for _, v := range m.adjugate[i][:n] {
			all |= v
		}
	}
	common := bits.TrailingZeros64(all)
	sign := det >> 63 // -1 or 0
	det = ((det ^ sign) - sign) >> common
	m.shift = uint(bits.TrailingZeros64(uint64(det)))
	m.odd.value = uint64(det >> m.shift)
	m.odd.inverse = inverse64(m.odd.value)
	m.small = true
	for i := range n {
		most := int64(m.odd.value)
		for j, u := range m.adjugate[i][:n] {
			v := int64(u) >> common
			v = (v ^ sign) - sign
			m.adjugate[i][j] = uint64(v)
			most += max(v, -v)
		}
		m.small = m.small && most < 1<<15
	}
}

// inverse64 returns 1/odd modulo 2^64, by Newton's iteration: each step doubles the bits that are right.
func inverse64(odd uint64) uint64 {
	x := odd*3 ^ 2 // right to 5 bits
	for range 4 {
		x *= 2 - odd*x
	}
	return x
}
