package receiver

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

const (
	firstPort = 5078
	testLinks = 4
)

// event is a datagram as it arrives in a test.
type event struct {
	at   time.Time
	link int
	from netip.AddrPort
	data []byte
}

func readCapture(t testing.TB, name string) []source.Record {
	t.Helper()
	f, err := source.OpenFile("../testdata/" + name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var records []source.Record
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			require.NotEmpty(t, records)
			return records
		}
		require.NoError(t, err)
		r.Payload = bytes.Clone(r.Payload)
		records = append(records, r)
	}
}

// coded reads a capture of coded packets.
func coded(t testing.TB, name string) []event {
	t.Helper()
	var events []event
	for _, r := range readCapture(t, name) {
		events = append(events, event{r.Time, int(r.To.Port()) - firstPort, r.From, r.Payload})
	}
	return events
}

// rtpOf reads a capture of RTP packets.
func rtpOf(t testing.TB, name string) (packets [][]byte, times []time.Time) {
	t.Helper()
	for _, r := range readCapture(t, name) {
		packets = append(packets, r.Payload)
		times = append(times, r.Time)
	}
	return packets, times
}

// encode codes RTP packets as a rig does: each segment leaves when its last packet is there, on links by turns.
func encode(t testing.TB, packets [][]byte, times []time.Time, shape func(segment int) (k, r int)) []event {
	t.Helper()
	var events []event
	var enc isc.Encoder
	for n, segment := 0, 0; n < len(packets); segment++ {
		k, r := shape(segment)
		k = min(k, len(packets)-n)
		datagrams, err := enc.Encode(packets[n:n+k], r)
		require.NoError(t, err)
		at := times[n+k-1]
		for i, d := range datagrams {
			link := (segment + i) % testLinks
			isc.Stamp(d, isc.Timestamp(at), uint16(link))
			events = append(events, event{at, link, rigAddress(link), bytes.Clone(d)})
		}
		n += k
	}
	return events
}

func rigAddress(link int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, byte(link), 2}), uint16(40000+link))
}

func fixed(k, r int) func(int) (int, int) { return func(int) (int, int) { return k, r } }

// outcome is all that a pipeline gave for some events.
type outcome struct {
	packets   [][]byte
	recovered int
	units     []media.AccessUnit
	feedback  []string
	status    status.Channel
}

func testConfig() Config {
	return Config{
		ID: "rig1", Name: "Rig 1", Latency: 200 * time.Millisecond,
		Ports: []int{firstPort, firstPort + 1, firstPort + 2, firstPort + 3},
	}
}

// replay runs events through a pipeline in their own time.
func replay(t testing.TB, events []event) outcome {
	t.Helper()
	var pool inbox.Pool
	var res Result
	var o outcome
	start := events[0].at
	p := NewPipeline(testConfig(), &pool, start)
	gather := func() {
		for _, packet := range res.Packets {
			o.packets = append(o.packets, bytes.Clone(packet.RTP))
			if packet.Recovered {
				o.recovered++
			}
		}
		o.units = append(o.units, res.Units...)
		for _, f := range res.Feedback {
			o.feedback = append(o.feedback, string(f))
		}
		res.Reset()
	}
	now := start
	for _, e := range events {
		now = e.at
		for {
			at, ok := p.Next()
			if !ok || at.After(now) {
				break
			}
			p.Advance(&res, at)
			gather()
		}
		p.Advance(&res, now)
		gather()
		d := pool.Get()
		d.Link, d.From, d.Arrival = e.link, e.from, now
		d.Truncated = len(e.data) > inbox.MaxDatagram
		d.SetSize(copy(d.Buffer(), e.data))
		p.Push(&res, now, d)
		gather()
	}
	p.Flush(&res, now.Add(time.Second))
	gather()
	o.status = p.Snapshot(now.Add(time.Second))
	datagrams, _ := p.Counts()
	require.EqualValues(t, len(events), datagrams.Received, "each datagram is counted once")
	require.Equal(t, datagrams.Received, datagrams.Source+datagrams.Parity+datagrams.Duplicate+
		datagrams.Late+datagrams.Malformed+datagrams.Refused)
	return o
}

// requireSame checks that all packets came out, each once, in order, to the byte.
func requireSame(t testing.TB, want [][]byte, o outcome) {
	t.Helper()
	require.Equal(t, sequences(want), sequences(o.packets))
	for i := range want {
		require.True(t, bytes.Equal(want[i], o.packets[i]), "packet %d", i)
	}
	require.Zero(t, o.status.Packets.Lost)
	require.Zero(t, o.status.Packets.Pending)
	require.EqualValues(t, len(want), o.status.Packets.Delivered+o.status.Packets.Recovered)
	require.EqualValues(t, o.recovered, o.status.Packets.Recovered)
}

// sequences returns the packets' sequence numbers.
func sequences(packets [][]byte) []uint16 {
	numbers := make([]uint16, len(packets))
	for i, p := range packets {
		numbers[i] = rtpSequence(p)
	}
	return numbers
}

// drop leaves out the datagrams that lose names, by segment (counted from 0) and number in the header.
func drop(events []event, lose func(segment int, number uint16) bool) []event {
	var kept []event
	segment, last := -1, -1
	for _, e := range events {
		if len(e.data) < isc.HeaderSize {
			kept = append(kept, e)
			continue
		}
		if n := int(binary.BigEndian.Uint16(e.data)); n != last {
			segment, last = segment+1, n
		}
		if !lose(segment, binary.BigEndian.Uint16(e.data[24:])) {
			kept = append(kept, e)
		}
	}
	return kept
}

// disturb delays each datagram by up to most and repeats a share of them.
func disturb(rng *rand.Rand, events []event, most time.Duration, repeated float64) []event {
	var out []event
	for _, e := range events {
		copies := 1
		if rng.Float64() < repeated {
			copies = 2
		}
		for range copies {
			moved := e
			moved.at = e.at.Add(time.Duration(rng.Int64N(int64(most))))
			out = append(out, moved)
		}
	}
	slices.SortStableFunc(out, func(a, b event) int { return a.at.Compare(b.at) })
	return out
}

// numberOf turns the n-th of all numbers of a segment of k and r into the number in the header.
func numberOf(n, k int) uint16 {
	if n < k {
		return uint16(n)
	}
	return uint16(10 + n - k)
}

func vectorPackets(t testing.TB, k int) ([][]byte, []time.Time) {
	t.Helper()
	packets, times := rtpOf(t, "c-rtp.pcap")
	n := len(packets) / k * k
	return packets[:n], times[:n]
}

func TestVectorsLossless(t *testing.T) {
	for name, k := range map[string]int{"c-k3r1.pcap": 3, "c-k6r2.pcap": 6} {
		want, _ := vectorPackets(t, k)
		o := replay(t, coded(t, name))
		requireSame(t, want, o)
		require.Zero(t, o.recovered)
		require.Positive(t, len(o.units))
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
		"elsewhere": 40000, "going on": uint16(half), "the same again": 0, "just before": uint16(half - 20), "far": uint16(half + 1500),
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
