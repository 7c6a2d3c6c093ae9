package receiver

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// opcodes reads what a fuzzed pipeline is to do from bytes.
type opcodes struct{ b []byte }

func (o *opcodes) next() int {
	if len(o.b) == 0 {
		return 0
	}
	n := o.b[0]
	o.b = o.b[1:]
	return int(n)
}

func (o *opcodes) wide() int { return o.next()<<8 | o.next() }

// fuzzRig makes valid datagrams of a few streams to be mutated.
type fuzzRig struct {
	enc     isc.Encoder
	ssrc    uint32
	seq     uint16
	jump    uint16 // between two packets of the next segment
	length  int
	k, r    int
	pending [][]byte
}

// segment makes the datagrams of the next segment.
func (f *fuzzRig) segment(h *harness) {
	sources := rtpPackets(f.ssrc, f.seq, equalLengths(f.k, f.length))
	for i, s := range sources {
		binary.BigEndian.PutUint16(s[2:], f.seq+uint16(i)*(1+f.jump))
	}
	f.seq += uint16(f.k-1)*(1+f.jump) + 1
	f.jump = 0
	datagrams, err := f.enc.Encode(sources, f.r)
	require.NoError(h.tb, err)
	for _, d := range datagrams {
		f.pending = append(f.pending, append([]byte(nil), d...))
	}
	if len(f.pending) > 64 {
		f.pending = f.pending[len(f.pending)-64:]
	}
}

// run does one operation on the pipeline.
func (f *fuzzRig) run(h *harness, o *opcodes) {
	link := o.next()
	addresses := [...]netip.AddrPort{rigAddress(0), rigAddress(1), elsewhere(0), elsewhere(1)}
	e := event{at: h.now, link: link % testLinks, from: addresses[link/testLinks%len(addresses)]}
	switch op := o.next() % 32; {
	case op < 12: // a datagram of a segment made before, or of a new one
		if len(f.pending) == 0 || op >= 8 {
			f.segment(h)
		}
		i := o.next() % len(f.pending)
		e.data = f.pending[i]
		if op%2 == 0 {
			f.pending = append(f.pending[:i:i], f.pending[i+1:]...)
		}
	case op < 16 && len(f.pending) > 0: // the same with changes
		e.data = append([]byte(nil), f.pending[o.next()%len(f.pending)]...)
		for range 1 + o.next()%3 {
			e.data[o.wide()%len(e.data)] = byte(o.next())
		}
	case op == 16 && len(f.pending) > 0: // cut off
		d := f.pending[o.next()%len(f.pending)]
		e.data = d[:o.wide()%(len(d)+1)]
	case op == 17: // anything
		n := min(o.next(), len(o.b))
		e.data = o.b[:n]
		o.b = o.b[n:]
	case op == 18 || op == 19: // made-up parity
		header := isc.Header{Segment: f.seq + uint16(o.next()) - 128, Redundancy: uint16(1 + o.next()%9), Number: 10}
		for i := range 1 + o.next()%8 {
			header.Lengths[i] = uint16(12 + i)
		}
		header.Number += uint16(o.next()) % header.Redundancy
		e.data = header.Append(nil)
		e.data = append(e.data, make([]byte, header.Longest()+1)...)
		e.data[isc.HeaderSize] = byte(1 + o.next())
	default:
		f.control(h, o, op)
		return
	}
	h.push(e)
}

// control changes the sender, the time or the budget.
func (f *fuzzRig) control(h *harness, o *opcodes, op int) {
	switch op {
	case 20, 21, 22:
		f.k, f.r = 1+o.next()%isc.MaxSources, o.next()%(isc.MaxParity+1)
	case 23:
		f.length = isc.MinLength + o.next()
	case 24:
		f.ssrc = uint32(o.next() % 4)
	case 25:
		f.seq = uint16(o.wide())
	case 26:
		f.seq += uint16(o.next())
	case 27:
		f.jump = uint16(o.wide() % (1 << 15 / isc.MaxSources))
	case 28:
		h.pipeline.SetLatency(time.Duration(o.wide()) * 100 * time.Microsecond)
	case 29:
		h.pipeline.Flush(&h.res, h.now)
		h.step()
	case 30:
		h.advance(h.now.Add(time.Duration(o.wide()) * 100 * time.Microsecond))
	default:
		h.advance(h.now.Add(time.Duration(o.next()) * 100 * time.Microsecond))
	}
}

func runFuzz(tb testing.TB, data []byte) {
	tb.Helper()
	h := newHarness(tb, 200*time.Millisecond)
	h.keep = false
	f := fuzzRig{ssrc: 1, k: 3, r: 1, length: 20}
	o := opcodes{data}
	for n := 0; len(o.b) > 0 && n < 2000; n++ {
		f.run(h, &o)
	}
	h.flush()
	h.pipeline.Snapshot(h.now)
}

// FuzzPipeline does whatever the bytes say to a pipeline: it may not panic, nor break the order within a run of the
// sender, the accounts or the ceilings, nor use memory that it gave back.
func FuzzPipeline(f *testing.F) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 9))
		data := make([]byte, 500)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { runFuzz(t, data) })
}

// TestRandomOperations is FuzzPipeline with many bytes from few seeds.
func TestRandomOperations(t *testing.T) {
	cases := uint64(300)
	if testing.Short() {
		cases = 30
	}
	for seed := range cases {
		rng := rand.New(rand.NewPCG(seed, 10))
		data := make([]byte, 1+rng.IntN(8000))
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		if !t.Run("", func(t *testing.T) { runFuzz(t, data) }) {
			t.Fatalf("seed %d", seed)
		}
	}
}
