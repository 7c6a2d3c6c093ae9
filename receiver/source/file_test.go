package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

var (
	captured = time.Unix(1_795_326_688, 123_456_000).UTC()
	sender   = netip.MustParseAddrPort("10.77.0.2:40000")
	target   = netip.MustParseAddrPort("10.77.0.1:5078")
	sender6  = netip.MustParseAddrPort("[2001:db8::2]:40000")
	target6  = netip.MustParseAddrPort("[2001:db8::1]:5078")
)

func serialize(t testing.TB, parts ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	require.NoError(t, gopacket.SerializeLayers(buffer, options, parts...))
	return slices.Clone(buffer.Bytes())
}

func ethernet(next layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: next}
}

func ipv4() *layers.IPv4 {
	return &layers.IPv4{
		Version: 4, TTL: 64, Id: 7, Protocol: layers.IPProtocolUDP,
		SrcIP: sender.Addr().AsSlice(), DstIP: target.Addr().AsSlice(),
	}
}

func udpHeader() *layers.UDP { return &layers.UDP{SrcPort: 40000, DstPort: 5078} }

// packet4 is an IPv4 packet with a UDP datagram.
func packet4(t testing.TB, payload []byte) []byte {
	t.Helper()
	ip, udp := ipv4(), udpHeader()
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	return serialize(t, ip, udp, gopacket.Payload(payload))
}

func packet6(t testing.TB, payload []byte) []byte {
	t.Helper()
	ip := &layers.IPv6{
		Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP,
		SrcIP: sender6.Addr().AsSlice(), DstIP: target6.Addr().AsSlice(),
	}
	udp := udpHeader()
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	return serialize(t, ip, udp, gopacket.Payload(payload))
}

func frame4(t testing.TB, payload []byte) []byte {
	t.Helper()
	return serialize(t, ethernet(layers.EthernetTypeIPv4), gopacket.Payload(packet4(t, payload)))
}

// fragments cuts a datagram into IPv4 fragments of that size and returns their frames.
func fragments(t testing.TB, id uint16, payload []byte, size int, flags layers.IPv4Flag) (frames [][]byte) {
	t.Helper()
	ip, udp := ipv4(), udpHeader()
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	datagram := serialize(t, udp, gopacket.Payload(payload))
	for at := 0; at < len(datagram); at += size {
		ip.Id, ip.Flags, ip.FragOffset = id, flags, uint16(at/8)
		if at+size < len(datagram) {
			ip.Flags |= layers.IPv4MoreFragments
		}
		part := gopacket.Payload(datagram[at:min(at+size, len(datagram))])
		frames = append(frames, serialize(t, ethernet(layers.EthernetTypeIPv4), ip, part))
	}
	return frames
}

// pcap makes a capture file, a microsecond between frames.
func pcap(t testing.TB, link int, frames ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	require.NoError(t, w.WriteFileHeader(maxCapture, layers.LinkType(0)))
	for i, frame := range frames {
		at := captured.Add(time.Duration(i) * time.Microsecond)
		info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}
		require.NoError(t, w.WritePacket(info, frame))
	}
	binary.LittleEndian.PutUint32(b.Bytes()[20:], uint32(link)) // gopacket's type for it has eight bits
	return b.Bytes()
}

func pcapng(t testing.TB, frames ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	require.NoError(t, err)
	for i, frame := range frames {
		at := captured.Add(time.Duration(i) * time.Microsecond)
		info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}
		require.NoError(t, w.WritePacket(info, frame))
	}
	require.NoError(t, w.Flush())
	return b.Bytes()
}

// readAll opens the bytes as a file and reads it to its end.
func readAll(t testing.TB, content []byte) (records []Record, end error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capture")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { require.NoError(t, f.Close()) }()
	for {
		r, err := f.Next()
		if err != nil {
			read, size := f.Progress()
			require.EqualValues(t, len(content), size)
			require.LessOrEqual(t, read, size)
			if errors.Is(err, io.EOF) {
				require.Equal(t, size, read)
			}
			return records, err
		}
		r.Payload = bytes.Clone(r.Payload)
		records = append(records, r)
	}
}

func TestLinkTypes(t *testing.T) {
	payload := []byte("a datagram of some bytes")
	want4 := Record{Time: captured, From: sender, To: target, Payload: payload, Length: len(payload)}
	want6 := Record{Time: captured, From: sender6, To: target6, Payload: payload, Length: len(payload)}
	p4, p6 := packet4(t, payload), packet6(t, payload)
	vlan := func(next layers.EthernetType) *layers.Dot1Q { return &layers.Dot1Q{VLANIdentifier: 5, Type: next} }
	sll := func(protocol uint16) []byte {
		return binary.BigEndian.AppendUint16(append([]byte{0, 0, 0, 1, 0, 6}, make([]byte, 8)...), protocol)
	}
	sll2 := func(protocol uint16) []byte {
		return append(binary.BigEndian.AppendUint16(nil, protocol), make([]byte, 18)...)
	}
	for name, c := range map[string]struct {
		link  int
		frame []byte
		want  Record
	}{
		"ethernet":           {1, serialize(t, ethernet(0x0800), gopacket.Payload(p4)), want4},
		"ethernet, padded":   {1, append(serialize(t, ethernet(0x0800), gopacket.Payload(p4)), make([]byte, 30)...), want4},
		"ethernet, IPv6":     {1, serialize(t, ethernet(0x86DD), gopacket.Payload(p6)), want6},
		"VLAN":               {1, serialize(t, ethernet(0x8100), vlan(0x0800), gopacket.Payload(p4)), want4},
		"VLAN in VLAN, IPv6": {1, serialize(t, ethernet(0x88A8), vlan(0x8100), vlan(0x86DD), gopacket.Payload(p6)), want6},
		"SLL":                {113, append(sll(0x0800), p4...), want4},
		"SLL, IPv6":          {113, append(sll(0x86DD), p6...), want6},
		"SLL2":               {276, append(sll2(0x0800), p4...), want4},
		"SLL2, IPv6":         {276, append(sll2(0x86DD), p6...), want6},
		"raw":                {101, p4, want4},
		"raw, IPv6":          {101, p6, want6},
		"IPv4":               {228, p4, want4},
		"IPv6":               {229, p6, want6},
	} {
		t.Run(name, func(t *testing.T) {
			records, err := readAll(t, pcap(t, c.link, c.frame))
			require.Equal(t, io.EOF, err)
			require.Equal(t, []Record{c.want}, records)

			// Cut short at any place it is no datagram, or a shorter one, and nothing breaks.
			for n := range len(c.frame) {
				_, err := readAllBytes(t, pcap(t, c.link, c.frame[:n]))
				require.Equal(t, io.EOF, err)
			}
		})
	}
	_, err := readAll(t, pcap(t, 127, p4))
	require.ErrorIs(t, err, ErrLinkType)
}

// readAllBytes is readAll without a file.
func readAllBytes(t testing.TB, content []byte) (records int, end error) {
	t.Helper()
	f := newFile(bytes.NewReader(content))
	if err := f.init(); err != nil {
		return 0, err
	}
	for ; ; records++ {
		r, err := f.Next()
		if err != nil {
			return records, err
		}
		require.LessOrEqual(t, len(r.Payload), 0xFFFF)
		require.True(t, r.From.IsValid() && r.To.IsValid())
	}
}

func TestOther(t *testing.T) {
	ip, tcp := ipv4(), &layers.TCP{SrcPort: 1, DstPort: 2}
	ip.Protocol = layers.IPProtocolTCP
	require.NoError(t, tcp.SetNetworkLayerForChecksum(ip))
	arp := &layers.ARP{
		AddrType: 1, Protocol: 0x0800, SourceHwAddress: make([]byte, 6), DstHwAddress: make([]byte, 6),
		SourceProtAddress: make([]byte, 4), DstProtAddress: make([]byte, 4),
	}
	tcpFragment := ipv4()
	tcpFragment.Protocol, tcpFragment.Flags = layers.IPProtocolTCP, layers.IPv4MoreFragments
	records, err := readAll(t, pcap(t, 1,
		serialize(t, ethernet(layers.EthernetTypeARP), arp),
		frame4(t, []byte("one")),
		serialize(t, ethernet(layers.EthernetTypeIPv4), ip, tcp),
		serialize(t, ethernet(layers.EthernetTypeIPv4), tcpFragment, gopacket.Payload(make([]byte, 80))),
		serialize(t, ethernet(0x1234), gopacket.Payload(make([]byte, 80))),
		[]byte{},
		frame4(t, nil),
		frame4(t, []byte("two")),
	))
	require.Equal(t, io.EOF, err)
	require.Len(t, records, 3)
	require.Equal(t, "one", string(records[0].Payload))
	require.Empty(t, records[1].Payload)
	require.Equal(t, "two", string(records[2].Payload))
}

func TestFragments(t *testing.T) {
	payload := make([]byte, 3000)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	a := fragments(t, 1, payload, 1480, 0)
	b := fragments(t, 2, payload[:2000], 1480, 0)
	require.Len(t, a, 3)
	for name, c := range map[string]struct {
		frames [][]byte
		want   []int // the lengths of the datagrams
	}{
		"in order":           {a, []int{3000}},
		"last first":         {[][]byte{a[2], a[0], a[1]}, []int{3000}},
		"one lost":           {[][]byte{a[0], a[2], frame4(t, payload[:9])}, []int{9}},
		"one twice":          {[][]byte{a[0], a[1], a[1], a[2]}, []int{3000}},
		"two interleaved":    {[][]byte{a[0], b[0], a[1], b[1], a[2]}, []int{2000, 3000}},
		"don't fragment set": {fragments(t, 3, payload, 1480, layers.IPv4DontFragment), []int{3000}},
		"with whole ones":    {[][]byte{a[0], frame4(t, payload[:5]), a[1], frame4(t, payload[:6]), a[2]}, []int{5, 6, 3000}},
	} {
		t.Run(name, func(t *testing.T) {
			records, err := readAll(t, pcap(t, 1, c.frames...))
			require.Equal(t, io.EOF, err)
			var got []int
			for _, r := range records {
				got = append(got, len(r.Payload))
				require.Equal(t, payload[:len(r.Payload)], r.Payload)
				require.Equal(t, sender, r.From)
				require.Equal(t, target, r.To)
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestOldFragments checks that fragments are not kept for ever, nor joined with those of another datagram that has the
// same number later on.
func TestOldFragments(t *testing.T) {
	payload := bytes.Repeat([]byte{1}, 2000)
	parts := fragments(t, 1, payload, 1480, 0)
	later := fragments(t, 1, bytes.Repeat([]byte{2}, 2000), 1480, 0)
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	require.NoError(t, w.WriteFileHeader(maxCapture, layers.LinkTypeEthernet))
	for i, frame := range [][]byte{parts[0], frame4(t, []byte("x")), later[0], later[1]} {
		at := captured.Add(time.Duration(i) * 20 * time.Second)
		if i == 3 {
			at = captured.Add(41 * time.Second)
		}
		info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}
		require.NoError(t, w.WritePacket(info, frame))
	}
	records, err := readAll(t, b.Bytes())
	require.Equal(t, io.EOF, err)
	require.Len(t, records, 2)
	require.Equal(t, later[0][42:60], records[1].Payload[:18])
}

func TestPcapng(t *testing.T) {
	frames := [][]byte{frame4(t, []byte("one")), frame4(t, []byte("two"))}
	frames = append(frames, fragments(t, 1, make([]byte, 2000), 1480, 0)...)
	file := pcapng(t, frames...)
	records, err := readAll(t, file)
	require.Equal(t, io.EOF, err)
	require.Len(t, records, 3)
	require.Equal(t, captured, records[0].Time)
	require.Equal(t, "two", string(records[1].Payload))
	require.Len(t, records[2].Payload, 2000)

	// Two captures one after the other are a capture.
	records, err = readAll(t, append(slices.Clone(file), file...))
	require.Equal(t, io.EOF, err)
	require.Len(t, records, 6)
}
