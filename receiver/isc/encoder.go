package isc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Encoder makes the datagrams of segments, one after the other. The zero value is ready; it is not safe for concurrent
// use.
type Encoder struct {
	// Padded chooses the form of deployed rigs for parity packets, with leading zeros up to 24 + 4*ceil(bits/30) bytes,
	// instead of the minimal form. Every decoder takes both.
	Padded bool

	datagrams [MaxSources + MaxParity][]byte
	sums      sums
}

// Encode makes the k+r datagrams of one segment: the k sources first (1 to MaxSources RTP packets of MinLength to
// MaxLength bytes, read only), then r parity packets (0 to MaxParity). The headers are complete but for timestamp and
// interface, which Stamp sets. The result is the encoder's own and valid until the next call.
// The errors are ErrSources, ErrLength, ErrVersion and ErrRedundancy.
func (e *Encoder) Encode(sources [][]byte, r int) ([][]byte, error) {
	if len(sources) < 1 || len(sources) > MaxSources {
		return nil, fmt.Errorf("%w: got %d, want 1 to %d", ErrSources, len(sources), MaxSources)
	}
	if r < 0 || r > MaxParity {
		return nil, fmt.Errorf("%w: got %d, want 0 to %d", ErrRedundancy, r, MaxParity)
	}
	var h Header
	for i, s := range sources {
		if len(s) < MinLength || len(s) > MaxLength {
			return nil, fmt.Errorf("%w: got %d, want %d to %d", ErrLength, len(s), MinLength, MaxLength)
		}
		if s[0]>>6 != rtpVersion {
			return nil, fmt.Errorf("%w: got version %d", ErrVersion, s[0]>>6)
		}
		h.Lengths[i] = uint16(len(s))
	}
	h.Segment = binary.BigEndian.Uint16(sources[0][2:])
	h.Redundancy = uint16(r)
	for i, s := range sources {
		h.Number = uint16(i)
		e.datagrams[i] = append(h.Append(e.datagrams[i][:0]), s...)
	}
	k := len(sources)
	for j := range r {
		h.Number = uint16(parityBase + j)
		e.datagrams[k+j] = e.appendParity(h.Append(e.datagrams[k+j][:0]), sources, j)
	}
	return e.datagrams[:k+r], nil
}

// appendParity appends the payload of parity packet j to dst.
func (e *Encoder) appendParity(dst []byte, sources [][]byte, j int) []byte {
	n := 0
	for _, s := range sources {
		n = max(n, len(s))
	}
	a := e.sums[:windows(n)]
	clear(a)
	i := 0
	for ; i+1 < len(sources); i += 2 {
		add2(a, sources[i], sources[i+1], coefficients[j][i], coefficients[j][i+1])
	}
	if i < len(sources) {
		add(a, sources[i], coefficients[j][i])
	}
	var buf [maxDigits]byte
	putDigits(buf[:], a, 0)
	minimal := trimZeros(buf[:])
	if e.Padded {
		size := paddedSize(minimal)
		for range size - len(minimal) {
			dst = append(dst, 0)
		}
	}
	return append(dst, minimal...)
}

// paddedSize returns the bytes that deployed rigs use for a parity payload, given without its leading zeros.
func paddedSize(minimal []byte) int {
	n := 8*(len(minimal)-1) + bits.Len8(minimal[0])
	return 24 + 4*((n+29)/30)
}
