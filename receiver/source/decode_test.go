package source

import (
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
			if r, ok := d.decodeIP(p, at); ok && r.From.Port() == 40000 && len(r.Payload) >= 1200 {
				found++
			}
		}
		if found != 4 {
			t.Fatal("not all are found")
		}
	}))
}

// FuzzDecodeIP has the decoder of captured packets look at anything.
func FuzzDecodeIP(f *testing.F) {
	f.Add(packet4(f, []byte("one")), []byte{})
	f.Add(packet6(f, []byte("six")), append([]byte{0x60, 5, 0x86, 0xDD}, packet6(f, []byte("six"))...))
	parts := fragments(f, 1, fill(200), 104, 0)
	f.Add(parts[0][ethernetSize:], parts[1][ethernetSize:])
	f.Add(parts[1][ethernetSize:], parts[0][ethernetSize:])
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var d decoder
		for _, p := range [][]byte{first, second, first} {
			r, ok := d.decodeIP(p, captured)
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
		if _, ok := d.decodeIP(p, captured); !ok {
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
		d.decodeIP(parts[0][ethernetSize:], captured)
		if _, ok := d.decodeIP(parts[1][ethernetSize:], captured); !ok {
			b.Fatal("no datagram")
		}
	}
}
