package receiver

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVectorsLossless(t *testing.T) {
	for name, k := range map[string]int{"c-k3r1.pcap": 3, "c-k6r2.pcap": 6} {
		want, _ := vectorPackets(t, k)
		o := replay(t, coded(t, name))
		requireSame(t, want, o)
		require.Zero(t, o.recovered)
		require.NotEmpty(t, o.units)
		require.Equal(t, 320, o.status.Stream.Width)
		require.Equal(t, 240, o.status.Stream.Height)
	}
}

func TestVectorsOneOfFourLost(t *testing.T) {
	want, _ := vectorPackets(t, 3)
	for n := range 4 {
		o := replay(t, drop(coded(t, "c-k3r1.pcap"), func(_ int, number uint16) bool { return number == numberOf(n, 3) }))
		requireSame(t, want, o)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	lost := map[int]uint16{}
	requireSame(t, want, replay(t, drop(coded(t, "c-k3r1.pcap"), func(segment int, number uint16) bool {
		if _, ok := lost[segment]; !ok {
			lost[segment] = numberOf(rng.IntN(4), 3)
		}
		return number == lost[segment]
	})))
}

func TestVectorsAnyTwoLost(t *testing.T) {
	packets, times := rtpOf(t, "c-rtp.pcap")
	for _, k := range []int{2, 6} {
		events := encode(t, packets, times, fixed(k, 2))
		for a := range k + 2 {
			for b := range a {
				o := replay(t, drop(events, func(_ int, n uint16) bool { return n == numberOf(a, k) || n == numberOf(b, k) }))
				requireSame(t, packets, o)
			}
		}
	}
}

func TestReorderedAndRepeated(t *testing.T) {
	want, _ := vectorPackets(t, 3)
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		events := coded(t, "c-k3r1.pcap")
		if seed%2 == 1 {
			events = drop(events, func(segment int, n uint16) bool { return n == numberOf(segment%4, 3) })
		}
		o := replay(t, disturb(rng, events, 50*time.Millisecond, 0.05))
		requireSame(t, want, o)
	}
}

// renumber gives copies of the packets other sequence numbers and another SSRC.
func renumber(packets [][]byte, first uint16, ssrc uint32) [][]byte {
	out := make([][]byte, len(packets))
	for i, p := range packets {
		out[i] = bytes.Clone(p)
		binary.BigEndian.PutUint16(out[i][2:], first+uint16(i))
		binary.BigEndian.PutUint32(out[i][8:], ssrc)
	}
	return out
}

func TestSequenceWraps(t *testing.T) {
	packets, times := rtpOf(t, "c-rtp.pcap")
	for _, first := range []uint16{65535, 65534, 65533, 65300} {
		moved := renumber(packets, first, 7)
		events := encode(t, moved, times, fixed(3, 1))
		requireSame(t, moved, replay(t, events))
		events = drop(events, func(segment int, n uint16) bool { return n == numberOf(segment%4, 3) })
		rng := rand.New(rand.NewPCG(uint64(first), 3))
		requireSame(t, moved, replay(t, disturb(rng, events, 50*time.Millisecond, 0.05)))
	}
}

func TestRestart(t *testing.T) {
	packets, times := rtpOf(t, "c-rtp.pcap")
	half := len(packets) / 2
	for name, first := range map[string]uint16{
		"elsewhere": 40000, "going on": uint16(half), "the same again": 0,
		"just before": uint16(half - 20), "far": uint16(half + 1500),
	} {
		for _, ssrc := range []uint32{1, 2} {
			if ssrc == 1 && name != "elsewhere" && name != "far" {
				continue // within one SSRC these are a loss or a repetition
			}
			t.Run(name, func(t *testing.T) {
				want := slices.Concat(renumber(packets[:half], 0, 1), renumber(packets[half:], first, ssrc))
				for _, shape := range []func(int) (int, int){fixed(3, 1), fixed(2, 2), fixed(6, 2)} {
					events := slices.Concat(
						encode(t, want[:half], times[:half], shape), encode(t, want[half:], times[half:], shape))
					requireSame(t, want, replay(t, events))
					k, r := shape(0)
					rng := rand.New(rand.NewPCG(uint64(first), 3))
					for lost := range k + r {
						lossy := drop(events, func(segment int, n uint16) bool {
							return n == numberOf((segment+lost)%(k+r), k) || r == 2 && n == numberOf((segment+lost+1)%(k+r), k)
						})
						requireSame(t, want, replay(t, lossy))
						requireSame(t, want, replay(t, disturb(rng, lossy, 50*time.Millisecond, 0.05)))
					}
				}
			})
		}
	}
}

// A rig with a fixed SSRC that begins anew a little behind where it was is followed once it has been silent.
func TestRestartBehindAfterSilence(t *testing.T) {
	packets, times := rtpOf(t, "c-rtp.pcap")
	half := len(packets) / 2
	later := make([]time.Time, len(times))
	for i := range times {
		later[i] = times[i].Add(1500 * time.Millisecond)
	}
	want := slices.Concat(renumber(packets[:half], 0, 1), renumber(packets[half:], 0, 1))
	events := slices.Concat(
		encode(t, want[:half], times[:half], fixed(3, 1)), encode(t, want[half:], later[half:], fixed(3, 1)))
	requireSame(t, want, replay(t, events))
}

func TestShapeChanges(t *testing.T) {
	packets, times := rtpOf(t, "c-rtp.pcap")
	rng := rand.New(rand.NewPCG(5, 6))
	events := encode(t, packets, times, func(int) (int, int) { return 1 + rng.IntN(8), rng.IntN(10) })
	requireSame(t, packets, replay(t, events))
	requireSame(t, packets, replay(t, disturb(rng, events, 50*time.Millisecond, 0.05)))
}

func TestSingularParityWaitsForOneMore(t *testing.T) {
	packets, times := rtpOf(t, "c-rtp.pcap")
	packets, times = packets[:len(packets)/8*8], times[:len(packets)/8*8]
	events := encode(t, packets, times, fixed(8, 5))
	lose := func(_ int, n uint16) bool { return n == 4 || n == 6 || n == 7 || n == 11 }
	requireSame(t, packets, replay(t, drop(events, lose)))

	o := replay(t, drop(events, func(s int, n uint16) bool { return lose(s, n) || n == 14 }))
	require.EqualValues(t, len(packets)/8*3, o.status.Packets.Lost, "rows 0, 2 and 3 alone do not give 4, 6 and 7")
}

// A true source packet under a lying header may release its bytes first; the true segment still needs it to give back
// what it lost.
func TestLyingHeaderWithTrueSource(t *testing.T) {
	want, _ := vectorPackets(t, 3)
	var events []event
	for _, e := range drop(coded(t, "c-k3r1.pcap"), func(_ int, n uint16) bool { return n == 2 }) {
		if binary.BigEndian.Uint16(e.data[24:]) == 0 {
			lie := e
			lie.data = bytes.Clone(e.data)
			lie.data[2+2*2+1] ^= 1 // another length of the third source
			events = append(events, lie)
		}
		events = append(events, e)
	}
	requireSame(t, want, replay(t, events))
}

func TestGarbageBetween(t *testing.T) {
	want, _ := vectorPackets(t, 3)
	rng := rand.New(rand.NewPCG(7, 8))
	var events []event
	garbage := 0
	stranger := netip.MustParseAddrPort("192.0.2.9:9")
	for _, e := range coded(t, "c-k3r1.pcap") {
		var bad []byte
		switch rng.IntN(6) {
		case 0:
			bad = make([]byte, rng.IntN(1500))
			for i := range bad {
				bad[i] = byte(rng.Uint32())
			}
		case 1:
			bad = e.data[:rng.IntN(len(e.data))]
		case 2:
			bad = bytes.Clone(e.data) // lying lengths
			binary.BigEndian.PutUint16(bad[2+2*rng.IntN(8):], uint16(rng.Uint32()))
		case 3:
			bad = bytes.Clone(e.data) // another segment's number
			binary.BigEndian.PutUint16(bad, uint16(rng.Uint32()))
		case 4:
			bad = make([]byte, 5000)
		}
		if bad != nil {
			events = append(events, event{e.at, e.link, stranger, bad})
			garbage++
		}
		events = append(events, e)
	}
	require.Positive(t, garbage)
	requireSame(t, want, replay(t, events))
	lossy := drop(events, func(_ int, _ uint16) bool { return rng.IntN(40) == 0 })
	for _, p := range replay(t, lossy).packets {
		require.True(t, slices.ContainsFunc(want, func(w []byte) bool { return bytes.Equal(w, p) }), "no wrong byte")
	}
}
