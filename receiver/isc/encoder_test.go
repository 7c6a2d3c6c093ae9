package isc

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEncodeRandom holds both forms against the oracle, for any k, r and lengths.
func TestEncodeRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(17, 18))
	var minimal Encoder
	padded := Encoder{Padded: true}
	for range 500 {
		k, r := 1+rnd.IntN(MaxSources), rnd.IntN(MaxParity+1)
		whole, packets := randomSegment(rnd, k, 0)
		for _, e := range []*Encoder{&minimal, &padded} {
			datagrams, err := e.Encode(packets, r)
			require.NoError(t, err)
			require.Len(t, datagrams, k+r)
			for i, datagram := range datagrams {
				want := Header{Segment: whole.Number, Lengths: whole.Lengths, Redundancy: uint16(r), Number: uint16(i)}
				payload := datagram[HeaderSize:]
				if i < k {
					require.Equal(t, packets[i], payload)
				} else {
					want.Number = uint16(parityBase + i - k)
					form := oracleParity
					if e.Padded {
						form = oraclePadded
					}
					require.Equal(t, form(packets, i-k), payload)
				}
				var h Header
				_, err := Parse(datagram, &h)
				require.NoError(t, err)
				require.Equal(t, want, h)
			}
		}
	}
}

func TestEncodeLongest(t *testing.T) {
	packets := make([][]byte, MaxSources)
	for i := range packets {
		packets[i] = bytes.Repeat([]byte{0xff}, MaxLength)
		setRTP(packets[i], uint16(i), Identity{SSRC: 0xffffffff, PayloadType: 127})
		packets[i][0] = 0xbf
	}
	var e Encoder
	datagrams, err := e.Encode(packets, MaxParity)
	require.NoError(t, err)
	whole := gather(t, datagrams)
	var d Decoder
	for m := range MaxSources {
		seg, dst := lose(whole, 2<<m-1, 2<<m-1)
		_, err := d.Recover(&seg, Identity{}, &dst)
		require.NoError(t, err)
		requireRecovered(t, whole, 2<<m-1, &dst)
	}
}

func TestEncodeMistakes(t *testing.T) {
	good := rtpPacket(100)
	for _, c := range []struct {
		name    string
		packets [][]byte
		r       int
		want    error
	}{
		{"none", nil, 1, ErrSources},
		{"nine", [][]byte{good, good, good, good, good, good, good, good, good}, 1, ErrSources},
		{"short", [][]byte{good, good[:11]}, 1, ErrLength},
		{"long", [][]byte{rtpPacket(MaxLength + 1)}, 1, ErrLength},
		{"version", [][]byte{make([]byte, 12)}, 1, ErrVersion},
		{"parity 10", [][]byte{good}, MaxParity + 1, ErrRedundancy},
		{"parity -1", [][]byte{good}, -1, ErrRedundancy},
	} {
		var e Encoder
		_, err := e.Encode(c.packets, c.r)
		require.ErrorIs(t, err, c.want, c.name)
	}
}

func TestEncodeAllocs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(19, 20))
	_, packets := randomSegment(rnd, MaxSources, 0)
	for _, padded := range []bool{false, true} {
		e := Encoder{Padded: padded}
		require.Zero(t, testing.AllocsPerRun(20, func() {
			if _, err := e.Encode(packets, MaxParity); err != nil {
				t.Fatal(err)
			}
		}))
	}
}

// FuzzRoundTrip encodes a random segment, loses packets, and expects them back.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint64(1), byte(3), byte(1), uint16(1), uint16(1), false)
	f.Add(uint64(2), byte(8), byte(4), uint16(0b11010000), uint16(0b1101), true)
	f.Add(uint64(3), byte(8), byte(9), uint16(0xff), uint16(0x1fe), false)
	f.Add(uint64(4), byte(2), byte(2), uint16(3), uint16(3), true)
	all := determinants()
	f.Fuzz(func(t *testing.T, seed uint64, k, r byte, missing, rows uint16, padded bool) {
		k, r = max(1, k%(MaxSources+1)), r%(MaxParity+1)
		missing &= 1<<k - 1
		rows &= 1<<r - 1
		_, packets := randomSegment(rand.New(rand.NewPCG(seed, 0)), int(k), 0)
		e := Encoder{Padded: padded}
		datagrams, err := e.Encode(packets, int(r))
		require.NoError(t, err)
		whole := gather(t, datagrams)
		seg, dst := lose(whole, missing, rows)
		var d Decoder
		used, err := d.Recover(&seg, Identity{}, &dst)
		if err != nil {
			require.Equal(t, ErrNotYet, err)
			m := bits.OnesCount16(missing)
			if m == bits.OnesCount16(rows) {
				require.Zero(t, all[[2]uint16{rows, missing}])
			}
			return
		}
		require.Equal(t, bits.OnesCount16(missing), bits.OnesCount16(used))
		requireRecovered(t, whole, missing, &dst)
	})
}
