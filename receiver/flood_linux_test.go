package receiver

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkFlood measures what a datagram of each kind of flood costs the pipeline, at 10,000 of them a second beside a
// live stream without loss. It reports the time of the processor, too, which other programs do not change.
func BenchmarkFlood(b *testing.B) {
	for _, kind := range floods {
		b.Run(kind.name, func(b *testing.B) {
			l := newPath(3, 1, 0)
			l.warm()
			f := newFlooder(1)
			flood := func(n int) {
				if n%8 == 0 {
					f.near = uint16(l.pipeline.current.ref)
					l.ready(b)
					l.step()
				}
				d := l.pool.Get()
				d.Link, d.From, d.Arrival = n%testLinks, elsewhere(n%testLinks), l.now
				d.SetSize(copy(d.Buffer(), kind.make(f)))
				l.pipeline.Push(&l.res, l.now, d)
				l.res.Reset()
			}
			for n := range 40_000 {
				flood(n)
			}
			b.ReportAllocs()
			began := processorTime(b)
			n := 0
			for b.Loop() {
				flood(n)
				n++
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(n), "cpu-ns/op")
		})
	}
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
