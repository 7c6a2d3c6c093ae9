package source

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// BenchmarkSources measures how much of a core it takes to take in 10,000 datagrams a second from sockets, and from
// what is captured beside the program that has the ports. Another process sends, so its work does not count.
func BenchmarkSources(b *testing.B) {
	b.Run("udp", func(b *testing.B) {
		pool := new(inbox.Pool)
		u, err := ListenUDP("", make([]int, benchLinks), pool)
		require.NoError(b, err)
		takeIn(b, u.Ports(), pool, u.Run)
	})
	for _, device := range []string{"lo", ""} {
		b.Run("capture/"+device, func(b *testing.B) {
			var ports []int
			for range benchLinks {
				owner, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
				require.NoError(b, err)
				b.Cleanup(func() { require.NoError(b, owner.Close()) })
				ports = append(ports, owner.LocalAddr().(*net.UDPAddr).Port)
			}
			pool := new(inbox.Pool)
			c, err := ListenCapture(device, ports, pool)
			if errors.Is(err, ErrPermission) {
				b.Skip("capturing takes CAP_NET_RAW: ", err)
			}
			require.NoError(b, err)
			takeIn(b, ports, pool, c.Run)
		})
	}
}

// takeIn runs a source while another process sends to its ports, and throws away what comes.
func takeIn(b *testing.B, ports []int, pool *inbox.Pool, run func(context.Context, *inbox.Inbox) error) {
	b.Helper()
	const rate = 10_000
	ctx, cancel := context.WithCancel(b.Context())
	in, done, taken := inbox.New(len(ports)), make(chan error), make(chan struct{})
	var count atomic.Uint64
	go func() { done <- run(ctx, in) }()
	go func() {
		defer close(taken)
		for {
			select {
			case <-in.Wake():
			case <-ctx.Done():
				return
			}
			for d := in.Take(); d != nil; d = in.Take() {
				pool.Put(d)
				count.Add(1)
			}
		}
	}()
	stop := startSender(b, ports, rate)
	var used usage
	b.ReportAllocs()
	for b.Loop() {
		used.add(measure(b, count.Load))
	}
	b.ReportMetric(100*rate/used.perSecond(), "%core")
	b.ReportMetric(float64(used.datagrams)/float64(b.N)/benchSpan.Seconds(), "datagrams/s")
	stop()
	cancel()
	require.NoError(b, <-done)
	<-taken
}
