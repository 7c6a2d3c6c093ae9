package inbox

import (
	"context"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Unix(1_700_000_000, 0)

func datagram(link, ms int) *Datagram {
	return &Datagram{Link: link, Arrival: start.Add(time.Duration(ms) * time.Millisecond)}
}

func TestOrder(t *testing.T) {
	in := New(3)
	require.Nil(t, in.Take())
	for _, d := range []*Datagram{
		datagram(0, 5), datagram(0, 9), datagram(2, 1), datagram(2, 7), datagram(2, 8), datagram(1, 7), datagram(1, 6),
	} {
		require.True(t, in.Deliver(t.Context(), d))
	}
	type taken struct{ link, ms int }
	var got []taken
	for d := in.Take(); d != nil; d = in.Take() {
		got = append(got, taken{d.Link, int(d.Arrival.Sub(start).Milliseconds())})
	}
	// By arrival; of two at once the lower link's first; within a link as it was delivered.
	require.Equal(t, []taken{{2, 1}, {0, 5}, {1, 7}, {1, 6}, {2, 7}, {2, 8}, {0, 9}}, got)
	require.Nil(t, in.Take())
}

func TestWake(t *testing.T) {
	in := New(2)
	select {
	case <-in.Wake():
		t.Fatal("woken without cause")
	default:
	}
	for i := range 5 {
		require.True(t, in.Deliver(t.Context(), datagram(i%2, i)))
	}
	<-in.Wake()
	select {
	case <-in.Wake():
		t.Fatal("one wake for all that waits")
	default:
	}
	require.True(t, in.Deliver(t.Context(), datagram(0, 9)))
	<-in.Wake()
}

func TestFull(t *testing.T) {
	in := New(2)
	for i := range queueSize {
		require.True(t, in.Deliver(t.Context(), datagram(0, i)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := datagram(0, queueSize)
	delivered := make(chan bool)
	go func() { delivered <- in.Deliver(ctx, refused) }()
	require.True(t, in.Deliver(t.Context(), datagram(1, 0)), "a full link holds up no other")
	cancel()
	require.False(t, <-delivered, "the end of the context frees the writer")

	go func() { delivered <- in.Deliver(t.Context(), datagram(0, queueSize)) }()
	for i := 0; i <= queueSize+1; {
		if d := in.Take(); d != nil {
			require.NotSame(t, refused, d)
			i++
		} else {
			<-in.Wake()
		}
	}
	require.True(t, <-delivered)
	require.Nil(t, in.Take())

	require.True(t, in.Deliver(ctx, datagram(0, 0)), "while there is room the context is no matter")
}

// TestBoundary hands 200,000 datagrams over while the queues keep going between full and empty.
func TestBoundary(t *testing.T) {
	const links, each = 4, 50_000
	in := New(links)
	var pool Pool
	var writers sync.WaitGroup
	for link := range links {
		writers.Go(func() {
			for n := range each {
				d := pool.Get()
				d.Link, d.Arrival = link, start.Add(time.Duration(n))
				d.Buffer()[0], d.Buffer()[1], d.Buffer()[2] = byte(n), byte(n>>8), byte(n>>16)
				d.SetSize(3)
				if !in.Deliver(t.Context(), d) {
					t.Error("not delivered")
				}
			}
		})
	}
	var next [links]int
	for total := 0; total < links*each; {
		d := in.Take()
		if d == nil {
			<-in.Wake()
			continue
		}
		n := int(d.Bytes()[0]) | int(d.Bytes()[1])<<8 | int(d.Bytes()[2])<<16
		if n != next[d.Link] {
			t.Fatalf("link %d: got %d, want %d", d.Link, n, next[d.Link])
		}
		next[d.Link]++
		total++
		pool.Put(d)
		if total%(3*queueSize) == 0 { // let the queues run full
			for link := range links {
				for next[link]+queueSize < each && in.rings[link].tail.Load()-in.rings[link].head.Load() < queueSize {
					<-in.Wake()
				}
			}
		}
	}
	writers.Wait()
	require.Nil(t, in.Take())
}

func TestPool(t *testing.T) {
	var pool Pool
	d := pool.Get()
	require.Len(t, d.Buffer(), MaxDatagram)
	require.Empty(t, d.Bytes())
	copy(d.Buffer(), "abc")
	d.SetSize(3)
	require.Equal(t, "abc", string(d.Bytes()))
	d.SetSize(MaxDatagram + 1)
	require.Len(t, d.Bytes(), MaxDatagram)

	d.Link, d.From, d.Arrival, d.Truncated = 3, netip.MustParseAddrPort("192.0.2.1:9"), start, true
	d.Timestamp, d.Payload, d.Counted = 5, d.Bytes(), true
	pool.Put(d)
	require.Equal(t, Datagram{buf: d.buf}, *d)
}

// What a burst needed is not kept for ever.
func TestPoolIsBounded(t *testing.T) {
	for _, size := range []int{1, smallSize, smallSize + 1, MaxDatagram} {
		var pool Pool
		var burst []*Datagram
		for range 2 * maxSpare {
			burst = append(burst, pool.GetFor(size))
		}
		for _, d := range burst {
			require.GreaterOrEqual(t, len(d.Buffer()), size)
			pool.Put(d)
		}
		require.Equal(t, maxSpare, len(pool.small)+len(pool.large))
		require.Same(t, burst[maxSpare-1], pool.GetFor(size), "the one used last is the one that caches have")
	}
}

func TestFit(t *testing.T) {
	var pool Pool
	for _, size := range []int{0, 1, smallSize - 1, smallSize, smallSize + 1, MaxDatagram} {
		d := pool.Get()
		for i := range d.Buffer() {
			d.Buffer()[i] = byte(i * 7)
		}
		d.SetSize(size)
		d.Link, d.From, d.Arrival, d.Truncated = 3, netip.MustParseAddrPort("192.0.2.1:9"), start, true
		want, content := *d, append([]byte{}, d.Bytes()...)
		got := pool.Fit(d)
		require.Equal(t, content, got.Bytes())
		require.Equal(t, size > smallSize, d == got)
		require.Equal(t, want.Link, got.Link)
		require.Equal(t, want.From, got.From)
		require.Equal(t, want.Arrival, got.Arrival)
		require.Equal(t, want.Truncated, got.Truncated)
		require.Same(t, got, pool.Fit(got))
		if d != got {
			require.Same(t, d, pool.Get(), "the large one is there for the next")
		}
	}
}

func TestCost(t *testing.T) {
	const n = 1000
	for _, size := range []int{smallSize, MaxDatagram} {
		var pool Pool
		var before, after runtime.MemStats
		kept := make([]*Datagram, n)
		runtime.ReadMemStats(&before)
		for i := range kept {
			kept[i] = pool.GetFor(size)
		}
		runtime.ReadMemStats(&after)
		require.InDelta(t, kept[0].Cost(), float64(after.TotalAlloc-before.TotalAlloc)/n, 16)
		require.LessOrEqual(t, kept[0].Cost(), MaxCost)
		runtime.KeepAlive(kept)
	}
}

func BenchmarkPool(b *testing.B) {
	var pool Pool
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			pool.Put(pool.Get())
		}
	})
}

func BenchmarkFit(b *testing.B) {
	var pool Pool
	b.ReportAllocs()
	for b.Loop() {
		d := pool.Get()
		d.SetSize(1226)
		pool.Put(pool.Fit(d))
	}
}

func TestAllocations(t *testing.T) {
	in := New(4)
	var pool Pool
	link := 0
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		d := pool.Get()
		d.Link = link % 4
		link++
		in.Deliver(t.Context(), d)
		pool.Put(in.Take())
	}))
}

func TestOldest(t *testing.T) {
	in := New(2)
	_, ok := in.Oldest()
	require.False(t, ok)
	require.True(t, in.Deliver(t.Context(), datagram(0, 5)))
	require.True(t, in.Deliver(t.Context(), datagram(1, 3)))
	for _, ms := range []int{3, 5} {
		at, waits := in.Oldest()
		require.True(t, waits)
		require.Equal(t, datagram(0, ms).Arrival, at)
		require.Equal(t, at, in.Take().Arrival)
	}
	_, ok = in.Oldest()
	require.False(t, ok)
}
