package rig

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// allOutages is how long the demonstration has to run for each of four links to have died once.
const allOutages = outageFirst + 4*outageEvery

// arrived is a segment as a receiver sees it.
type arrived struct {
	isc.Segment
	first, last time.Time // its first datagram, and that which made it complete
	received    int
	redundancy  int
	carried     [4]int
}

func (a *arrived) sources() int {
	n := 0
	for n < len(a.Lengths) && a.Lengths[n] > 0 {
		n++
	}
	return n
}

// arrivals gathers what a demonstration over four links sends, in virtual time. Only one goroutine writes to it.
type arrivals struct {
	t        *testing.T
	segments []*arrived
	index    map[uint16]*arrived
	bytes    int // with headers of IPv4 and UDP
	count    int
}

func (a *arrivals) take(link int, datagram []byte) {
	var h isc.Header
	payload, err := isc.Parse(datagram, &h)
	if err != nil || link != int(h.Interface) {
		a.t.Errorf("link %d: header %+v: %v", link, h, err)
		return
	}
	a.bytes += len(datagram) + 28
	a.count++
	now := time.Now()
	s := a.index[h.Segment]
	if s == nil {
		s = &arrived{first: now, redundancy: int(h.Redundancy)}
		s.Number, s.Lengths = h.Segment, h.Lengths
		a.index[h.Segment] = s
		a.segments = append(a.segments, s)
	}
	if s.Lengths != h.Lengths || s.redundancy != int(h.Redundancy) {
		a.t.Errorf("headers of one segment differ: %+v", h)
	}
	s.carried[link]++
	if s.received++; s.received <= h.Sources() {
		s.last = now
	}
	if h.IsParity() {
		s.Parity[h.Row()] = payload
	} else {
		s.Sources[h.Number] = payload
	}
}

// linkEnd is a link's end in virtual time.
type linkEnd struct {
	arrivals *arrivals
	link     int
}

func (e linkEnd) Write(datagram []byte) (int, error) {
	e.arrivals.take(e.link, datagram)
	return len(datagram), nil
}

// stream runs the demonstration over four links for a while of virtual time.
func stream(t *testing.T, seed uint64, span time.Duration) *arrivals {
	t.Helper()
	a := &arrivals{t: t, index: make(map[uint16]*arrived)}
	synctest.Test(t, func(t *testing.T) {
		var outs []io.Writer
		for link := range 4 {
			outs = append(outs, linkEnd{a, link})
		}
		s, err := newDemoStream(outs, seed, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		require.NoError(t, s.run(ctx))
	})
	return a
}

// Each link dies once, and still every picture of the clip arrives whole, in order, through several loops.
func TestDemoLosesNothing(t *testing.T) {
	clip, err := ParseClip(demoClip)
	require.NoError(t, err)
	a := stream(t, 1, allOutages)

	var decoder isc.Decoder
	var slowest time.Duration
	var packets []*rtp.Packet
	complete := a.segments[:len(a.segments)-20] // the last ones were still on their way
	recovered, kept := 0, 0
	for i, s := range complete {
		var dst [isc.MaxSources][]byte
		for n := range s.sources() {
			if kept++; s.Sources[n] == nil {
				recovered++
				dst[n] = make([]byte, isc.MaxLength)
			}
		}
		_, err := decoder.Recover(&s.Segment, isc.Identity{}, &dst)
		require.NoError(t, err, "segment %d of %d", i, len(a.segments))
		for n := range s.sources() {
			raw := s.Sources[n]
			if raw == nil {
				raw = dst[n][:s.Lengths[n]]
			}
			packet := new(rtp.Packet)
			require.NoError(t, packet.Unmarshal(raw))
			packets = append(packets, packet)
		}
		require.Equal(t, demoParity, s.redundancy)
		for _, n := range s.carried {
			require.LessOrEqual(t, n, 2)
		}
		slowest = max(slowest, s.last.Sub(s.first))
	}
	require.Less(t, slowest, 100*time.Millisecond, "half the usual latency budget")
	units := requireWholeClip(t, clip, packets)
	t.Logf("%d datagrams (%.0f/s), %d bytes with IP (%.0f kb/s), %d segments, %d packets of which %d recovered, "+
		"%d units, slowest segment %v", a.count, float64(a.count)/allOutages.Seconds(), a.bytes,
		float64(a.bytes)*8/1000/allOutages.Seconds(), len(a.segments), kept, recovered, units, slowest)
}

// requireWholeClip puts the packets of segments that arrived in any order together, requires that they are the clip
// from its beginning, and returns how many units there were.
func requireWholeClip(t *testing.T, clip *Clip, packets []*rtp.Packet) int {
	t.Helper()
	ordered := make(map[uint16]*rtp.Packet, len(packets))
	lowest := packets[0].SequenceNumber
	for _, p := range packets {
		ordered[p.SequenceNumber] = p
		if int16(p.SequenceNumber-lowest) < 0 && len(ordered) < 100 {
			lowest = p.SequenceNumber
		}
	}
	require.Len(t, ordered, len(packets), "none comes twice")
	decoder := rtph264.Decoder{PacketizationMode: 1}
	require.NoError(t, decoder.Init())
	units := 0
	start := ordered[lowest].Timestamp
	for i := range len(packets) {
		p := ordered[lowest+uint16(i)]
		if p == nil {
			require.Greater(t, i, len(packets)-100, "only the end may be torn")
			break
		}
		require.Equal(t, start+uint32(units)*demoTicks, p.Timestamp, "timestamps go on through the loop")
		unit, err := decoder.Decode(p)
		if err == nil {
			require.True(t, p.Marker)
			if !slices.EqualFunc(clip.Unit(units), unit, bytes.Equal) {
				t.Fatalf("unit %d is not the clip's", units)
			}
			units++
		}
	}
	require.Greater(t, units, 2*len(clip.units), "some loops")
	return units
}

func TestDemoIsTheSameForASeed(t *testing.T) {
	a, b, c := stream(t, 5, 10*time.Second), stream(t, 5, 10*time.Second), stream(t, 6, 10*time.Second)
	require.Equal(t, a.segments, b.segments)
	require.NotEqual(t, a.segments, c.segments)
}

func TestDemoOverSockets(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var listeners sync.WaitGroup
	defer listeners.Wait()
	defer cancel()
	var to []netip.AddrPort
	arrived := make(chan int)
	for link := range 4 {
		socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		to = append(to, socket.LocalAddr().(*net.UDPAddr).AddrPort())
		if link == 3 {
			require.NoError(t, socket.Close(), "nobody listens on the last link")
			continue
		}
		defer func() { _ = socket.Close() }()
		listeners.Go(func() { answer(ctx, socket, link, arrived) })
	}

	feedback := make(chan [2]int)
	done := make(chan error, 1)
	go func() {
		done <- RunDemo(ctx, DemoConfig{
			To: to, Seed: 1, Log: slog.New(slog.DiscardHandler),
			OnFeedback: func(link int, f Feedback) {
				select {
				case feedback <- [2]int{link, int(f.Scores[0])}:
				case <-ctx.Done():
				}
			},
		})
	}()

	datagrams, answers := map[int]int{}, map[int]int{}
	for len(answers) < 3 || datagrams[0] < 20 || datagrams[1] < 20 || datagrams[2] < 20 {
		select {
		case link := <-arrived:
			datagrams[link]++
		case f := <-feedback:
			require.Equal(t, 1000+f[0], f[1], "each link gets its own feedback")
			answers[f[0]]++
		case err := <-done:
			require.NoError(t, err, "ended too soon")
			return
		}
	}
	cancel()
	require.NoError(t, <-done)
}

// answer reports every datagram that is coded as it should be, and answers it with bad and good feedback.
func answer(ctx context.Context, socket *net.UDPConn, link int, arrived chan<- int) {
	buffer := make([]byte, 2048)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		var h isc.Header
		if _, err := isc.Parse(buffer[:n], &h); err != nil {
			continue
		}
		_, _ = socket.WriteToUDPAddrPort([]byte("0@nonsense"), from)
		_, _ = socket.WriteToUDPAddrPort([]byte("0@100"+string(rune('0'+link))), from)
		select {
		case arrived <- link:
		case <-ctx.Done():
			return
		}
	}
}

func TestDemoNeedsLinks(t *testing.T) {
	require.ErrorIs(t, RunDemo(t.Context(), DemoConfig{Log: slog.New(slog.DiscardHandler)}), ErrCoding)
}
