package isc

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// makeDatagram returns a datagram of h with payload, unchecked.
func makeDatagram(h Header, payload []byte) []byte { return append(h.Append(nil), payload...) }

// rtpPacket returns a packet of n bytes that passes for RTP as far as Parse looks.
func rtpPacket(n int) []byte {
	p := bytes.Repeat([]byte{0xab}, n)
	if n > 0 {
		p[0] = 0x80
	}
	return p
}

func TestHeaderRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		want := Header{
			Segment:    uint16(rnd.Uint32()),
			Timestamp:  uint16(rnd.Uint32()),
			Redundancy: uint16(rnd.IntN(MaxParity + 1)),
			Interface:  uint16(rnd.Uint32()),
		}
		k := 1 + rnd.IntN(MaxSources)
		for i := range k {
			want.Lengths[i] = uint16(MinLength + rnd.IntN(MaxLength-MinLength+1))
		}
		payload := rtpPacket(int(want.Lengths[k-1]))
		want.Number = uint16(k - 1)
		if want.Redundancy > 0 && rnd.IntN(2) == 0 {
			want.Number = parityBase + want.Redundancy - 1
			payload = append([]byte{0, 0, 0}, rtpPacket(want.Longest()+1+rnd.IntN(2))...)
		}
		datagram := makeDatagram(want, payload)
		require.Len(t, datagram, HeaderSize+len(payload))
		var got Header
		left, err := Parse(datagram, &got)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, k, got.Sources())
		if got.IsParity() {
			require.Equal(t, int(want.Redundancy)-1, got.Row())
			require.Equal(t, payload[3:], left)
		} else {
			require.Equal(t, payload, left)
		}
		require.Same(t, &datagram[len(datagram)-1], &left[len(left)-1])
	}
}

// malformed has a case for each reason to refuse a datagram, and the neighbours that pass.
var malformed = []struct {
	name   string
	change func(h *Header, payload *[]byte)
	want   error
	cut    int
}{
	{name: "source", change: func(*Header, *[]byte) {}},
	{name: "one byte short of a header", change: func(*Header, *[]byte) {}, cut: HeaderSize - 1, want: ErrShort},
	{name: "header alone", change: func(*Header, *[]byte) {}, cut: HeaderSize, want: ErrPayload},
	{name: "no source", change: func(h *Header, _ *[]byte) { h.Lengths = [MaxSources]uint16{} }, want: ErrSources},
	{name: "first length zero", change: func(h *Header, _ *[]byte) { h.Lengths[0] = 0 }, want: ErrSources},
	{name: "length after a zero", change: func(h *Header, _ *[]byte) { h.Lengths[7] = 12 }, want: ErrSources},
	{name: "length 11", change: func(h *Header, _ *[]byte) { h.Lengths[1] = MinLength - 1 }, want: ErrLength},
	{name: "length 12", change: func(h *Header, _ *[]byte) { h.Lengths[1] = MinLength }},
	{name: "length 2048", change: func(h *Header, _ *[]byte) { h.Lengths[1] = MaxLength }},
	{name: "length 2049", change: func(h *Header, _ *[]byte) { h.Lengths[1] = MaxLength + 1 }, want: ErrLength},
	{name: "length 65535", change: func(h *Header, _ *[]byte) { h.Lengths[1] = 65535 }, want: ErrLength},
	{name: "redundancy 9", change: func(h *Header, _ *[]byte) { h.Redundancy = MaxParity }},
	{name: "redundancy 10", change: func(h *Header, _ *[]byte) { h.Redundancy = MaxParity + 1 }, want: ErrRedundancy},
	{name: "number k", change: func(h *Header, _ *[]byte) { h.Number = 3 }, want: ErrNumber},
	{name: "number 9", change: func(h *Header, _ *[]byte) { h.Number = 9 }, want: ErrNumber},
	{name: "number 10+r", change: func(h *Header, _ *[]byte) { h.Number = 12 }, want: ErrNumber},
	{name: "number 65535", change: func(h *Header, _ *[]byte) { h.Number = 65535 }, want: ErrNumber},
	{name: "any timestamp", change: func(h *Header, _ *[]byte) { h.Timestamp = 65535 }},
	{name: "any interface", change: func(h *Header, _ *[]byte) { h.Interface = 65535 }},
	{name: "source too short", change: func(_ *Header, p *[]byte) { *p = (*p)[1:] }, want: ErrPayload},
	{name: "source too long", change: func(_ *Header, p *[]byte) { *p = append(*p, 0) }, want: ErrPayload},
	{name: "RTP version 0", change: func(_ *Header, p *[]byte) { (*p)[0] = 0x3f }, want: ErrVersion},
	{name: "RTP version 1", change: func(_ *Header, p *[]byte) { (*p)[0] = 0x40 }, want: ErrVersion},
	{name: "RTP version 3", change: func(_ *Header, p *[]byte) { (*p)[0] = 0xc0 }, want: ErrVersion},
	{name: "parity as long", change: func(h *Header, p *[]byte) { h.Number, *p = 10, rtpPacket(50) }, want: ErrPayload},
	{name: "parity one longer", change: func(h *Header, p *[]byte) { h.Number, *p = 10, rtpPacket(51) }},
	{name: "parity two longer", change: func(h *Header, p *[]byte) { h.Number, *p = 11, rtpPacket(52) }},
	{name: "parity 3 longer", change: func(h *Header, p *[]byte) { h.Number, *p = 11, rtpPacket(53) }, want: ErrPayload},
	{name: "parity zero", change: func(h *Header, p *[]byte) { h.Number, *p = 10, make([]byte, 51) }, want: ErrPayload},
	{name: "parity padded", change: func(h *Header, p *[]byte) {
		h.Number, *p = 10, append(make([]byte, 100), rtpPacket(51)...)
	}},
}

func malformedDatagram(i int) []byte {
	h := Header{Segment: 7, Lengths: [MaxSources]uint16{50, 20, 30}, Timestamp: 1, Redundancy: 2, Interface: 3}
	payload := rtpPacket(50)
	malformed[i].change(&h, &payload)
	datagram := makeDatagram(h, payload)
	if malformed[i].cut > 0 {
		datagram = datagram[:malformed[i].cut]
	}
	return datagram
}

func TestParseMalformed(t *testing.T) {
	for i, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			var h Header
			payload, err := Parse(malformedDatagram(i), &h)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.want, err, "the sentinel as it is, so that a flood costs no memory")
			require.Nil(t, payload)
		})
	}
}

func TestParseAllocs(t *testing.T) {
	for i, c := range malformed {
		datagram := malformedDatagram(i)
		var h Header
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Parse(datagram, &h) }), c.name)
	}
}

func TestStamp(t *testing.T) {
	h := Header{Segment: 1, Lengths: [MaxSources]uint16{12}}
	datagram := makeDatagram(h, rtpPacket(12))
	Stamp(datagram, 9999, 3)
	h.Timestamp, h.Interface = 9999, 3
	require.Equal(t, makeDatagram(h, rtpPacket(12)), datagram)
}

func TestTimestamp(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want uint16
	}{
		{time.Unix(0, 0), 0},
		{time.Unix(99, 999_999_999), 9999},
		{time.Unix(100, 9_999_999), 0},
		{time.Unix(1_700_000_012, 345_678_901), 1234},
		{time.Unix(-1, 990_000_000), 9999},
		{time.Unix(-100, 0), 0},
	} {
		require.Equal(t, c.want, Timestamp(c.at), c.at)
	}
}

func FuzzParse(f *testing.F) {
	for i := range malformed {
		f.Add(malformedDatagram(i))
	}
	for _, name := range vectors {
		for _, datagram := range readCapture(f, filepath.Join(vectorDir, name))[:16] {
			f.Add(datagram)
		}
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		var h Header
		payload, err := Parse(datagram, &h)
		if err != nil {
			return
		}
		require.Equal(t, datagram[:HeaderSize], h.Append(nil))
		require.True(t, bytes.HasSuffix(datagram, payload))
		if h.IsParity() {
			require.Less(t, h.Row(), int(h.Redundancy))
			require.NotZero(t, payload[0])
		} else {
			require.Len(t, payload, int(h.Lengths[h.Number]))
		}
	})
}
