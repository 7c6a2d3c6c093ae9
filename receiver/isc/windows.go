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
	maxWindows = (MaxLength+2+2*digitSize-1)/(2*digitSize)*2 + 1
	// maxDigits is the bytes that the digits of that many windows take when they are written, with the two bytes before
	// them that writing touches.
	maxDigits = digitSize*maxWindows + windowSize - digitSize
)

// sums holds the windows of one number. The last one in use is 0.
type sums [maxWindows]uint64

// windows returns the number of windows in use for n-byte sources: an even number that holds n+2 bytes, and a last one
// that is 0.
func windows(n int) int { return (n+2+2*digitSize-1)/(2*digitSize)*2 + 1 }

// carry returns what goes from one digit into the next: total is the window of that digit with all that was carried
// into it and with the digit itself taken out or not, next is the window above.
func carry(total, next uint64) uint64 { return uint64(int64(int16(total>>digitBits - next))) }

// setWindows sets a to the windows of the big-endian number, of which len(a) windows hold all.
func setWindows(a []uint64, number []byte) {
	w := 0
	for ; w < len(a) && len(number) >= windowSize; w++ {
		a[w] = binary.BigEndian.Uint64(number[len(number)-windowSize:])
		number = number[:len(number)-digitSize]
	}
	clear(a[w:])
	add(a[w:], number, 1)
}

// add adds f times the big-endian number to the windows in a.
func add(a []uint64, number []byte, f uint64) {
	w := 0
	for ; w < len(a) && len(number) >= windowSize; w++ {
		a[w] += f * binary.BigEndian.Uint64(number[len(number)-windowSize:])
		number = number[:len(number)-digitSize]
	}
	rest := uint64(0)
	for _, b := range number {
		rest = rest<<8 | uint64(b)
	}
	for ; rest != 0 && w < len(a); w++ {
		a[w] += f * rest
		rest >>= digitBits
	}
}

// pair is two numbers that are added to rows together, so that the rows' windows are loaded and stored half as often.
type pair struct{ s, t []byte }

// add1 adds f[0]*p.s + f[1]*p.t to a.
func (p pair) add1(a []uint64, f [2]uint64) {
	s, t := p.s, p.t
	w := 0
	for ; w < len(a) && len(s) >= windowSize && len(t) >= windowSize; w++ {
		x := binary.BigEndian.Uint64(s[len(s)-windowSize:])
		y := binary.BigEndian.Uint64(t[len(t)-windowSize:])
		a[w] += f[0]*x + f[1]*y
		s, t = s[:len(s)-digitSize], t[:len(t)-digitSize]
	}
	add(a[w:], s, f[0])
	add(a[w:], t, f[1])
}

// add2 adds f[0]*p.s + f[1]*p.t to a, and g likewise to b, of the same length.
func (p pair) add2(a, b []uint64, f, g [2]uint64) {
	s, t := p.s, p.t
	b = b[:len(a)]
	w := 0
	for ; w < len(a) && len(s) >= windowSize && len(t) >= windowSize; w++ {
		x := binary.BigEndian.Uint64(s[len(s)-windowSize:])
		y := binary.BigEndian.Uint64(t[len(t)-windowSize:])
		a[w] += f[0]*x + f[1]*y
		b[w] += g[0]*x + g[1]*y
		s, t = s[:len(s)-digitSize], t[:len(t)-digitSize]
	}
	add(a[w:], s, f[0])
	add(a[w:], t, f[1])
	add(b[w:], s, g[0])
	add(b[w:], t, g[1])
}

// putDigits writes the digits of the number whose windows are a, all but the last window's, to the end of out, which
// must have two bytes more than they take.
func putDigits(out []byte, a []uint64) {
	total := a[0]
	for w := 0; w+1 < len(a) && len(out) >= windowSize; w++ {
		next := a[w+1]
		binary.BigEndian.PutUint64(out[len(out)-windowSize:], total&digitMask)
		out = out[:len(out)-digitSize]
		total = next + carry(total, next)
	}
}
