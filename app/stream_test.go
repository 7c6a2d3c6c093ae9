package app

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// clipTicks is how long the clip in c-rtp.pcap is, in RTP's 90 kHz.
const clipTicks = 10 * 90000

// timed is an RTP packet and when it is sent.
type timed struct {
	at  time.Duration
	rtp []byte
}

// clip returns the packets of c-rtp.pcap.
func clip(t testing.TB) []timed {
	t.Helper()
	payloads, records := payloads(t, testdata+"c-rtp.pcap")
	packets := make([]timed, len(payloads))
	for i, payload := range payloads {
		packets[i] = timed{records[i].Time.Sub(records[0].Time), payload}
	}
	return packets
}

// stream sends a clip over and over, in real time, coded 3+1, without any loss, to ports of this machine, until the
// test ends or what it returns is called.
func stream(t testing.TB, ports []int, ssrc uint32) (stop func()) {
	t.Helper()
	coder, err := rig.NewCoder(rig.CoderConfig{Sources: 3, Parity: 1, Links: len(ports), Wait: 20 * time.Millisecond})
	require.NoError(t, err)
	links := make([]io.Writer, len(ports))
	for i, port := range ports {
		socket, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		require.NoError(t, err)
		t.Cleanup(func() { _ = socket.Close() })
		links[i] = socket
	}
	packets := clip(t)
	ctx, cancel := context.WithCancel(context.Background())
	var sender sync.WaitGroup
	sender.Go(func() {
		began := time.Now()
		for n := 0; ctx.Err() == nil; n++ {
			round, at := n/len(packets), n%len(packets)
			if sleepUntil(ctx, began.Add(time.Duration(round)*10*time.Second+packets[at].at)) != nil {
				return
			}
			var packet rtp.Packet
			if packet.Unmarshal(packets[at].rtp) != nil {
				t.Error("not RTP")
				return
			}
			packet.SSRC = ssrc
			packet.SequenceNumber += uint16(round * len(packets))
			packet.Timestamp += uint32(round) * clipTicks
			data, err := packet.Marshal()
			if err != nil {
				t.Error(err)
				return
			}
			datagrams, err := coder.Push(nil, data, time.Now())
			if err != nil {
				t.Error(err)
				return
			}
			for _, d := range datagrams {
				_, _ = links[d.Link].Write(d.Data) // nobody may listen
			}
		}
	})
	stop = func() {
		cancel()
		sender.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// await waits until the run's snapshot is as it should be.
func await(t testing.TB, r *Run, as func(status.Snapshot) bool) {
	t.Helper()
	require.Eventually(t, func() bool { return as(r.Snapshot()) }, patience, 10*time.Millisecond)
}

// find returns a channel of a snapshot.
func find(t testing.TB, s status.Snapshot, id string) status.Channel {
	t.Helper()
	i := slices.IndexFunc(s.Channels, func(c status.Channel) bool { return c.ID == id })
	require.GreaterOrEqual(t, i, 0, id)
	return s.Channels[i]
}
