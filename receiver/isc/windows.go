package isc

import "encoding/binary"

// Big numbers are worked on in digits of 48 bits, from the low end. Window w of a number is its 64 bits from bit 48*w
// on: digit w, and the low 16 bits of the digit above.
//
// Sums of windows times small factors, modulo 2^64, need no carries at all while they are being added up: a carry from
// one digit into the next is known afterwards from those 16 bits, which are in both windows. That works as long as a
// carry fits into 16 bits; here it is no larger than the sum of one row of coefficients, 12 bits and a sign.
const (
	digitBits  = 48
	digitSize  = digitBits / 8
	digitMask  = 1<<digitBits - 1
	windowSize = 8

	// maxWindows is the most that windows returns.
	maxWindows = (MaxLength+2+3*digitSize-1)/(3*digitSize)*3 + 1
	// maxDigits is the most bytes that the digits of a number take when they are written, with the two bytes in front
	// that writing touches.
	maxDigits = MaxLength + 2 + 3*digitSize + windowSize - digitSize
)

// sums holds the windows of one number. The last one in use is 0.
type sums [maxWindows]uint64

// windows returns the number of windows in use for n-byte sources: a multiple of three that holds n+2 bytes, and a
// last one that is 0.
func windows(n int) int { return (n+2+3*digitSize-1)/(3*digitSize)*3 + 1 }

// carry returns what goes from one digit into the next: total is the window of that digit with all that was carried
// into it and with the digit itself taken out or not, next is the window above.
func carry(total, next uint64) uint64 { return uint64(int64(int16(total>>digitBits - next))) }

// setWindows sets a to the windows of the big-endian number, of which len(a) windows hold all.
func setWindows(a []uint64, number []byte) {
	for len(a) >= 4 && len(number) >= windowSize+3*digitSize {
		n := number[len(number)-windowSize-3*digitSize:]
		a[0] = binary.BigEndian.Uint64(n[3*digitSize:])
		a[1] = binary.BigEndian.Uint64(n[2*digitSize:])
		a[2] = binary.BigEndian.Uint64(n[digitSize:])
		a[3] = binary.BigEndian.Uint64(n)
		a, number = a[4:], number[:len(number)-4*digitSize]
	}
	clear(a)
	add(a, number, 1)
}

// add adds f times the big-endian number to the windows in a.
func add(a []uint64, number []byte, f uint64) {
	for len(a) >= 4 && len(number) >= windowSize+3*digitSize {
		n := number[len(number)-windowSize-3*digitSize:]
		a[0] += f * binary.BigEndian.Uint64(n[3*digitSize:])
		a[1] += f * binary.BigEndian.Uint64(n[2*digitSize:])
		a[2] += f * binary.BigEndian.Uint64(n[digitSize:])
		a[3] += f * binary.BigEndian.Uint64(n)
		a, number = a[4:], number[:len(number)-4*digitSize]
	}
	for len(a) > 0 && len(number) >= windowSize {
		a[0] += f * binary.BigEndian.Uint64(number[len(number)-windowSize:])
		a, number = a[1:], number[:len(number)-digitSize]
	}
	rest := uint64(0)
	for _, b := range number {
		rest = rest<<8 | uint64(b)
	}
	for ; rest != 0 && len(a) > 0; rest >>= digitBits {
		a[0] += f * rest
		a = a[1:]
	}
}

// add2 adds f times the big-endian number s and g times t to the windows in a, faster than one after the other.
func add2(a []uint64, s, t []byte, f, g uint64) {
	for len(a) >= 4 && len(s) >= windowSize+3*digitSize && len(t) >= windowSize+3*digitSize {
		n, m := s[len(s)-windowSize-3*digitSize:], t[len(t)-windowSize-3*digitSize:]
		a[0] += f*binary.BigEndian.Uint64(n[3*digitSize:]) + g*binary.BigEndian.Uint64(m[3*digitSize:])
		a[1] += f*binary.BigEndian.Uint64(n[2*digitSize:]) + g*binary.BigEndian.Uint64(m[2*digitSize:])
		a[2] += f*binary.BigEndian.Uint64(n[digitSize:]) + g*binary.BigEndian.Uint64(m[digitSize:])
		a[3] += f*binary.BigEndian.Uint64(n) + g*binary.BigEndian.Uint64(m)
		a, s, t = a[4:], s[:len(s)-4*digitSize], t[:len(t)-4*digitSize]
	}
	add(a, s, f)
	add(a, t, g)
}

// putDigits writes the digits of the number whose windows are a, all but the last window's, shifted right, to the end
// of out, which must have two bytes more than they take. It returns what the last digit carries.
func putDigits(out []byte, a []uint64, shift uint) uint64 {
	total := a[0]
	for len(a) > 1 && len(out) >= windowSize {
		binary.BigEndian.PutUint64(out[len(out)-windowSize:], total>>(shift&63))
		a, out = a[1:], out[:len(out)-digitSize]
		total = a[0] + carry(total, a[0])
	}
	return total
}
