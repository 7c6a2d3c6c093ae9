package source

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// fragment is one of a datagram with that number.
func fragment(id, offset int, payload []byte, more bool) *layers.IPv4 {
	ip := ipv4()
	ip.IHL, ip.Id, ip.FragOffset = 5, uint16(id), uint16(offset/fragmentUnit)
	ip.Payload, ip.Length = payload, uint16(ip4Size+len(payload))
	if more {
		ip.Flags = layers.IPv4MoreFragments
	}
	return ip
}

func TestReassemble(t *testing.T) {
	all := fill(100)
	part := func(begin, end int) *layers.IPv4 { return fragment(1, begin, all[begin:end], end < len(all)) }
	withOptions := part(32, 64)
	withOptions.IHL, withOptions.Length = 7, 28+32
	other := part(0, 64)
	other.Id = 2
	for name, c := range map[string]struct {
		parts []*layers.IPv4
		whole bool
		lost  uint64
	}{
		"in order":                     {parts: []*layers.IPv4{part(0, 32), part(32, 64), part(64, 100)}, whole: true},
		"reverse":                      {parts: []*layers.IPv4{part(64, 100), part(32, 64), part(0, 32)}, whole: true},
		"with options":                 {parts: []*layers.IPv4{part(0, 32), withOptions, part(64, 100)}, whole: true},
		"twice":                        {parts: []*layers.IPv4{part(0, 64), part(0, 64), part(64, 100)}, whole: true},
		"a part of one twice":          {parts: []*layers.IPv4{part(0, 64), part(8, 64), part(64, 100)}, whole: true},
		"short last":                   {parts: []*layers.IPv4{part(0, 96), part(96, 100)}, whole: true},
		"short last first":             {parts: []*layers.IPv4{part(96, 100), part(0, 96)}, whole: true},
		"a hole":                       {parts: []*layers.IPv4{part(0, 32), part(64, 100)}},
		"another datagram":             {parts: []*layers.IPv4{other, part(64, 100)}},
		"overlap":                      {parts: []*layers.IPv4{part(0, 64), part(32, 100)}, lost: 1},
		"two ends":                     {parts: []*layers.IPv4{part(64, 100), fragment(1, 96, all[:8], false)}, lost: 1},
		"beyond the end":               {parts: []*layers.IPv4{part(64, 100), fragment(1, 104, all[:8], true)}, lost: 1},
		"an end before what was there": {parts: []*layers.IPv4{part(64, 96), fragment(1, 8, all[:4], false)}, lost: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var r reassembler
			for i, f := range c.parts {
				got, ok := r.add(f, captured)
				require.Equal(t, c.whole && i == len(c.parts)-1, ok, i)
				if ok {
					require.Equal(t, all, got)
					require.Empty(t, r.open)
				}
			}
			require.Equal(t, c.lost, r.lost.Load())
		})
	}
}

// TestReassembleRefused has fragments that are none.
func TestReassembleRefused(t *testing.T) {
	empty, cut, odd := fragment(1, 0, nil, true), fragment(1, 0, fill(16), true), fragment(1, 0, fill(12), true)
	cut.Payload = cut.Payload[:8]
	far := fragment(1, maxPacket-ip4Size-7, fill(8), false)
	far.FragOffset++
	var r reassembler
	for _, f := range []*layers.IPv4{empty, cut, odd, far, fragment(1, 65528, fill(8), true)} {
		_, ok := r.add(f, captured)
		require.False(t, ok)
	}
	require.Empty(t, r.open)
}

// TestReassembleLong checks that of a datagram no more than a part is kept, whatever it says.
func TestReassembleLong(t *testing.T) {
	var r reassembler
	const size = maxPacket - ip4Size
	all := fill(size)
	for at := 0; at < size; at += 1480 {
		end := min(at+1480, size)
		got, ok := r.add(fragment(1, at, all[at:end], end < size), captured)
		require.Equal(t, end == size, ok)
		if ok {
			require.Equal(t, all[:udpSize+inbox.MaxDatagram], got)
		}
	}
}

// TestReassembleCeiling has a stranger send fragments of datagrams that never become whole.
func TestReassembleCeiling(t *testing.T) {
	var r reassembler
	all := fill(64)
	add := func(id, offset int) bool {
		_, ok := r.add(fragment(id, offset, all[offset:offset+32], offset < 32), captured.Add(time.Duration(id)))
		return ok
	}
	require.False(t, add(1, 0))
	for id := 2; id < 10_000; id++ {
		require.False(t, add(id, 32), "without a beginning")
		require.LessOrEqual(t, len(r.open), maxAssemblies)
	}
	require.LessOrEqual(t, len(r.open)+len(r.free), maxAssemblies)
	require.EqualValues(t, 9999-maxAssemblies, r.lost.Load())
	require.True(t, add(1, 32), "it had begun, so it was kept")
	for id := range maxAssemblies + 10 {
		require.False(t, add(20_000+id, 0))
	}
	require.False(t, add(20_009, 32), "the oldest ones are given up")
	require.True(t, add(20_100, 32))
}

func TestReassembleAge(t *testing.T) {
	for _, age := range []time.Duration{fragmentTime + 1, -fragmentTime - 1} {
		var r reassembler
		_, ok := r.add(fragment(1, 0, fill(32), true), captured)
		require.False(t, ok)
		_, ok = r.add(fragment(1, 32, fill(8), false), captured.Add(age))
		require.False(t, ok, "it is of another datagram, which has the same number")
		require.EqualValues(t, 1, r.lost.Load())
		_, ok = r.add(fragment(1, 0, fill(32), true), captured.Add(age))
		require.True(t, ok)
	}
}

// BenchmarkReassembleFlood has a stranger send fragments that never become a datagram.
func BenchmarkReassembleFlood(b *testing.B) {
	b.ReportAllocs()
	var r reassembler
	f := fragment(1, 1480, fill(100), false)
	for b.Loop() {
		f.Id++
		r.add(f, captured)
	}
}

// TestReassembleAllocations checks that fragments cost no memory once some have come.
func TestReassembleAllocations(t *testing.T) {
	var r reassembler
	first, second, id := fragment(1, 0, fill(64), true), fragment(1, 64, fill(8), false), uint16(0)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		id++
		first.Id, second.Id = id, id
		_, early := r.add(first, captured)
		_, ok := r.add(second, captured)
		if early || !ok {
			t.Fatal("not put together")
		}
	}))
}

// FuzzReassemble cuts a datagram as the input says, adds nonsense in between, and checks that nothing wrong comes out.
func FuzzReassemble(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200}, uint64(1))
	f.Add([]byte{0, 0, 9, 8, 7, 6, 5, 4}, uint64(2))
	f.Fuzz(func(t *testing.T, cuts []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		whole := fill(2048)
		var r reassembler
		for n, cut := range cuts {
			begin := int(cut) * fragmentUnit
			end := min(begin+(1+random.IntN(64))*fragmentUnit, len(whole))
			got, ok := r.add(fragment(int(seed)%2, begin, whole[begin:end], end < len(whole)), captured)
			require.LessOrEqual(t, len(r.open), 1, n)
			if ok {
				require.True(t, bytes.Equal(whole, got))
			}
		}
	})
}

// TestReassemblyCountsWhatNeverComes checks that datagrams which stay incomplete are counted and let go of once they
// are old, without their place being needed for another.
func TestReassemblyCountsWhatNeverComes(t *testing.T) {
	t.Parallel()
	var r reassembler
	begin := time.Unix(1, 0)
	for id := range 3 {
		_, ok := r.add(fragment(id, 0, make([]byte, 64), true), begin)
		require.False(t, ok)
	}
	limit, now, lost := r.state()
	require.Equal(t, maxAssemblies, limit)
	require.Equal(t, 3, now)
	require.Zero(t, lost)

	_, ok := r.add(fragment(9, 0, make([]byte, 64), true), begin.Add(fragmentTime+1))
	require.False(t, ok)
	_, now, lost = r.state()
	require.Equal(t, 1, now)
	require.EqualValues(t, 3, lost)
}
