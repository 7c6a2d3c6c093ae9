package depacket

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// realPackets reads the RTP packets of a real stream.
func realPackets(t testing.TB) []rtp.Packet {
	t.Helper()
	f, err := source.OpenFile("../../testdata/c-rtp.pcap")
	require.NoError(t, err)
	defer func() { _ = f.Close() }() // it was only read
	var all []rtp.Packet
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			require.Greater(t, len(all), 500)
			return all
		}
		require.NoError(t, err)
		var p rtp.Packet
		require.NoError(t, p.Unmarshal(bytes.Clone(r.Payload)))
		all = append(all, p)
	}
}

func fromRTP(all []rtp.Packet) []Packet {
	made := make([]Packet, len(all))
	for i, p := range all {
		made[i] = Packet{Payload: p.Payload, Time: int64(p.Timestamp), Marker: p.Marker, Run: 1}
	}
	return made
}

// TestOracle compares with gortsplib's depacketizer on a stream without loss.
func TestOracle(t *testing.T) {
	packets := realPackets(t)
	var want [][][]byte
	oracle := rtph264.Decoder{PacketizationMode: 1}
	require.NoError(t, oracle.Init())
	for i := range packets {
		nalus, err := oracle.Decode(&packets[i])
		if errors.Is(err, rtph264.ErrMorePacketsNeeded) {
			continue
		}
		require.NoError(t, err)
		want = append(want, nalus)
	}
	var d Depacketizer
	units := push(&d, fromRTP(packets))
	require.Greater(t, len(units), 100)
	require.Equal(t, want, nalusOf(units))
	require.Zero(t, d.Dropped)
	for _, u := range units {
		require.Equal(t, u.IDR, slices.ContainsFunc(u.NALUs, func(n []byte) bool { return n[0]&typeMask == typeIDR }))
	}
}

// sliced makes a stream of units of several slices, some of them in fragments, with or without delimiters.
func sliced(rng *rand.Rand, delimiters bool) (all []Packet) {
	nalu := func(header, first byte) []byte {
		b := []byte{header, first}
		for range 1 + rng.IntN(300) {
			b = append(b, byte(rng.Uint32()))
		}
		return b
	}
	for n := range 60 {
		var payloads [][]byte
		if delimiters {
			payloads = append(payloads, aud)
		}
		header := byte(0x41)
		if n%10 == 0 {
			header = 0x65
			parameters := slices.Concat(sps, []byte{byte(n)})
			if rng.IntN(2) == 0 {
				payloads = append(payloads, stapA(parameters, pps))
			} else {
				payloads = append(payloads, parameters, pps)
			}
		}
		for i := range 1 + rng.IntN(4) {
			first := byte(0x80)
			if i > 0 {
				first = 0x7F >> i
			}
			coded := nalu(header, first)
			if parts := rng.IntN(4); parts > 1 {
				payloads = append(payloads, fuA(coded, parts)...)
			} else {
				payloads = append(payloads, coded)
			}
		}
		all = append(all, packets(int64(3000*n), payloads...)...)
	}
	return all
}

// withoutDelimiters is what counts of a unit: a delimiter lost before parameter sets is no loss.
func withoutDelimiters(u media.AccessUnit) string {
	var b []byte
	for _, n := range u.NALUs {
		if n[0]&typeMask != typeAUD {
			b = append(append(b, n...), 0, 0, 0, 1)
		}
	}
	return string(b)
}

// checkLoss loses packets and checks that what comes out is whole, in order, and all that no hole touched.
func checkLoss(t *testing.T, all []Packet, whole map[int64]string, lost []int) {
	t.Helper()
	left := lose(all, lost...)
	untouched := map[int64]bool{}
	for i, p := range left {
		if i == 0 || p.Time != left[i-1].Time {
			untouched[p.Time] = i == 0 || left[i-1].Payload != nil
		}
		untouched[p.Time] = untouched[p.Time] && p.Payload != nil
	}
	var d Depacketizer
	last := int64(-1)
	for _, u := range push(&d, left) {
		require.Equal(t, whole[u.Time], withoutDelimiters(u), "lost %v", lost)
		require.Greater(t, u.Time, last, "lost %v", lost)
		last = u.Time
		delete(untouched, u.Time)
	}
	for at, missing := range untouched {
		require.False(t, missing, "the unit at %d is missing; lost %v", at, lost)
	}
}

// TestAnyLoss is the property that the package promises: whatever is lost, only whole units come out.
func TestAnyLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	streams := map[string][]Packet{
		"real": fromRTP(realPackets(t)), "slices": sliced(rng, false), "slices and delimiters": sliced(rng, true),
	}
	for name, all := range streams {
		t.Run(name, func(t *testing.T) {
			var d Depacketizer
			whole := map[int64]string{}
			for _, u := range push(&d, all) {
				whole[u.Time] = withoutDelimiters(u)
			}
			for _, burst := range []int{1, 2, 5, 20} {
				for _, one := range []int{3, 10, 100, 400} { // one hole in so many packets
					for range 20 {
						var lost []int
						for i := 0; i < len(all); i++ {
							if rng.IntN(one) > 0 {
								continue
							}
							for range 1 + rng.IntN(burst) {
								if i < len(all) {
									lost = append(lost, i)
								}
								i++
							}
						}
						checkLoss(t, all, whole, lost)
					}
				}
			}
		})
	}
}

// TestEmptyAfterHole has an empty packet come between a hole and a unit of the same time that is plainly whole.
func TestEmptyAfterHole(t *testing.T) {
	var d Depacketizer
	require.Len(t, push(&d, packets(0, aud, idr)), 1)
	after := append([]Packet{{Payload: []byte{}, Time: 2, Run: 1, Hole: true}}, packets(2, aud, slice)...)
	require.Equal(t, [][][]byte{{aud, slice}}, nalusOf(push(&d, after)))
	require.Empty(t, push(&d, packets(3, nil, slice2)), "the beginning is missing")
	after = append([]Packet{{Payload: []byte{}, Time: 4, Run: 1, Hole: true}}, packets(4, slice2)...)
	require.Empty(t, push(&d, after), "it may be")
	after = append([]Packet{{Payload: []byte{}, Time: 5, Run: 1, Hole: true}}, packets(6, slice2)...)
	require.Len(t, push(&d, after), 1, "it is of another time")
}

// TestWithoutPicture has what is no picture come with the marker, and with a time of its own.
func TestWithoutPicture(t *testing.T) {
	all := slices.Concat(
		packets(1, sps), packets(2, pps), packets(2, idr), packets(3, slice), packets(3, sei), packets(4, slice),
	)
	var d Depacketizer
	units := push(&d, all)
	require.Equal(t, [][][]byte{{sps, pps, idr}, {slice}, {sei, slice}}, nalusOf(units))
	require.EqualValues(t, 2, units[0].Time)
	require.Equal(t, all[1].Arrival, units[0].Arrival)
	require.Zero(t, d.Dropped)

	require.Empty(t, push(&d, packets(5, sps)))
	lossy := append([]Packet{{}}, packets(6, sps, idr)...)
	require.Equal(t, [][][]byte{{sps, idr}}, nalusOf(push(&d, lossy)))
	require.EqualValues(t, 1, d.Dropped)
}

// TestMemory wants a unit to hold little more memory than its bytes, after much larger ones, too.
func TestMemory(t *testing.T) {
	var d Depacketizer
	large := append([]byte{0x65, 0x88}, make([]byte, 1<<16)...)
	for range 3 {
		require.Len(t, push(&d, packets(1, large)), 1)
		require.Len(t, push(&d, packets(2, slice)), 1)
		require.LessOrEqual(t, cap(d.unit.data), 64)
	}
}

// FuzzPush feeds packets made of the input: for each a byte of flags, whose three highest bits are those of the length,
// a byte with the rest of the length, and the payload.
func FuzzPush(f *testing.F) {
	seed := func(payloads ...[]byte) {
		var b []byte
		for _, p := range payloads {
			b = append(append(b, byte(len(p)>>8<<5), byte(len(p))), p...)
		}
		f.Add(b)
	}
	seed(sps, pps, idr, slice, slice2)
	seed(stapA(sps, pps), idr)
	seed(fuA(idr, 3)...)
	f.Add([]byte{1, 2, 0x41, 0x9A, 0, 0, 7, 2, 0x41, 0x9A, 8, 3, 0x7C, 0x85, 1})
	var captured []byte
	next := byte(0)
	for _, p := range realPackets(f)[:80] {
		flags := byte(len(p.Payload)>>8<<5) | next
		if next = 0; p.Marker {
			flags, next = flags|1, 4 // the next one is of another time
		}
		captured = append(append(captured, flags, byte(len(p.Payload))), p.Payload...)
	}
	f.Add(captured)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := Depacketizer{}
		var at int64
		run, pushed, out := 0, uint64(0), uint64(0)
		for len(data) >= 2 {
			flags, size := data[0], min(int(data[0]>>5)<<8|int(data[1]), len(data)-2)
			p := Packet{Payload: data[2 : 2+size], Marker: flags&1 != 0, Hole: flags&2 != 0}
			data = data[2+size:]
			at += int64(flags >> 2 & 1)
			run += int(flags >> 3 & 1)
			p.Time, p.Run = at, run
			d.Freeze = flags&16 != 0
			pushed++
			units := d.Push(nil, p)
			require.LessOrEqual(t, len(units), 2)
			for _, u := range units {
				out++
				bytes := 0
				require.NotEmpty(t, u.NALUs)
				require.LessOrEqual(t, len(u.NALUs), maxUnitNALUs)
				for _, n := range u.NALUs {
					require.NotEmpty(t, n)
					kind := n[0] & typeMask
					require.True(t, kind >= 1 && kind <= typeLast, kind)
					bytes += len(n)
				}
				require.LessOrEqual(t, bytes, maxUnitBytes)
				require.False(t, u.Damaged && d.Freeze)
			}
		}
		require.LessOrEqual(t, d.Dropped+out, pushed)
	})
}
