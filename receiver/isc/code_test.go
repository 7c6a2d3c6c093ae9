package isc

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCoefficients compares the table with what the wire format says: the primes but 29, ten to a row.
func TestCoefficients(t *testing.T) {
	var primes []uint64
	for n := uint64(2); len(primes) < 10*MaxParity; n++ {
		prime := n != 29
		for d := uint64(2); d*d <= n; d++ {
			prime = prime && n%d != 0
		}
		if prime {
			primes = append(primes, n)
		}
	}
	for j, row := range coefficients {
		require.Equal(t, primes[10*j:10*j+MaxSources], row[:])
	}
	require.Equal(t, uint64(461), coefficients[8][7])
}

func TestInverse64(t *testing.T) {
	for odd := uint64(1); odd < 100_000; odd += 2 {
		require.Equal(t, uint64(1), odd*inverse64(odd))
	}
}

// determinants returns the determinant of each square minor by rows and columns, expanded along the first row.
func determinants() map[[2]uint16]int64 {
	all := map[[2]uint16]int64{{0, 0}: 1}
	for rows := uint16(1); rows < 1<<MaxParity; rows++ {
		for columns := uint16(1); columns < 1<<MaxSources; columns++ {
			if bits.OnesCount16(rows) != bits.OnesCount16(columns) {
				continue
			}
			first := bits.TrailingZeros16(rows)
			sum, sign := int64(0), int64(1)
			for left := columns; left != 0; left &= left - 1 {
				c := bits.TrailingZeros16(left)
				sum += sign * int64(coefficients[first][c]) * all[[2]uint16{rows &^ (1 << first), columns &^ (1 << c)}]
				sign = -sign
			}
			all[[2]uint16{rows, columns}] = sum
		}
	}
	delete(all, [2]uint16{0, 0})
	return all
}

// TestMinors goes through all minors: which are singular, and that what is kept of the others is their inverse.
func TestMinors(t *testing.T) {
	all := determinants()
	require.Len(t, all, 24_309)
	singular, units := 0, 0
	var m minor
	for key, det := range all {
		require.Less(t, max(det, -det), int64(1)<<27)
		if det == 0 {
			require.False(t, m.set(key[0], key[1]))
			require.GreaterOrEqual(t, bits.OnesCount16(key[0]), 3)
			singular++
			continue
		}
		require.True(t, m.set(key[0], key[1]))
		require.LessOrEqual(t, m.shift, uint(14))
		require.Equal(t, uint64(1), m.odd.value*m.odd.inverse)
		small := true
		for i := range m.size {
			sum := m.odd.value
			for j := range m.size {
				product := uint64(0)
				for l := range m.size {
					product += m.factor[i][l] * m.adjugate[l][j]
				}
				want := uint64(0)
				if i == j {
					want = m.odd.value << m.shift
				}
				if product != want {
					require.Equal(t, want, product)
				}
				sum += uint64(max(int64(m.adjugate[i][j]), -int64(m.adjugate[i][j])))
			}
			small = small && sum < 1<<15
		}
		require.Equal(t, small, m.small)
		require.True(t, m.small || m.size > 2, "solve1 and solve2 rely on it")
		if m.odd.value == 1 {
			units++
		}
	}
	require.Equal(t, 69, singular)
	require.Zero(t, all[[2]uint16{0b1101, 0b11010000}], "rows 0, 2, 3 with columns 4, 6, 7")
	t.Logf("%d of %d minors are a power of two: their solves cannot fail the division", units, len(all)-singular)
}
