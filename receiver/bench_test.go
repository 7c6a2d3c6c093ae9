package receiver

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

const (
	benchmarkPace = 3 * time.Millisecond // from segment to segment: 1,000 source packets a second
	benchmarkSize = 1200
)

// BenchmarkRelease sends a lossless stream, 3 sources and 1 parity packet a segment on 4 links, over loopback into the
// channel's own sockets, and reports how long after it was sent a packet is released, in milliseconds. The time in the
// sender's system call is in it, so the time from the packet's arrival is less.
func BenchmarkRelease(b *testing.B) {
	var pool inbox.Pool
	udp, err := source.ListenUDP("", make([]int, testLinks), &pool)
	require.NoError(b, err)
	cfg := testConfig()
	cfg.Ports = udp.Ports()
	links := make([]net.Conn, testLinks)
	for i, port := range cfg.Ports {
		links[i], err = net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		require.NoError(b, err)
		defer func() { _ = links[i].Close() }()
	}
	var waits releaseTimes
	c := New(cfg, udp, &pool, slog.New(slog.DiscardHandler))
	c.SendPackets(&waits)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()

	s := benchmarkSender{links: links, sources: rtpPackets(1, 0, equalLengths(3, benchmarkSize))}
	pace := time.NewTicker(benchmarkPace)
	defer pace.Stop()
	for range 200 { // past the start, which is held
		<-pace.C
		require.NoError(b, s.send())
	}
	waits.take()
	for b.Loop() {
		<-pace.C
		require.NoError(b, s.send())
	}
	times := waits.take()
	cancel()
	require.NoError(b, <-done)
	require.NotEmpty(b, times)
	slices.Sort(times)
	b.ReportMetric(milliseconds(times[len(times)/2]), "p50-ms")
	b.ReportMetric(milliseconds(times[len(times)*99/100]), "p99-ms")
	b.ReportMetric(milliseconds(times[len(times)-1]), "max-ms")
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// benchmarkSender sends one segment after the other.
type benchmarkSender struct {
	enc     isc.Encoder
	links   []net.Conn
	sources [][]byte
	seq     uint16
}

// send sends a segment; each source carries the time at which it was coded.
func (s *benchmarkSender) send() error {
	now := uint64(time.Now().UnixNano())
	for _, p := range s.sources {
		binary.BigEndian.PutUint16(p[2:], s.seq)
		binary.BigEndian.PutUint64(p[13:], now)
		s.seq++
	}
	datagrams, err := s.enc.Encode(s.sources, 1)
	if err != nil {
		return err
	}
	for i, d := range datagrams {
		if _, err := s.links[i].Write(d); err != nil {
			return err
		}
	}
	return nil
}

// releaseTimes is a PacketOutput that takes the time from sending to release.
type releaseTimes struct {
	mu    sync.Mutex
	times []time.Duration
}

func (r *releaseTimes) WritePacket(rtp []byte, _ time.Time) error {
	d := time.Duration(time.Now().UnixNano() - int64(binary.BigEndian.Uint64(rtp[13:])))
	r.mu.Lock()
	r.times = append(r.times, d)
	r.mu.Unlock()
	return nil
}

func (r *releaseTimes) take() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	times := r.times
	r.times = nil
	return times
}
