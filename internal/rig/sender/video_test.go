package sender

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/await"
	"github.com/isc-receiver/isc-receiver/internal/rig"
)

// start runs a sender until the function that it returns is called.
func start(t *testing.T, s *Sender) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}

// video is RTP that is sent in real time, and what came of it.
type video struct {
	t       *testing.T
	cancel  context.CancelFunc
	sending sync.WaitGroup
	reading sync.WaitGroup
	back    *net.UDPConn
	sent    [][]byte
	got     [][]byte
	came    atomic.Int64 // how many of got
}

// startVideo sends the clip of the demonstration to an address, in small packets, and gathers what comes back.
func startVideo(t *testing.T, to netip.AddrPort, back *net.UDPConn) *video {
	t.Helper()
	stream, err := os.ReadFile(filepath.Join("..", "demo.h264"))
	require.NoError(t, err)
	clip, err := rig.ParseClip(stream)
	require.NoError(t, err)
	packetizer, err := rig.NewPacketizer(rig.PacketizerConfig{
		SSRC: 7, PayloadType: 96, Sequence: 65_000, MaxSize: 250, Multiple: 1,
	})
	require.NoError(t, err)
	out, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	v := &video{t: t, cancel: cancel, back: back}
	v.sending.Go(func() {
		defer func() { _ = out.Close() }()
		ticker := time.NewTicker(40 * time.Millisecond)
		defer ticker.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			packets, err := packetizer.Packetize(clip.Unit(n), uint32(n)*3600)
			if err != nil {
				t.Error(err)
				return
			}
			for _, packet := range packets {
				v.sent = append(v.sent, packet)
				if _, err := out.Write(packet); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	v.reading.Go(func() {
		buffer := make([]byte, 2048)
		for {
			n, err := back.Read(buffer)
			if err != nil {
				return
			}
			v.got = append(v.got, bytes.Clone(buffer[:n]))
			v.came.Add(1)
		}
	})
	return v
}

// stop ends the sending, waits until as many packets have come, and a little for more, and returns how many were sent.
func (v *video) stop() uint64 {
	v.t.Helper()
	v.cancel()
	v.sending.Wait()
	await.Until(v.t, "all has come back", func() bool { return v.came.Load() >= int64(len(v.sent)) })
	require.NoError(v.t, v.back.SetReadDeadline(time.Now().Add(time.Second)))
	v.reading.Wait()
	return uint64(len(v.sent))
}

// requireSame requires that what came back is what was sent.
func (v *video) requireSame() {
	v.t.Helper()
	require.Len(v.t, v.got, len(v.sent))
	for i := range v.sent {
		if !bytes.Equal(v.sent[i], v.got[i]) {
			v.t.Fatalf("packet %d of %d is another one", i, len(v.sent))
		}
	}
	require.NoError(v.t, v.back.Close())
}
