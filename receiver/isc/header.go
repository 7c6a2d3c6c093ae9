// Package isc is the inter-stream coding of the rigs: the 26-byte header, and the code that gives lost packets back.
//
// A segment is k RTP packets (sources, 1 to 8) and r parity packets (0 to 9), sent over several links as one datagram
// each. The code is systematic: a source travels as it is, and parity packet j is the ordinary integer
//
//	P_j = c[j][0]*S_0 + ... + c[j][k-1]*S_(k-1)
//
// of the sources read as big-endian integers. docs/wire-format.md has the details.
//
// The package is pure: no goroutines, clocks, input or output, and integers only. Parse, Encoder.Encode and
// Decoder.Recover allocate nothing once warm.
//
// A datagram, all fields big-endian uint16:
//
//	0 segment | 2 length[0..7] | 18 timestamp | 20 redundancy | 22 interface | 24 number | 26 payload
package isc

import (
	"encoding/binary"
	"errors"
	"time"
)

// Sizes of the format.
const (
	// HeaderSize is the length in bytes of the header in front of each payload.
	HeaderSize = 26
	// MaxSources is the largest number k of source packets in a segment.
	MaxSources = 8
	// MaxParity is the largest number r of parity packets in a segment.
	MaxParity = 9
	// MinLength is the length in bytes of the shortest source packet: a bare RTP header.
	MinLength = 12
	// MaxLength is the length in bytes of the longest source packet that is taken.
	MaxLength = 2048

	parityBase    = 10     // the number of parity packet 0
	timestampUnit = 10_000 // timestamps count hundredths of a second modulo this
	rtpVersion    = 2
)

// Reasons why a datagram is malformed, or a segment cannot be encoded. Parse returns them bare, so that a flood of
// garbage costs no memory.
var (
	// ErrShort says that a datagram has fewer than HeaderSize bytes.
	ErrShort = errors.New("isc: datagram shorter than the header")
	// ErrSources says that the lengths name no source, or go on after a zero.
	ErrSources = errors.New("isc: bad number of sources")
	// ErrLength says that a source's length is under MinLength or over MaxLength.
	ErrLength = errors.New("isc: bad source length")
	// ErrRedundancy says that there are more than MaxParity parity packets.
	ErrRedundancy = errors.New("isc: bad redundancy")
	// ErrNumber says that the packet's number is neither a source's nor a parity packet's of its segment.
	ErrNumber = errors.New("isc: bad packet number")
	// ErrPayload says that the payload's length does not fit the header.
	ErrPayload = errors.New("isc: payload length does not fit the header")
	// ErrVersion says that a source's payload is not RTP version 2.
	ErrVersion = errors.New("isc: source is not RTP version 2")
)

// Header is the header of one datagram. The zero value is no valid header.
type Header struct {
	Segment    uint16             // RTP sequence number of the segment's first source
	Lengths    [MaxSources]uint16 // bytes of each source, RTP header included; 0 from the k-th on
	Timestamp  uint16             // sender's clock in hundredths of a second modulo 10,000; some rigs differ
	Redundancy uint16             // r, the number of parity packets in the segment
	Interface  uint16             // link that the sender chose; may lie
	Number     uint16             // 0..k-1: source; 10..10+r-1: parity
}

// Sources returns k, the number of sources in the segment: that of the leading non-zero lengths.
func (h *Header) Sources() int { return sources(&h.Lengths) }

// IsParity says whether the packet is parity rather than a source.
func (h *Header) IsParity() bool { return h.Number >= parityBase }

// Row returns the parity row, 0..r-1, of a parity packet. It means nothing for a source.
func (h *Header) Row() int { return int(h.Number) - parityBase }

// Longest returns the largest of the source lengths, in bytes.
func (h *Header) Longest() int { return longest(&h.Lengths) }

// Append appends the HeaderSize bytes of h to dst, unchecked, and returns the extended slice.
func (h *Header) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, h.Segment)
	for _, n := range h.Lengths {
		dst = binary.BigEndian.AppendUint16(dst, n)
	}
	dst = binary.BigEndian.AppendUint16(dst, h.Timestamp)
	dst = binary.BigEndian.AppendUint16(dst, h.Redundancy)
	dst = binary.BigEndian.AppendUint16(dst, h.Interface)
	return binary.BigEndian.AppendUint16(dst, h.Number)
}

// Parse reads and checks one datagram. It fills h and returns the payload, which is part of datagram; a parity payload
// comes without its leading zero bytes. On an error, one of the sentinels above as it is, h holds nothing of use.
// It allocates nothing and may be called concurrently with different h.
func Parse(datagram []byte, h *Header) (payload []byte, err error) {
	if len(datagram) < HeaderSize {
		return nil, ErrShort
	}
	h.Segment = binary.BigEndian.Uint16(datagram)
	for i := range h.Lengths {
		h.Lengths[i] = binary.BigEndian.Uint16(datagram[2+2*i:])
	}
	h.Timestamp = binary.BigEndian.Uint16(datagram[18:])
	h.Redundancy = binary.BigEndian.Uint16(datagram[20:])
	h.Interface = binary.BigEndian.Uint16(datagram[22:])
	h.Number = binary.BigEndian.Uint16(datagram[24:])
	if err := checkLengths(&h.Lengths); err != nil {
		return nil, err
	}
	if h.Redundancy > MaxParity {
		return nil, ErrRedundancy
	}
	payload = datagram[HeaderSize:]
	if h.IsParity() {
		if h.Row() >= int(h.Redundancy) {
			return nil, ErrNumber
		}
		payload = trimZeros(payload)
		if n := len(payload) - h.Longest(); n != 1 && n != 2 {
			return nil, ErrPayload
		}
		return payload, nil
	}
	if int(h.Number) >= h.Sources() {
		return nil, ErrNumber
	}
	if len(payload) != int(h.Lengths[h.Number]) {
		return nil, ErrPayload
	}
	if payload[0]>>6 != rtpVersion {
		return nil, ErrVersion
	}
	return payload, nil
}

// Stamp sets the timestamp and the interface of a datagram that an Encoder made.
func Stamp(datagram []byte, timestamp, iface uint16) {
	_ = datagram[HeaderSize-1]
	binary.BigEndian.PutUint16(datagram[18:], timestamp)
	binary.BigEndian.PutUint16(datagram[22:], iface)
}

// Timestamp returns t as the header has it: whole hundredths of a second since 1970, modulo 10,000.
func Timestamp(t time.Time) uint16 {
	const hundredths = int64(10 * time.Millisecond)
	u := t.Unix()%100*100 + int64(t.Nanosecond())/hundredths
	return uint16((u + timestampUnit) % timestampUnit)
}

// checkLengths returns nil for 1 to MaxSources leading lengths in range with only zeros behind them.
func checkLengths(lengths *[MaxSources]uint16) error {
	k := sources(lengths)
	if k == 0 {
		return ErrSources
	}
	for _, n := range lengths[:k] {
		if n < MinLength || n > MaxLength {
			return ErrLength
		}
	}
	for _, n := range lengths[k:] {
		if n != 0 {
			return ErrSources
		}
	}
	return nil
}

func sources(lengths *[MaxSources]uint16) int {
	for i, n := range lengths {
		if n == 0 {
			return i
		}
	}
	return MaxSources
}

func longest(lengths *[MaxSources]uint16) int {
	most := uint16(0)
	for _, n := range lengths {
		most = max(most, n)
	}
	return int(most)
}

// trimZeros returns b without its leading zero bytes.
func trimZeros(b []byte) []byte {
	for len(b) >= 8 && binary.BigEndian.Uint64(b) == 0 {
		b = b[8:]
	}
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b
}
