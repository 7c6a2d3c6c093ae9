package e2e

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// Of the rig in these tests.
const (
	rigSources  = 5
	rigParity   = 3
	rigInterval = 40 * time.Millisecond
	rigTicks    = 3600 // the same in RTP's 90 kHz
)

// dial opens a socket for each port of this machine.
func dial(t *testing.T, ports string) (sockets []net.Conn) {
	t.Helper()
	for port := range strings.SplitSeq(ports, ",") {
		socket, err := net.Dial("udp", "127.0.0.1:"+port) //nolint:noctx // UDP does not wait
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, socket.Close()) })
		sockets = append(sockets, socket)
	}
	return sockets
}

// liveRig sends the clip of the demonstration over links that lose nothing. What it has sent may be read at any time.
type liveRig struct {
	clips      chan *rig.Clip // what to play from now on
	began      chan time.Time // when it did, just before it sent the first packet
	packetizer *rig.Packetizer
	coder      *rig.Coder
	links      []net.Conn

	packets   atomic.Uint64 // of RTP
	datagrams atomic.Uint64
	header    atomic.Pointer[isc.Header] // of the last segment

	mu   sync.Mutex
	last map[uint16]sentPacket // those that were sent last, by sequence number
}

// sentPacket is what is kept of a packet.
type sentPacket struct {
	sum uint64
	at  time.Time
}

var seed = maphash.MakeSeed()

// demoClip is the clip of the demonstration, 640x360.
func demoClip(t *testing.T) *rig.Clip {
	t.Helper()
	stream, err := os.ReadFile(filepath.Join(repository, "internal", "rig", "demo.h264"))
	require.NoError(t, err)
	clip, err := rig.ParseClip(stream)
	require.NoError(t, err)
	return clip
}

// startLive starts a rig that sends to ports of this machine, until it is stopped.
func startLive(t *testing.T, ports string) (r *liveRig, stop func()) {
	t.Helper()
	r = &liveRig{
		links: dial(t, ports), last: map[uint16]sentPacket{}, clips: make(chan *rig.Clip), began: make(chan time.Time),
	}
	var err error
	r.packetizer, err = rig.NewPacketizer(rig.PacketizerConfig{
		SSRC: rand.Uint32(), PayloadType: 96, Sequence: uint16(rand.Uint32()),
		MaxSize: rig.MaxPacketSize, Multiple: rigSources,
	})
	require.NoError(t, err)
	r.coder, err = rig.NewCoder(rig.CoderConfig{Sources: rigSources, Parity: rigParity, Links: len(r.links)})
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	clip := demoClip(t)
	go func() { ended <- r.run(ctx, clip) }()
	return r, func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

// play has the rig play another clip from its beginning on, and returns when it began.
func (r *liveRig) play(clip *rig.Clip) time.Time {
	r.clips <- clip
	return <-r.began
}

// run sends a picture each 40 ms, and its last segment at once.
func (r *liveRig) run(ctx context.Context, clip *rig.Clip) error {
	ticker := time.NewTicker(rigInterval)
	defer ticker.Stop()
	for n, first := 0, 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		select {
		case clip = <-r.clips:
			first = n
			r.began <- time.Now()
		default:
		}
		packets, err := r.packetizer.Packetize(clip.Unit(n-first), uint32(n)*rigTicks)
		if err != nil {
			return err
		}
		var datagrams []rig.Datagram
		for _, packet := range packets {
			r.mu.Lock()
			r.last[sequence(packet)] = sentPacket{maphash.Bytes(seed, packet), time.Now()}
			r.mu.Unlock()
			if datagrams, err = r.coder.Push(datagrams[:0], packet, time.Now()); err != nil {
				return err
			}
			r.send(datagrams)
		}
		if datagrams, err = r.coder.Close(datagrams[:0]); err != nil {
			return err
		}
		r.send(datagrams)
		r.packets.Add(uint64(len(packets)))
	}
}

func (r *liveRig) send(datagrams []rig.Datagram) {
	for i, d := range datagrams {
		var h isc.Header
		if _, err := isc.Parse(d.Data, &h); i == 0 && err == nil {
			r.header.Store(&h)
		}
		isc.Stamp(d.Data, isc.Timestamp(time.Now()), uint16(d.Link))
		if _, err := r.links[d.Link].Write(d.Data); err == nil { // it fails while nobody listens
			r.datagrams.Add(1)
		}
	}
}

func sequence(packet []byte) uint16 { return binary.BigEndian.Uint16(packet[2:]) }

// viewer takes what the receiver sends on as RTP, and compares it with what a rig sent.
type viewer struct {
	same, wrong, behind uint64        // packets that are the rig's to the byte; that are not; and that come out of order
	gap                 time.Duration // the longest from one packet to the next by the times that the rig sent them
	oldest              time.Duration // how long before it came out the oldest one was sent
}

// startViewer starts a viewer at a free address of this machine.
func startViewer(t *testing.T) (address string, watch func(r *liveRig) (stop func() viewer)) {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	require.NoError(t, socket.SetReadBuffer(4<<20))
	t.Cleanup(func() { _ = socket.Close() }) // once more, where the test has failed
	return socket.LocalAddr().String(), func(r *liveRig) func() viewer {
		seen := make(chan viewer)
		go func() { seen <- r.view(socket) }()
		return func() viewer {
			require.NoError(t, socket.Close())
			return <-seen
		}
	}
}

// view compares the packets that come with those that were sent, until the socket is closed.
func (r *liveRig) view(socket *net.UDPConn) (v viewer) {
	packet := make([]byte, 4096)
	for last := uint16(0); ; {
		n, err := socket.Read(packet)
		if err != nil {
			return v
		}
		number := sequence(packet[:n])
		r.mu.Lock()
		sent, before := r.last[number], r.last[last]
		r.mu.Unlock()
		if v.same+v.wrong > 0 {
			v.gap = max(v.gap, sent.at.Sub(before.at))
			if number != last+1 {
				v.behind++
			}
		}
		v.oldest = max(v.oldest, time.Since(sent.at))
		last = number
		if sent.sum == maphash.Bytes(seed, packet[:n]) {
			v.same++
		} else {
			v.wrong++
		}
	}
}

// flood sends datagrams of strangers who do not know the SSRC of a rig, in four kinds by turns: garbage, forged
// headers, forged parity and forged segment numbers.
type flood struct {
	*rand.Rand
	rig  *liveRig
	bank []byte
	buf  []byte
	sent atomic.Uint64
}

// startFlood floods ports of this machine with that many datagrams a second at most, until it is stopped.
func startFlood(t *testing.T, r *liveRig, ports string, perSecond int) (f *flood, stop func()) {
	t.Helper()
	const (
		step = 5 * time.Millisecond
		most = 10 * step // what a busy machine has kept it from sending is not made up for: it is no faster flood
	)
	f = &flood{Rand: rand.New(rand.NewPCG(1, 1)), rig: r, bank: make([]byte, 1<<16)}
	for i := range f.bank {
		f.bank[i] = byte(1 + f.IntN(255))
	}
	sockets := dial(t, ports)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		due := 0.0 // and a fraction of one
		for last := time.Now(); ; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			now := time.Now()
			due += min(now.Sub(last), most).Seconds() * float64(perSecond)
			last = now
			for ; due >= 1; due-- {
				if _, err := sockets[f.IntN(len(sockets))].Write(f.next()); err != nil {
					t.Error(err)
					return
				}
				f.sent.Add(1)
			}
		}
	}()
	return f, func() {
		cancel()
		<-ended
	}
}

// next returns the next datagram, valid until the one after it.
func (f *flood) next() []byte {
	h := *f.rig.header.Load() // strangers may see how long packets are, and guess the number
	switch f.sent.Load() % 4 {
	case 0:
		f.buf = f.random(f.buf[:0], f.IntN(1400))
	case 1: // a header that declares anything
		for i := range h.Lengths {
			h.Lengths[i] = uint16(f.IntN(2 * isc.MaxLength))
		}
		h.Number = uint16(f.IntN(19))
		f.buf = f.random(h.Append(f.buf[:0]), f.IntN(1300))
	case 2: // parity of segments like the rig's, now and then of the very same
		h.Segment += uint16(max(0, f.IntN(400)-100))
		h.Number = uint16(10 + f.IntN(rigParity))
		f.buf = f.random(h.Append(f.buf[:0]), h.Longest()+1)
	default: // packets of another SSRC with any segment number
		h.Segment, h.Number = uint16(f.Uint32()), 0
		f.buf = f.random(h.Append(f.buf[:0]), int(h.Lengths[0]))
		packet := f.buf[isc.HeaderSize:]
		packet[0], packet[1] = 0x80, 96
		binary.BigEndian.PutUint16(packet[2:], h.Segment)
	}
	return f.buf
}

// random appends n random bytes, none of which is 0.
func (f *flood) random(b []byte, n int) []byte {
	from := f.IntN(len(f.bank) - n)
	return append(b, f.bank[from:from+n]...)
}
