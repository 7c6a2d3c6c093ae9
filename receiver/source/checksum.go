package source

import (
	"encoding/binary"
	"math/bits"
)

// onesSum is the ones' complement sum of bytes as 16-bit numbers, an odd one at the end with a zero behind it (RFC
// 1071), up to multiples of 0xFFFF. Sums of even numbers of bytes can be added.
func onesSum(b []byte) uint64 {
	var sum, carry uint64
	for ; len(b) >= 32; b = b[32:] {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[8:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[16:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[24:]), carry)
	}
	for ; len(b) >= 8; b = b[8:] {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b), carry)
	}
	var last [8]byte
	copy(last[:], b)
	sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(last[:]), carry)
	return sum>>32 + sum&0xFFFFFFFF + carry
}

// complete tells whether a sum is that of bytes with their checksum among them.
func complete(sum uint64) bool {
	for sum > 0xFFFF {
		sum = sum&0xFFFF + sum>>16
	}
	return sum == 0xFFFF
}
