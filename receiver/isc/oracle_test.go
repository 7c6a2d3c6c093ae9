package isc

import (
	"math/big"
	"math/bits"
	"math/rand/v2"
)

// The oracle is the format page in math/big: slow, plain, and with nothing in common with the code under test.

// oracleParity returns the minimal payload of parity packet j.
func oracleParity(sources [][]byte, j int) []byte {
	sum := new(big.Int)
	for i, s := range sources {
		c := new(big.Int).SetUint64(coefficients[j][i])
		sum.Add(sum, c.Mul(c, new(big.Int).SetBytes(s)))
	}
	return sum.Bytes()
}

// oraclePadded returns the payload of parity packet j as deployed rigs send it.
func oraclePadded(sources [][]byte, j int) []byte {
	n := new(big.Int).SetBytes(oracleParity(sources, j))
	return n.FillBytes(make([]byte, 24+4*((n.BitLen()+29)/30)))
}

// oracleSolve solves for the missing sources by Gauss's method over the rationals. It returns nil if a solution is
// negative, not an integer or too long.
func oracleSolve(seg *Segment, rows uint16) map[int][]byte {
	var missing []int
	var w [][]*big.Rat
	for left := rows; left != 0; left &= left - 1 {
		j := bits.TrailingZeros16(left)
		right := new(big.Rat).SetInt(new(big.Int).SetBytes(seg.Parity[j]))
		missing = missing[:0]
		var row []*big.Rat
		for i := range sources(&seg.Lengths) {
			c := new(big.Rat).SetInt64(int64(coefficients[j][i]))
			if seg.Sources[i] == nil {
				missing = append(missing, i)
				row = append(row, c)
				continue
			}
			right.Sub(right, c.Mul(c, new(big.Rat).SetInt(new(big.Int).SetBytes(seg.Sources[i]))))
		}
		w = append(w, append(row, right))
	}
	m := len(w)
	for p := range m {
		for i := p; i < m; i++ {
			if w[i][p].Sign() != 0 {
				w[p], w[i] = w[i], w[p]
				break
			}
		}
		for i := range m {
			if i == p {
				continue
			}
			f := new(big.Rat).Quo(w[i][p], w[p][p])
			for c := range w[i] {
				w[i][c] = new(big.Rat).Sub(w[i][c], new(big.Rat).Mul(f, w[p][c]))
			}
		}
	}
	solved := make(map[int][]byte, m)
	for p, i := range missing {
		x := w[p][m].Quo(w[p][m], w[p][p])
		if x.Sign() < 0 || !x.IsInt() || x.Num().BitLen() > 8*int(seg.Lengths[i]) {
			return nil
		}
		solved[i] = x.Num().FillBytes(make([]byte, seg.Lengths[i]))
	}
	return solved
}

// randomSegment makes a segment of k RTP packets with lengths of 12 to 1,500 bytes, some of them equal, and r parity
// rows by the oracle.
func randomSegment(rnd *rand.Rand, k, r int) (whole *Segment, packets [][]byte) {
	whole = &Segment{Number: uint16(rnd.Uint32())}
	if rnd.IntN(4) == 0 {
		whole.Number = 65535 - uint16(rnd.IntN(k))
	}
	common := MinLength + rnd.IntN(1500-MinLength+1)
	number := whole.Number
	for i := range k {
		n := common
		if rnd.IntN(3) == 0 {
			n = MinLength + rnd.IntN(1500-MinLength+1)
		}
		p := randomSources(rnd, 1, n, number)[0]
		number += 1 + uint16(rnd.IntN(8)/7)
		if rnd.IntN(8) == 0 {
			clear(p[12:])
		}
		if rnd.IntN(8) == 0 {
			for j := range p[12:] {
				p[12+j] = 0xff
			}
		}
		whole.Lengths[i], whole.Sources[i] = uint16(n), p
		packets = append(packets, p)
	}
	for j := range r {
		whole.Parity[j] = oracleParity(packets, j)
		if rnd.IntN(2) == 0 {
			whole.Parity[j] = oraclePadded(packets, j)
		}
	}
	return whole, packets
}

// lose returns seg without the sources in the mask missing and with the parity rows in the mask rows only, and a
// destination for each missing source with no room to spare.
func lose(seg *Segment, missing, rows uint16) (left Segment, dst [MaxSources][]byte) {
	left = *seg
	for i := range left.Sources {
		if missing>>i&1 == 1 {
			left.Sources[i] = nil
			dst[i] = make([]byte, seg.Lengths[i])
		}
	}
	for j := range left.Parity {
		if rows>>j&1 == 0 {
			left.Parity[j] = nil
		}
	}
	return left, dst
}

// chooseBits returns a random mask of count out of n bits.
func chooseBits(rnd *rand.Rand, n, count int) uint16 {
	mask := uint16(0)
	for _, i := range rnd.Perm(n)[:count] {
		mask |= 1 << i
	}
	return mask
}
