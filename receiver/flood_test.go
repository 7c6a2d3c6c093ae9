package receiver

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// floods are the kinds of datagrams that a stranger floods a channel with, who does not know the SSRC of its stream.
var floods = []struct {
	name string
	make func(f *flooder) []byte
}{
	{"garbage", (*flooder).garbage},
	{"header", (*flooder).header},
	{"parity", (*flooder).parity},
	{"segment", (*flooder).segment},
	{"ssrc", (*flooder).ssrc},
	{"rival", (*flooder).rival},
	{"decode", (*flooder).decode},
	{"stream", (*flooder).stream},
}

// flooder makes the datagrams of a flood, each valid until the next.
type flooder struct {
	*rand.Rand
	near uint16 // a sequence number of the stream that is flooded
	n    int
	buf  []byte
	bank []byte // random bytes that are no zeros
}

func newFlooder(seed uint64) *flooder {
	f := &flooder{Rand: rand.New(rand.NewPCG(seed, 77)), bank: make([]byte, 1<<16)}
	for i := range f.bank {
		f.bank[i] = byte(1 + f.IntN(255))
	}
	return f
}

// with returns a datagram with that header and n random bytes.
func (f *flooder) with(h *isc.Header, n int) []byte {
	from := f.IntN(len(f.bank) - n)
	f.buf = append(h.Append(f.buf[:0]), f.bank[from:from+n]...)
	return f.buf
}

// source returns a source packet that is well-formed.
func (f *flooder) source(h *isc.Header, ssrc uint32, seq uint16) []byte {
	b := f.with(h, int(h.Lengths[h.Number]))
	rtp := b[isc.HeaderSize:]
	rtp[0], rtp[1] = 0x80, 96
	binary.BigEndian.PutUint16(rtp[2:], seq)
	binary.BigEndian.PutUint32(rtp[8:], ssrc)
	return b
}

// garbage returns random bytes.
func (f *flooder) garbage() []byte {
	return f.with(&isc.Header{
		Segment: uint16(f.Uint32()), Lengths: [8]uint16{uint16(f.Uint32()), uint16(f.Uint32())},
		Redundancy: uint16(f.Uint32()), Number: uint16(f.Uint32()),
	}, f.IntN(1400))
}

// header returns a header that declares much, with little or nothing behind it.
func (f *flooder) header() []byte {
	h := isc.Header{Segment: f.near + uint16(f.IntN(200)), Redundancy: 9, Number: uint16(f.IntN(20))}
	for i := range h.Lengths {
		h.Lengths[i] = isc.MaxLength
	}
	if f.n++; f.n%2 == 0 {
		return f.with(&h, f.IntN(20))
	}
	h.Number, h.Lengths[0] = 0, isc.MinLength // this one is a bare RTP header
	return f.source(&h, f.Uint32(), h.Segment)
}

// parity returns made-up parity of segments near those of the stream.
func (f *flooder) parity() []byte {
	h := isc.Header{Segment: f.near + uint16(f.IntN(400)) - 100, Redundancy: 2, Number: 10 + uint16(f.IntN(2))}
	for i := range 1 + f.IntN(8) {
		h.Lengths[i] = uint16(1000 + f.IntN(200))
	}
	return f.with(&h, h.Longest()+1)
}

// segment returns source packets of one SSRC in any segments.
func (f *flooder) segment() []byte {
	h := isc.Header{Segment: uint16(f.Uint32()), Lengths: [8]uint16{1200, 1200, 1200}, Redundancy: 1}
	return f.source(&h, 0xBAD, h.Segment)
}

// ssrc returns two packets in sequence of ever new SSRCs.
func (f *flooder) ssrc() []byte {
	second := f.n % 2
	f.n++
	h := isc.Header{Segment: f.near, Lengths: [8]uint16{1200, 1200}, Number: uint16(second)}
	return f.source(&h, uint32(1000+f.n/2+second), f.near+uint16(second))
}

// rival returns packets of ever new segments with one number.
func (f *flooder) rival() []byte {
	f.n++
	h := isc.Header{Segment: f.near&^0xFF + 0x140, Redundancy: 9, Number: 10 + uint16(f.n%9)}
	for i := range h.Lengths {
		h.Lengths[i] = uint16(1000 + f.n>>(2*i)%200)
	}
	return f.with(&h, h.Longest()+1)
}

// decode returns the parity of large segments without end, so that there is always something to solve.
func (f *flooder) decode() []byte {
	row := f.n % 8
	h := isc.Header{Segment: f.near + uint16(f.n/8), Redundancy: 8, Number: 10 + uint16(row)}
	f.n++
	for i := range h.Lengths {
		h.Lengths[i] = isc.MaxLength
	}
	return f.with(&h, h.Longest()+1)
}

// stream returns a valid stream of another SSRC.
func (f *flooder) stream() []byte {
	h := isc.Header{Segment: uint16(f.n / 3 * 3), Lengths: [8]uint16{1200, 1200, 1200}, Redundancy: 1}
	h.Number = uint16(f.n % 3)
	f.n++
	return f.source(&h, 0xBAD, h.Segment+h.Number)
}
