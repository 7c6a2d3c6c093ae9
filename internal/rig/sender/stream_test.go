package sender

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig/feed"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// camera is the address of the program that sends RTP, and intruder that of another one.
var (
	camera   = netip.MustParseAddrPort("127.0.0.1:40000")
	intruder = netip.MustParseAddrPort("[::1]:40000")
)

// sink keeps copies of what is sent, link by link in one row.
type sink struct {
	datagrams [][]byte
	links     []int
	err       error
}

func (s *sink) Send(link int, datagram []byte) error {
	s.datagrams = append(s.datagrams, append([]byte{}, datagram...))
	s.links = append(s.links, link)
	return s.err
}

func newTestStream(t testing.TB, change func(*Config)) (*stream, *sink) {
	t.Helper()
	config := Default()
	config.To = "receiver.example"
	if change != nil {
		change(&config)
	}
	require.NoError(t, config.Validate())
	to := new(sink)
	s, err := newStream(config, to, epoch)
	require.NoError(t, err)
	return s, to
}

// readCapture returns the UDP payloads of a capture file.
func readCapture(t testing.TB, name string) (payloads [][]byte) {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "..", "testdata", name))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	reader, err := pcapgo.NewReader(file)
	require.NoError(t, err)
	for {
		data, _, err := reader.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return payloads
		}
		require.NoError(t, err)
		packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.NoCopy)
		payloads = append(payloads, packet.TransportLayer().(*layers.UDP).Payload)
	}
}

// TestVectors sends the RTP packets that the original system's encoder got. In the padded form, every datagram is its
// own to the byte, but for the time that it was sent and the link that it was sent on, which that chose at random.
func TestVectors(t *testing.T) {
	for name, parity := range map[string]int{"c-k3r1.pcap": 1, "c-k6r2.pcap": 2} {
		t.Run(name, func(t *testing.T) {
			s, to := newTestStream(t, func(c *Config) { c.Padded, c.Parity = true, parity })
			for _, packet := range readCapture(t, "c-rtp.pcap") {
				s.input(packet, camera, epoch)
			}
			want := readCapture(t, name)
			require.GreaterOrEqual(t, len(to.datagrams), len(want))
			for i, datagram := range want {
				var h isc.Header
				_, err := isc.Parse(datagram, &h)
				require.NoError(t, err)
				isc.Stamp(to.datagrams[i], h.Timestamp, h.Interface)
				require.Equal(t, datagram, to.datagrams[i], "datagram %d", i)
			}
			t.Logf("%d datagrams", len(want))
		})
	}
}

func rtpPacket(sequence uint16, size int) []byte {
	packet := make([]byte, size)
	packet[0], packet[1] = 0x80, 96
	binary.BigEndian.PutUint16(packet[2:], sequence)
	return packet
}

func TestInputCounts(t *testing.T) {
	s, to := newTestStream(t, func(c *Config) { c.Parity = 0 })
	report := rtpPacket(0, 28)
	report[1] = 200
	old := rtpPacket(0, 100)
	old[0] = 0x40
	for _, packet := range [][]byte{
		rtpPacket(1, 12), rtpPacket(2, 1424), rtpPacket(3, 1425), rtpPacket(4, isc.MaxLength),
		rtpPacket(5, isc.MaxLength+1), rtpPacket(6, 11),
		{},
		old, report,
	} {
		s.input(packet, camera, epoch)
	}
	require.Equal(t, inputs{
		Packets: 4, RTCP: 1, Malformed: 3, TooLong: 1, Oversize: 2, Bytes: 12 + 1424 + 1425 + isc.MaxLength, Streams: 1,
	}, s.in)
	require.Equal(t, outputs{Sources: 4}, s.out)
	require.Len(t, to.datagrams, 4)
	require.True(t, s.warned)
}

// A packet that fits, and the parity of packets that do, fit a frame in both forms; with one byte more they do not.
func TestPacketSize(t *testing.T) {
	require.Equal(t, 1424, PacketSize(1500, false))
	for _, mtu := range []int{576, 1280, 1428, 1500, 2000} {
		for _, padded := range []bool{false, true} {
			size := PacketSize(mtu, padded)
			encoder := isc.Encoder{Padded: padded}
			longest := func(size int) (most int) {
				var packets [][]byte
				for i := range isc.MaxSources {
					packet := rtpPacket(uint16(i), size)
					packet[0] = 0xbf // the largest first byte of RTP
					packets = append(packets, packet)
				}
				datagrams, err := encoder.Encode(packets, isc.MaxParity)
				require.NoError(t, err)
				for _, d := range datagrams {
					most = max(most, len(d)+ipHeader+udpHeader)
				}
				return most
			}
			require.LessOrEqual(t, longest(size), mtu, "padded %v", padded)
			require.Greater(t, longest(size+8), mtu, "padded %v", padded)
		}
	}
}

// A segment that is not full is closed in time, and how long its packets waited is known.
func TestSegmentsAreClosedInTime(t *testing.T) {
	s, to := newTestStream(t, nil)
	s.input(rtpPacket(1, 100), camera, epoch)
	s.input(rtpPacket(2, 100), camera, epoch.Add(10*time.Millisecond))
	require.Empty(t, to.datagrams)
	s.due(epoch.Add(24 * time.Millisecond))
	require.Empty(t, to.datagrams)
	s.due(epoch.Add(25 * time.Millisecond))
	require.Len(t, to.datagrams, 2+1)
	require.Equal(t, 15500*time.Microsecond, s.waits.percentile(0.5))
	require.Equal(t, 25500*time.Microsecond, s.waits.percentile(0.99))
	for i := range 300 {
		s.input(rtpPacket(uint16(3+i), 100), camera, epoch.Add(time.Second))
	}
	require.Zero(t, s.waits.percentile(0.5))
	s.tick(allUp(4), epoch.Add(time.Minute))
	s.tick(allUp(4), epoch.Add(2*time.Minute))
	require.Zero(t, s.waits.percentile(0.99), "it is long ago")
}

func allUp(n int) []plan.Up {
	up := make([]plan.Up, n)
	for i := range up {
		up[i] = plan.Up{Path: i, Up: true}
	}
	return up
}

// The child's restarts do not show: the stream goes on, after a pause.
func TestSplicedInput(t *testing.T) {
	s, to := newTestStream(t, func(c *Config) { c.Parity = 0 })
	s.splice = new(feed.Splice)
	s.input(rtpPacket(10, 100), camera, epoch)
	other := rtpPacket(4711, 100)
	other[11] = 9
	s.input(other, camera, epoch.Add(time.Second))
	require.Len(t, to.datagrams, 2)
	second := to.datagrams[1][isc.HeaderSize:]
	require.Equal(t, uint16(11), binary.BigEndian.Uint16(second[2:]))
	require.Equal(t, uint32(90_000), binary.BigEndian.Uint32(second[4:]))
	require.Equal(t, uint64(1), s.in.Streams)
}

func TestStreamAllocatesNothing(t *testing.T) {
	config := Default()
	config.To = "receiver.example"
	s, err := newStream(config, nowhere{}, epoch)
	require.NoError(t, err)
	packet, n := rtpPacket(0, 1200), uint16(0)
	push := func() {
		for range 300 {
			n++
			binary.BigEndian.PutUint16(packet[2:], n)
			s.input(packet, camera, epoch)
		}
	}
	require.Zero(t, testing.AllocsPerRun(20, push))
}

type nowhere struct{}

func (nowhere) Send(int, []byte) error { return nil }

// FuzzInput has strangers write to the RTP port: whatever comes, what leaves is coded as it should be, and each packet
// is counted once.
func FuzzInput(f *testing.F) {
	f.Add([]byte("\x80\x60\x00\x01........"), []byte("\x80\x60\x00\x02........"), uint8(30))
	f.Add([]byte("\x80\xc8\x00\x06............"), []byte{}, uint8(0))
	f.Fuzz(func(t *testing.T, a, b []byte, gap uint8) {
		s, to := newTestStream(t, nil)
		now := epoch
		for i := range 20 {
			packet := append([]byte{}, a...)
			if i%3 == 0 {
				packet = append([]byte{}, b...)
			}
			if len(packet) > 4 {
				packet[3] += byte(i)
			}
			from := camera
			if i%7 == 0 {
				from = intruder
			}
			s.input(packet, from, now)
			now = now.Add(time.Duration(gap) * time.Millisecond)
			s.due(now)
		}
		s.due(now.Add(time.Second))
		require.Equal(t, uint64(20), s.in.Packets+s.in.RTCP+s.in.Malformed+s.in.TooLong+s.in.Refused)
		require.Equal(t, s.in.Packets, s.out.Sources)
		require.Zero(t, s.out.Refused)
		require.Empty(t, s.pushed)
		for _, datagram := range to.datagrams {
			var h isc.Header
			_, err := isc.Parse(datagram, &h)
			require.NoError(t, err)
		}
	})
}
