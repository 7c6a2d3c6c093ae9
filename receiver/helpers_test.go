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
