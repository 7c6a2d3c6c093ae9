package isc

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/reedsolomon"
	"github.com/stretchr/testify/require"
)

// shapes are the losses that are timed: k sources, r parity packets, the first so many sources lost.
var shapes = []struct{ k, r, lost int }{{3, 1, 1}, {2, 2, 2}, {6, 2, 2}, {8, 3, 3}}

// randomSources makes k RTP packets of size bytes, numbered from first on.
func randomSources(rnd *rand.Rand, k, size int, first uint16) [][]byte {
	s := make([][]byte, k)
	for i := range s {
		s[i] = make([]byte, size)
		for j := range s[i] {
			s[i][j] = byte(rnd.Uint32())
		}
		setRTP(s[i], first+uint16(i), Identity{SSRC: 0x12345678, PayloadType: 96})
	}
	return s
}

func setRTP(p []byte, number uint16, id Identity) {
	p[0] = p[0]&0x3f | rtpVersion<<6
	p[1] = p[1]&0x80 | id.PayloadType
	p[2], p[3] = byte(number>>8), byte(number)
	p[8], p[9], p[10], p[11] = byte(id.SSRC>>24), byte(id.SSRC>>16), byte(id.SSRC>>8), byte(id.SSRC)
}

// BenchmarkRecover times Recover beside reedsolomon's ReconstructData on the same shapes, in turns, so that what else
// the machine does hits both alike. Both count k packets as the bytes of one operation; "ratio" is this package's
// throughput over reedsolomon's.
func BenchmarkRecover(b *testing.B) {
	for _, size := range []int{500, 1200} {
		for _, s := range shapes {
			b.Run(fmt.Sprintf("%d+%d lost %d size %d", s.k, s.r, s.lost, size), func(b *testing.B) {
				ours := recoverOnce(b, s.k, s.r, s.lost, size)
				theirs := reconstructOnce(b, s.k, s.r, s.lost, size)
				b.SetBytes(int64(s.k * size))
				b.ReportAllocs()
				var mine, other time.Duration
				const turn = 64
				for n := 0; n < b.N; n += turn {
					b.StopTimer()
					begin := time.Now()
					for range min(turn, b.N-n) {
						theirs()
					}
					other += time.Since(begin)
					b.StartTimer()
					begin = time.Now()
					for range min(turn, b.N-n) {
						ours()
					}
					mine += time.Since(begin)
				}
				b.ReportMetric(float64(other)/float64(mine), "ratio")
				b.ReportMetric(float64(other.Nanoseconds())/float64(b.N), "rs-ns/op")
			})
		}
	}
}

func recoverOnce(b *testing.B, k, r, lost, size int) func() {
	var e Encoder
	packets, err := e.Encode(randomSources(rand.New(rand.NewPCG(1, 2)), k, size, 65534), r)
	require.NoError(b, err)
	seg := gather(b, packets)
	var d Decoder
	var dst [MaxSources][]byte
	for i := range lost {
		seg.Sources[i] = nil
		dst[i] = make([]byte, size)
	}
	return func() {
		if _, err := d.Recover(seg, Identity{}, &dst); err != nil {
			b.Fatal(err)
		}
	}
}

func reconstructOnce(b *testing.B, k, r, lost, size int) func() {
	code, err := reedsolomon.New(k, r)
	require.NoError(b, err)
	shards := make([][]byte, k+r)
	for i := range shards {
		shards[i] = make([]byte, size)
	}
	copy(shards, randomSources(rand.New(rand.NewPCG(1, 2)), k, size, 65534))
	require.NoError(b, code.Encode(shards))
	return func() {
		for i := range lost {
			shards[i] = shards[i][:0]
		}
		if err := code.ReconstructData(shards); err != nil {
			b.Fatal(err)
		}
	}
}
