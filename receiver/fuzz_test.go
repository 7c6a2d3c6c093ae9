package receiver

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// FuzzPipeline does whatever the bytes say to a pipeline: it may not panic, nor break the order within a run of the
// sender, the accounts or the ceilings, nor stand still, nor keep, use or give back twice memory that is no longer its.
func FuzzPipeline(f *testing.F) {
	for _, program := range programs() {
		f.Add([]byte(program))
	}
	captured := newCaptured(f)
	f.Fuzz(func(t *testing.T, data []byte) { runProgram(t, captured, data) })
}

// TestPrograms is FuzzPipeline with the programs that it begins with, each in all of its settings, and with others made
// of pieces of them.
func TestPrograms(t *testing.T) {
	captured := newCaptured(t)
	for i, program := range programs() {
		for setting := range byte(settings) {
			program[0] = setting
			require.True(t, t.Run("", func(t *testing.T) { runProgram(t, captured, program) }), "%d, %d", i, setting)
		}
	}
	cases := uint64(1000)
	if testing.Short() {
		cases = 100
	}
	for seed := range cases {
		data := spliced(rand.New(rand.NewPCG(seed, 10)))
		require.True(t, t.Run("", func(t *testing.T) { runProgram(t, captured, data) }), "seed %d", seed)
	}
}

// program is what a fuzzed pipeline is to do: a setting, and operations with their arguments.
type program []byte

func (p *program) next() int {
	if len(*p) == 0 {
		return 0
	}
	n := (*p)[0]
	*p = (*p)[1:]
	return int(n)
}

func (p *program) wide() int { return p.next()<<8 | p.next() }

// settings is how many settings there are, a bit for each of freezing, small limits, and addresses that are let in.
const settings = 8

func runProgram(tb testing.TB, captured *captured, data []byte) {
	tb.Helper()
	p := program(data)
	setting := p.next()
	cfg := testConfig()
	cfg.Freeze = setting&1 != 0
	if setting&2 != 0 {
		cfg.Limits = Limits{OpenSegments: 24, HeldBytes: 640 << 10, Sources: 4, DecodeBytes: 8 << 10, LogLines: 1}
	}
	if setting&4 != 0 {
		cfg.Allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}
	f := fuzzer{h: newHarnessOf(tb, cfg), captured: captured, ssrc: 1, k: 3, r: 1, length: 20}
	f.h.keep = false
	for n := 0; len(p) > 0 && n < 1000; n++ {
		operations[p.next()%len(operations)](&f, &p)
	}
	f.h.flush()
	f.h.pipeline.Snapshot(f.h.now)
}

// captured is real traffic.
type captured struct {
	rtp   [][]byte
	coded []event
}

func newCaptured(tb testing.TB) *captured {
	tb.Helper()
	var c captured
	c.rtp, _ = rtpOf(tb, "c-rtp.pcap")
	for _, name := range []string{"a-k3r1-head.pcap", "b-k3r1-head.pcap", "c-k6r2.pcap"} {
		c.coded = append(c.coded, coded(tb, name)...)
	}
	return &c
}

// fuzzer makes datagrams of a few streams, changes them, and pushes them into a pipeline.
type fuzzer struct {
	h        *harness
	captured *captured

	enc     isc.Encoder
	ssrc    uint32
	seq     uint16
	jump    uint16 // between two packets of the next segment
	length  int
	real    int // which captured RTP packet comes next, from 1; 0 where packets are made up
	k, r    int
	lag     time.Duration // how long ago the next datagrams arrived
	pending [][]byte      // datagrams that can be sent
}

// segment makes the datagrams of the next segment and returns how many they are.
func (f *fuzzer) segment() int {
	sources := rtpPackets(f.ssrc, f.seq, equalLengths(f.k, f.length))
	for i, s := range sources {
		if f.real > 0 {
			s = bytes.Clone(f.captured.rtp[(f.real-1)%len(f.captured.rtp)])
			binary.BigEndian.PutUint32(s[8:], f.ssrc)
			sources[i] = s
			f.real++
		}
		binary.BigEndian.PutUint16(s[2:], f.seq+uint16(i)*(1+f.jump))
	}
	f.seq += uint16(f.k-1)*(1+f.jump) + 1
	f.jump = 0
	datagrams, err := f.enc.Encode(sources, f.r)
	require.NoError(f.h.tb, err)
	for _, d := range datagrams {
		f.pending = append(f.pending, bytes.Clone(d))
	}
	if len(f.pending) > 64 {
		f.pending = f.pending[len(f.pending)-64:]
	}
	return len(datagrams)
}

// push pushes a datagram that arrives on a link, from one of the addresses that may send on it.
func (f *fuzzer) push(way int, data []byte) {
	link := way % testLinks
	addresses := [...]netip.AddrPort{rigAddress(link), rigAddress(0), elsewhere(link), elsewhere(0)}
	f.h.pushLate(event{f.h.now, link, addresses[way/testLinks%len(addresses)], data}, f.lag)
}

// operations are what a program is made of. Those that are there more than once are done more often.
var operations = [...]func(f *fuzzer, p *program){
	(*fuzzer).again, (*fuzzer).again, (*fuzzer).fresh, (*fuzzer).whole, (*fuzzer).whole, (*fuzzer).change,
	(*fuzzer).cut, (*fuzzer).raw, (*fuzzer).parity, (*fuzzer).forge, (*fuzzer).capture, (*fuzzer).shape,
	(*fuzzer).identify, (*fuzzer).goOn, (*fuzzer).budget, (*fuzzer).late, (*fuzzer).wait, (*fuzzer).wait,
	(*fuzzer).waitLong, (*fuzzer).flush,
}

// The numbers of operations, for programs.
const (
	opAgain    = 1
	opFresh    = 2
	opWhole    = 4
	opChange   = 5
	opCut      = 6
	opRaw      = 7
	opParity   = 8
	opForge    = 9
	opCapture  = 10
	opShape    = 11
	opIdentify = 12
	opGoOn     = 13
	opBudget   = 14
	opLate     = 15
	opWait     = 17
	opWaitLong = 18
	opFlush    = 19
)

// again pushes a datagram made before, and may leave it to be pushed once more.
func (f *fuzzer) again(p *program) {
	way, n := p.next(), p.next()
	if len(f.pending) == 0 {
		f.segment()
	}
	i := n / 2 % len(f.pending)
	f.push(way, f.pending[i])
	if n%2 == 0 {
		f.pending = append(f.pending[:i:i], f.pending[i+1:]...)
	}
}

// fresh makes a segment of which nothing is pushed yet.
func (f *fuzzer) fresh(*program) { f.segment() }

// whole makes a segment and pushes all of it but for some datagrams, in order or backwards.
func (f *fuzzer) whole(p *program) {
	way, lost := p.next(), p.wide()
	n := f.segment()
	datagrams := f.pending[len(f.pending)-n:]
	for i := range datagrams {
		j := i
		if way&0x80 != 0 {
			j = n - 1 - i
		}
		if lost>>j&1 == 0 {
			f.push(way&^(testLinks-1)+j%testLinks, datagrams[j])
		}
	}
}

// change pushes a datagram made before with some bytes changed.
func (f *fuzzer) change(p *program) {
	way, n := p.next(), p.next()
	if len(f.pending) == 0 {
		return
	}
	data := bytes.Clone(f.pending[n%len(f.pending)])
	for range 1 + p.next()%3 {
		data[p.wide()%len(data)] = byte(p.next())
	}
	f.push(way, data)
}

// cut pushes the beginning of one.
func (f *fuzzer) cut(p *program) {
	way, n := p.next(), p.next()
	if len(f.pending) == 0 {
		return
	}
	data := f.pending[n%len(f.pending)]
	f.push(way, data[:p.wide()%(len(data)+1)])
}

// raw pushes what the program says.
func (f *fuzzer) raw(p *program) {
	way, n := p.next(), p.next()
	n = min(n, len(*p))
	f.push(way, (*p)[:n])
	*p = (*p)[n:]
}

// parity pushes parity of no segment.
func (f *fuzzer) parity(p *program) {
	way := p.next()
	header := isc.Header{Segment: f.seq + uint16(p.next()) - 128, Redundancy: uint16(1 + p.next()%isc.MaxParity)}
	for i := range 1 + p.next()%isc.MaxSources {
		header.Lengths[i] = uint16(isc.MinLength + i)
	}
	header.Number = 10 + uint16(p.next())%header.Redundancy
	data := append(header.Append(nil), make([]byte, header.Longest()+1)...)
	data[isc.HeaderSize] = byte(1 + p.next())
	f.push(way, data)
}

// forge pushes a datagram made before with another payload, in front of the true one or not.
func (f *fuzzer) forge(p *program) {
	way, n, with := p.next(), p.next(), p.next()
	if len(f.pending) == 0 {
		return
	}
	data := bytes.Clone(f.pending[n%len(f.pending)])
	for i := isc.HeaderSize + isc.MinLength; i < len(data); i++ {
		data[i] += byte(with)
	}
	f.push(way, data)
}

// capture pushes captured datagrams, one of so many left out.
func (f *fuzzer) capture(p *program) {
	from, n, lost := p.wide(), p.next()%16, p.next()
	for i := range n {
		if e := f.captured.coded[(from+i)%len(f.captured.coded)]; lost == 0 || i%lost > 0 {
			f.push(e.link, e.data)
		}
	}
}

// shape says what the next segments are like.
func (f *fuzzer) shape(p *program) {
	f.k, f.r = 1+p.next()%isc.MaxSources, p.next()%(isc.MaxParity+1)
	f.length, f.real = isc.MinLength+p.next(), p.wide()
	f.enc.Padded = f.length%2 == 0
}

// identify says whose they are.
func (f *fuzzer) identify(p *program) { f.ssrc = uint32(p.next() % 8) }

// goOn says which their numbers are.
func (f *fuzzer) goOn(p *program) {
	how, by := p.next(), p.wide()
	switch how % 3 {
	case 0:
		f.seq = uint16(by)
	case 1:
		f.seq += uint16(by)
	default:
		f.jump = uint16(by % (1 << 15 / isc.MaxSources))
	}
}

func (f *fuzzer) budget(p *program) {
	f.h.pipeline.SetLatency(time.Duration(p.wide()) * 100 * time.Microsecond)
}

// late says how late datagrams are read from now on.
func (f *fuzzer) late(p *program) { f.lag = time.Duration(p.next()) * 5 * time.Millisecond }

func (f *fuzzer) wait(p *program) {
	f.h.advance(f.h.now.Add(time.Duration(p.next()) * 100 * time.Microsecond))
}

func (f *fuzzer) waitLong(p *program) {
	f.h.advance(f.h.now.Add(time.Duration(p.wide()) * 100 * time.Microsecond))
}

func (f *fuzzer) flush(*program) {
	f.h.pipeline.Flush(&f.h.res, f.h.now)
	f.h.step()
}
