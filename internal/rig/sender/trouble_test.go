package sender

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
)

// A link that fails, or all of them, is counted, and nothing waits for it.
func TestFailingLinks(t *testing.T) {
	s, to := newTestStream(t, nil)
	to.err = io.ErrClosedPipe
	for i := range 3 {
		s.input(rtpPacket(uint16(i), 100), camera, epoch)
	}
	require.Equal(t, uint64(4), s.out.Failed)
	s.tick(make([]plan.Up, 4), epoch)
	for i := range 6 {
		s.input(rtpPacket(uint16(3+i), 100), camera, epoch)
	}
	s.due(epoch.Add(time.Second))
	require.Equal(t, uint64(6), s.out.Unsent)
	require.Len(t, to.datagrams, 4)
}

// broken is links of which one fails.
type broken struct {
	sink
	fails int // which
}

func (b *broken) Send(link int, datagram []byte) error {
	_ = b.sink.Send(link, datagram)
	if link == b.fails {
		return io.ErrClosedPipe
	}
	return nil
}

// A link on which each send fails loses its share before it has cost anything, though no scores come, and is probed; it
// has it back when it sends again.
func TestFailingLink(t *testing.T) {
	s, _ := newTestStream(t, nil)
	to := &broken{fails: 1}
	s.links = to
	number := uint16(0)
	carried := func(segments int) (n int) { // by the link
		to.links = to.links[:0]
		for range 3 * segments {
			number++
			s.input(rtpPacket(number, 100), camera, epoch)
		}
		for _, link := range to.links {
			if link == 1 {
				n++
			}
		}
		return n
	}
	require.Equal(t, 3, carried(10))
	require.Zero(t, s.engine.Plan().Links[1].Weight)
	require.InDelta(t, 10, carried(100), 3, "probes")
	require.Equal(t, "survives the loss of any 1 of 3 links", text(s.engine.Plan()))
	to.fails = -1
	require.Positive(t, carried(100))
	require.InDelta(t, 25, carried(25), 2)
	require.Equal(t, "survives the loss of any 1 of 4 links", text(s.engine.Plan()))
}

// Scores of 0 for all links, whoever makes them up, do not stop anything.
func TestForgedZeros(t *testing.T) {
	s, to := newTestStream(t, nil)
	for i := range 900 {
		s.input(rtpPacket(uint16(i), 100), camera, epoch)
		scores := []uint32{0, 0, 0, 0}
		if i >= 300 {
			scores[3] = uint32(i)
		}
		s.feedback(0, rig.Feedback{Scores: scores}, epoch)
		if i == 299 {
			require.Len(t, to.datagrams, 400)
		}
	}
	require.Equal(t, uint64(900), s.out.Sources)
	require.Greater(t, s.engine.Unearned(), uint64(800))
	counts := [4]int{}
	for _, link := range to.links {
		counts[link]++
	}
	for _, n := range counts[:3] {
		require.Greater(t, n, 100+25, "probes go on")
	}
	require.Zero(t, s.out.Unsent)
}

// A second program that is started by mistake is refused, counted, and told of once a minute, and not with each packet.
// It is taken as soon as the first one has ended, and so is one that was started again, whatever its SSRC.
func TestSecondProgram(t *testing.T) {
	var log bytes.Buffer
	s, to := newTestStream(t, func(c *Config) {
		c.Log, c.Parity = slog.New(slog.NewTextHandler(&log, nil)), 0
	})
	const picture = 40 * time.Millisecond
	now := epoch
	for i := range 50 * 25 { // 50 s
		s.input(rtpPacket(uint16(i), 100), camera, now)
		second := rtpPacket(uint16(30_000-i), 100)
		second[11] = 2
		s.input(second, intruder, now.Add(picture/2))
		if i%6 == 0 {
			s.tick(allUp(4), now)
		}
		now = now.Add(picture)
	}
	require.Len(t, to.datagrams, 50*25)
	require.Equal(t, uint64(50*25), s.in.Refused)
	require.Equal(t, uint64(1), s.in.Streams)
	require.Equal(t, 1, strings.Count(log.String(), "second program"))
	require.Contains(t, log.String(), "first=127.0.0.1:40000 second=[::1]:40000")

	again := rtpPacket(7, 100)
	again[11] = 3
	s.input(again, intruder, now.Add(holdsFor-picture-1))
	require.Len(t, to.datagrams, 50*25, "it was not silent for long enough")
	s.input(again, intruder, now.Add(holdsFor-picture))
	require.Len(t, to.datagrams, 50*25+1)
	s.input(rtpPacket(8, 100), camera, now.Add(holdsFor))
	require.Len(t, to.datagrams, 50*25+1, "the other one has the input now")
	require.Equal(t, uint64(2), s.in.Streams)
}

// One program that sends several streams is told of once.
func TestTwoStreams(t *testing.T) {
	var log bytes.Buffer
	s, _ := newTestStream(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for i := range 100 {
		packet := rtpPacket(uint16(i), 100)
		packet[11] = byte(i % 2)
		s.input(packet, camera, epoch)
		if i%20 == 0 {
			s.tick(allUp(4), epoch)
		}
	}
	require.Equal(t, uint64(100), s.in.Streams)
	require.Equal(t, 1, strings.Count(log.String(), "several RTP streams"))
	require.Equal(t, 1, strings.Count(log.String(), "a stream begins"))
}
