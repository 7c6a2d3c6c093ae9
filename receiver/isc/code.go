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
	var w [MaxSources][2 * MaxSources]int64 // A beside the unit matrix
	n := 0
	for left := rows; left != 0; left &= left - 1 {
		row := &coefficients[bits.TrailingZeros16(left)]
		c := 0
		for rest := columns; rest != 0; rest &= rest - 1 {
			f := row[bits.TrailingZeros16(rest)]
			m.factor[n][c] = f
			w[n][c] = int64(f)
			c++
		}
		w[n][c+n] = 1
		n++
	}
	m.size = n
	det, ok := eliminate(&w, n)
	if !ok {
		return false
	}
	all := uint64(det)
	for i := range n {
		for _, v := range w[i][n : 2*n] {
			all |= uint64(v)
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
		for j := range n {
			v := w[i][n+j] >> common
			v = (v ^ sign) - sign
			m.adjugate[i][j] = uint64(v)
			most += max(v, -v)
		}
		m.small = m.small && most < 1<<15
	}
	return true
}

// eliminate turns [A | 1] into [d*1 | d/A] without fractions (Bareiss), so every entry stays a minor of A, which is
// below 2^27. It returns d, the determinant but for its sign; ok is false if that is zero.
func eliminate(w *[MaxSources][2 * MaxSources]int64, n int) (d int64, ok bool) {
	d = 1
	for p := range n {
		pivot := p
		for pivot < n && w[pivot][p] == 0 {
			pivot++
		}
		if pivot == n {
			return 0, false
		}
		w[p], w[pivot] = w[pivot], w[p]
		pv := w[p][p]
		for i := range n {
			if i == p {
				continue
			}
			f := w[i][p]
			for c := range 2 * n {
				w[i][c] = (w[i][c]*pv - w[p][c]*f) / d
			}
		}
		d = pv
	}
	return d, true
}

// inverse64 returns 1/odd modulo 2^64, by Newton's iteration: each step doubles the bits that are right.
func inverse64(odd uint64) uint64 {
	x := odd*3 ^ 2 // right to 5 bits
	for range 4 {
		x *= 2 - odd*x
	}
	return x
}
