package source

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// Variables that make a process of this test the sender: to which port, and how many datagrams.
const (
	sendTo   = "ISC_BENCH_SEND_TO"
	sendMany = "ISC_BENCH_SEND_MANY"
)

// sendRate is how many datagrams of 1,200 bytes are sent a second.
const sendRate = 10_000

// BenchmarkSources measures how much of a processor it takes to receive 10,000 datagrams a second, in the programs of
// this process alone: the sender is another one. Run it with -benchtime=50000x.
func BenchmarkSources(b *testing.B) {
	if os.Getenv(sendTo) != "" {
		sendPaced(b)
		return
	}
	b.Run("udp", func(b *testing.B) {
		pool := new(inbox.Pool)
		u, err := ListenUDP("", []int{0}, pool)
		require.NoError(b, err)
		measure(b, u.Ports()[0], pool, u.Run)
	})
	for _, device := range []string{"lo", ""} {
		b.Run("capture/"+device, func(b *testing.B) {
			owner, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
			require.NoError(b, err)
			defer func() { require.NoError(b, owner.Close()) }()
			port, pool := owner.LocalAddr().(*net.UDPAddr).Port, new(inbox.Pool)
			c, err := ListenCapture(device, []int{port}, pool)
			if errors.Is(err, ErrPermission) {
				b.Skip("capturing takes CAP_NET_RAW: ", err)
			}
			require.NoError(b, err)
			measure(b, port, pool, c.Run)
		})
	}
}

// measure runs a source while another process sends to a port.
func measure(b *testing.B, port int, pool *inbox.Pool, run func(context.Context, *inbox.Inbox) error) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	in, done := inbox.New(1), make(chan error)
	go func() { done <- run(ctx, in) }()
	sender := exec.CommandContext(ctx, os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkSources$", "-test.benchtime=1x")
	sender.Env = append(os.Environ(), sendTo+"="+strconv.Itoa(port), sendMany+"="+strconv.Itoa(b.N))
	b.ReportAllocs()
	began := processorTime(b)
	b.ResetTimer()
	require.NoError(b, sender.Start())
	timeout := time.After(patience + time.Duration(b.N)*time.Second/sendRate)
	for received := 0; received < b.N; {
		if d := in.Take(); d != nil {
			pool.Put(d)
			received++
			continue
		}
		select {
		case <-in.Wake():
		case <-timeout:
			b.Fatal("datagrams are missing: ", b.N-received)
		}
	}
	b.StopTimer()
	used := processorTime(b) - began
	b.ReportMetric(100*used.Seconds()*sendRate/float64(b.N), "%core@10k/s")
	require.NoError(b, sender.Wait())
	stop()
	require.NoError(b, <-done)
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// sendPaced sends as the environment says.
func sendPaced(b *testing.B) {
	b.Helper()
	port, err := strconv.Atoi(os.Getenv(sendTo))
	require.NoError(b, err)
	left, err := strconv.Atoi(os.Getenv(sendMany))
	require.NoError(b, err)
	conn, payload := dial(b, port), fill(1200)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for begun, sent := time.Now(), 0; sent < left; <-ticker.C {
		for due := int(time.Since(begun).Seconds() * sendRate); sent < min(due, left); sent++ {
			send(b, conn, payload)
		}
	}
}
