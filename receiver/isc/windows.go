package isc

import "encoding/binary"

// Big numbers are worked on in digits of 48 bits, from the low end. Window w of a number is its 64 bits from bit 48*w on:
// digit w, and the low 16 bits of the digit above.
//
// Sums of windows times small factors, modulo 2^64, need no carries at all while they are being added up: a carry from
// one digit into the next is known afterwards from those 16 bits, which are in both windows. That works as long as a
// carry fits into 16 bits; here it is less than the sum of one row of coefficients, so 12 bits and a sign do.
const (
	digitBits  = 48
	digitSize  = digitBits / 8
	digitMask  = 1<<digitBits - 1
	digitSpare = 2 // bytes in front of a number that writing it digit by digit may touch

	maxWindows = (MaxLength + 2 + digitSize - 1) / digitSize
)

// windows returns the number of windows of a parity packet of n-byte sources.
func windows(n int) int { return (n + 2 + digitSize - 1) / digitSize }

// addMultiple adds factor*number to the windows in sums, modulo 2^64 each. Windows that sums has no room for are left
// out.
func addMultiple(sums []uint64, number []byte, factor uint64) {
	w := 0
	end := len(number)
	for ; end >= 8 && w < len(sums); end -= digitSize {
		sums[w] += factor * binary.BigEndian.Uint64(number[end-8:end])
		w++
	}
	rest := uint64(0)
	for _, b := range number[:min(end, 7)] {
		rest = rest<<8 | uint64(b)
	}
	for ; rest != 0 && w < len(sums); w++ {
		sums[w] += factor * rest
		rest >>= digitBits
	}
}

// putDigits writes the number whose windows are sums to the end of buf, which must have digitSpare bytes more than
// that takes; the bytes before the number are left alone, but for those digitSpare, which may become zero.
func putDigits(buf []byte, sums []uint64) {
	total := sums[0] << digitBits // so that no carry goes into digit 0
	end := len(buf)
	for _, sum := range sums {
		total = sum + uint64(uint16(total>>digitBits-sum))
		binary.BigEndian.PutUint64(buf[end-8:end], total&digitMask)
		end -= digitSize
	}
}
