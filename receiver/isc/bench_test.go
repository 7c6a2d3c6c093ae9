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

// BenchmarkRecover times Recover beside reedsolomon's ReconstructData on the same shapes, in turns of a few
// microseconds, so that what else the machine does hits both alike. Both lose one set of neighbouring sources after the
// other, are given room for what they solve, and count k packets as the bytes of one operation. "ratio" is this
// package's throughput over reedsolomon's; ns/op and MB/s are this package's alone.
func BenchmarkRecover(b *testing.B) {
	for _, size := range []int{500, 1200} {
		for _, s := range shapes {
			b.Run(fmt.Sprintf("k=%d,r=%d,lost=%d/%d", s.k, s.r, s.lost, size), func(b *testing.B) {
				ours := recoverOnce(b, s.k, s.r, s.lost, size)
				theirs := reconstructOnce(b, s.k, s.r, s.lost, size)
				var mine, other time.Duration
				const turn = 16
				n := 0
				for first := 0; n < b.N; n, first = n+turn, (first+1)%s.k {
					begin := time.Now()
					for range turn {
						theirs(first)
					}
					middle := time.Now()
					for range turn {
						ours(first)
					}
					mine += time.Since(middle)
					other += middle.Sub(begin)
				}
				bytes := float64(n * s.k * size)
				b.ReportMetric(testing.AllocsPerRun(100, func() { ours(0) }), "allocs")
				b.ReportMetric(float64(mine.Nanoseconds())/float64(n), "ns/op")
				b.ReportMetric(bytes/mine.Seconds()/1e6, "MB/s")
				b.ReportMetric(bytes/other.Seconds()/1e6, "rs-MB/s")
				b.ReportMetric(float64(other)/float64(mine), "ratio")
			})
		}
	}
}

// recoverOnce returns a function that loses sources from the given one on, and gives them back.
func recoverOnce(b *testing.B, k, r, lost, size int) func(first int) {
	b.Helper()
	var e Encoder
	packets, err := e.Encode(randomSources(rand.New(rand.NewPCG(1, 2)), k, size, 65534), r)
	require.NoError(b, err)
	whole := gather(b, packets)
	seg := *whole
	var d Decoder
	var dst, room [MaxSources][]byte
	for i := range k {
		room[i] = make([]byte, size)
	}
	return func(first int) {
		for i := range lost {
			at := (first + i) % k
			seg.Sources[at], dst[at] = nil, room[at]
		}
		if _, err := d.Recover(&seg, Identity{}, &dst); err != nil {
			b.Fatal(err)
		}
		for i := range lost {
			at := (first + i) % k
			seg.Sources[at] = whole.Sources[at]
		}
	}
}

// reconstructOnce is the like for reedsolomon. A shard of no length but with room is one that it fills in.
func reconstructOnce(b *testing.B, k, r, lost, size int) func(first int) {
	b.Helper()
	code, err := reedsolomon.New(k, r)
	require.NoError(b, err)
	shards := make([][]byte, k+r)
	for i := range shards {
		shards[i] = make([]byte, size)
	}
	copy(shards, randomSources(rand.New(rand.NewPCG(1, 2)), k, size, 65534))
	require.NoError(b, code.Encode(shards))
	return func(first int) {
		for i := range lost {
			at := (first + i) % k
			shards[at] = shards[at][:0]
		}
		if err := code.ReconstructData(shards); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncode times a whole segment, headers and parity.
func BenchmarkEncode(b *testing.B) {
	for _, s := range shapes {
		b.Run(fmt.Sprintf("k=%d,r=%d", s.k, s.r), func(b *testing.B) {
			packets := randomSources(rand.New(rand.NewPCG(1, 2)), s.k, 1200, 0)
			var e Encoder
			b.SetBytes(int64(s.k * 1200))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Encode(packets, s.r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParse times the header and its checks.
func BenchmarkParse(b *testing.B) {
	var e Encoder
	packets, err := e.Encode(randomSources(rand.New(rand.NewPCG(1, 2)), 3, 1200, 0), 1)
	require.NoError(b, err)
	var h Header
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(packets[3], &h); err != nil {
			b.Fatal(err)
		}
	}
}
