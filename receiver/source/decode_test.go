package source

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// TestDecodeAllocations checks that a captured packet costs no memory, whole, with a VLAN tag, or in fragments.
func TestDecodeAllocations(t *testing.T) {
	var d decoder
	tag := []byte{0x60, 5, 8, 0}
	plain, six := packet4(t, fill(1200)), packet6(t, fill(1200))
	packets := [][]byte{plain, six, append(tag, plain...), {}, fill(60)}
	for _, f := range fragments(t, 1, fill(1600), 1480, 0) {
		packets = append(packets, f[ethernetSize:])
	}
	at := captured
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		found := 0
		at = at.Add(time.Millisecond)
		for _, p := range packets {
			if r, ok := d.decodeIP(p, at, false); ok && r.From.Port() == 40000 && len(r.Payload) >= 1200 {
				found++
			}
		}
		if found != 4 {
			t.Fatal("not all are found")
		}
	}))
}

// TestDecodeChecksum changes each bit of a datagram on its way.
func TestDecodeChecksum(t *testing.T) {
	for _, packet := range [][]byte{packet4(t, fill(11)), packet4(t, fill(12)), packet6(t, fill(11)), packet6(t, nil)} {
		var d decoder
		want, ok := d.decodeIP(packet, captured, false)
		require.True(t, ok)
		header := len(packet) - udpSize - want.Length
		for bit := range len(packet) * 8 {
			changed := bytes.Clone(packet)
			changed[bit/8] ^= 1 << (bit % 8)
			_, ok = d.decodeIP(changed, captured, false)
			// An IPv6 header has no checksum, and some of it is not covered by that of UDP.
			require.False(t, ok && (packet[0]>>4 == 4 || bit/8 >= 8 || bit/8 == 6), "%x, bit %d", packet, bit)
			_, ok = d.decodeIP(changed, captured, true)
			require.False(t, ok && packet[0]>>4 == 4 && bit/8 < header, "its own checksum is looked at always")
		}
	}
	without := packet4(t, fill(12))
	without[ip4Size+6], without[ip4Size+7] = 0, 0
	var d decoder
	_, ok := d.decodeIP(without, captured, false)
	require.True(t, ok, "IPv4 does without")
	without = packet6(t, fill(12))
	without[ip6Size+6], without[ip6Size+7] = 0, 0
	_, ok = d.decodeIP(without, captured, false)
	require.False(t, ok)
	for i, f := range fragments(t, 1, fill(200), 104, 0) {
		f[len(f)-1] ^= byte(i)
		_, ok = d.decodeIP(f[ethernetSize:], captured, true)
		require.False(t, ok, "what is known of a fragment says nothing of the datagram")
	}
}

func TestOnesSum(t *testing.T) {
	all := append(bytes.Repeat([]byte{0xFF}, 40), fill(300)...)
	for n := range all {
		b, want := all[:n], 0
		for i, v := range b {
			want += int(v) << (8 * (1 - i%2))
		}
		require.EqualValues(t, want%0xFFFF, onesSum(b)%0xFFFF, n)
	}
}

// FuzzDecodeIP has the decoder of captured packets look at anything.
func FuzzDecodeIP(f *testing.F) {
	f.Add(packet4(f, []byte("one")), []byte{}, false)
	f.Add(packet6(f, []byte("six")), append([]byte{0x60, 5, 0x86, 0xDD}, packet6(f, []byte("six"))...), false)
	parts := fragments(f, 1, fill(200), 104, 0)
	f.Add(parts[0][ethernetSize:], parts[1][ethernetSize:], true)
	f.Add(parts[1][ethernetSize:], parts[0][ethernetSize:], false)
	f.Fuzz(func(t *testing.T, first, second []byte, checked bool) {
		var d decoder
		for _, p := range [][]byte{first, second, first} {
			r, ok := d.decodeIP(p, captured, checked)
			if !ok {
				continue
			}
			require.True(t, r.From.IsValid() && r.To.IsValid())
			require.LessOrEqual(t, len(r.Payload), min(len(first)+len(second), maxPacket))
			require.True(t, r.Length == len(r.Payload) || len(r.Payload) == inbox.MaxDatagram)
		}
		require.LessOrEqual(t, len(d.fragments.open), 2)
	})
}

// BenchmarkDecode reads captured packets of 1,200 bytes of payload.
func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	var d decoder
	p := packet4(b, fill(1200))
	for b.Loop() {
		if _, ok := d.decodeIP(p, captured, false); !ok {
			b.Fatal("no datagram")
		}
	}
}

// BenchmarkDecodeFragments reads datagrams in two fragments.
func BenchmarkDecodeFragments(b *testing.B) {
	b.ReportAllocs()
	var d decoder
	parts := fragments(b, 1, fill(1560), 1480, 0)
	for b.Loop() {
		d.decodeIP(parts[0][ethernetSize:], captured, false)
		if _, ok := d.decodeIP(parts[1][ethernetSize:], captured, false); !ok {
			b.Fatal("no datagram")
		}
	}
}
