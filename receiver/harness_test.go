package receiver

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

var epoch = time.Unix(1_700_000_000, 0)

// harness runs a pipeline and checks after each step what must always hold. Memory that the pipeline has given back is
// overwritten at once, so that a use after that shows as wrong bytes or a broken order.
type harness struct {
	tb       testing.TB
	pipeline *Pipeline
	pool     inbox.Pool
	now      time.Time
	res      Result

	pushed uint64
	steps  int
	back   map[*inbox.Datagram]bool // came back; never used again

	unit    func(media.AccessUnit) error // gets the units that come out, where it is not nil
	packets [][]byte                     // all that came out
	breaks  int                          // where the order of sequence numbers breaks off: a run of the sender each
	keep    bool                         // keep packets
	quick   bool                         // check the order and the sums alone, for tests of very many packets
	last    []byte                       // header of the last packet
}

func newHarness(tb testing.TB, budget time.Duration) *harness {
	tb.Helper()
	cfg := testConfig()
	cfg.Latency = budget
	return newHarnessOf(tb, cfg)
}

func newHarnessOf(tb testing.TB, cfg Config) *harness {
	tb.Helper()
	h := &harness{
		tb: tb, now: epoch, keep: true,
		back: map[*inbox.Datagram]bool{},
	}
	h.pipeline = NewPipeline(cfg, &h.pool, epoch)
	return h
}

// push advances to the event's time, as a channel does, and pushes its datagram.
func (h *harness) push(e event) { h.pushLate(e, 0) }

// pushLate does the same with a datagram that arrived so long before.
func (h *harness) pushLate(e event, lag time.Duration) {
	h.advance(e.at)
	d := new(inbox.Datagram)
	if h.quick {
		d = h.pool.Get()
	}
	d.Link, d.From, d.Arrival = e.link, e.from, e.at.Add(-lag)
	d.Truncated = len(e.data) > inbox.MaxDatagram
	d.SetSize(copy(d.Buffer(), e.data))
	h.pushed++
	h.pipeline.Push(&h.res, h.now, d)
	h.step()
}

// advance ends each wait at its time, up to that time. Each Advance at the time of Next must make progress.
func (h *harness) advance(to time.Time) {
	for {
		at, ok := h.pipeline.Next()
		if !ok || at.After(to) {
			break
		}
		if at.After(h.now) {
			h.now = at
		}
		h.pipeline.Advance(&h.res, h.now)
		h.step()
		if after, still := h.pipeline.Next(); still && !after.After(h.now) {
			require.FailNow(h.tb, "no progress", "Next %v, Advance at %v", after, h.now)
		}
	}
	if to.After(h.now) {
		h.now = to
	}
	h.pipeline.Advance(&h.res, h.now)
	h.step()
}

// flush ends the run, and checks that nothing is held any more.
func (h *harness) flush() {
	h.now = h.now.Add(time.Second)
	h.pipeline.Flush(&h.res, h.now)
	h.step()
	h.pipeline.Advance(&h.res, h.now)
	h.step()
	counts, _ := h.pipeline.Counts()
	require.Equal(h.tb, h.pushed, counts.Received, "each datagram is counted once")
	h.accounts()
	requireEmpty(h.tb, h.pipeline)
}

// requireEmpty checks that a pipeline holds nothing.
func requireEmpty(tb testing.TB, p *Pipeline) {
	tb.Helper()
	require.Empty(tb, p.memory.garbage)
	require.Zero(tb, p.memory.held)
	require.Zero(tb, p.segments.open)
	require.Empty(tb, p.probation.index)
	require.Empty(tb, p.probation.senders)
	require.Zero(tb, p.probation.held)
	for _, s := range []*stream{p.current, p.draining} {
		if s == nil {
			continue
		}
		require.Empty(tb, s.open)
		require.Zero(tb, s.waiting)
		for i := range s.slots {
			if s.slots[i].segments != nil || s.slots[i].packet != nil {
				require.FailNow(tb, "a slot is not empty")
			}
		}
	}
}

// step checks a step's results and the state after it.
func (h *harness) step() {
	for _, packet := range h.res.Packets {
		h.order(packet.RTP)
		if h.keep {
			h.packets = append(h.packets, bytes.Clone(packet.RTP))
		}
	}
	if h.quick {
		h.res.Reset()
		return
	}
	for _, unit := range h.res.Units {
		require.NotEmpty(h.tb, unit.NALUs)
		for _, nalu := range unit.NALUs {
			require.NotEmpty(h.tb, nalu)
		}
		if h.unit != nil {
			require.NoError(h.tb, h.unit(unit))
		}
	}
	h.res.Reset()
	h.poison()
	h.bounds()
	if h.steps++; h.steps%accountsEvery == 0 {
		h.accounts()
	}
}

// order checks that sequence numbers rise within a run of the sender.
func (h *harness) order(rtp []byte) {
	require.GreaterOrEqual(h.tb, len(rtp), isc.MinLength)
	require.EqualValues(h.tb, 2, rtp[0]>>6, "RTP version: memory used after it was given back?")
	if h.last == nil || rtpIdentity(h.last) != rtpIdentity(rtp) || int16(rtpSequence(rtp)-rtpSequence(h.last)) <= 0 {
		h.breaks++
		require.LessOrEqual(h.tb, h.breaks, h.pipeline.runs, "order broken within a run, at %d", rtpSequence(rtp))
	}
	h.last = append(h.last[:0], rtp[:isc.MinLength]...)
}

// poison overwrites what came back to the pool, and keeps it out of use.
func (h *harness) poison() {
	for _, size := range []int{1, inbox.MaxDatagram} {
		for {
			d := h.pool.GetFor(size)
			if !slices.ContainsFunc(d.Buffer()[:64], func(b byte) bool { return b != 0 }) {
				break // a new one
			}
			require.False(h.tb, h.back[d], "went back to the pool twice")
			h.back[d] = true
			for i := range d.Buffer()[:512] {
				d.Buffer()[i] = 0x5D
			}
		}
	}
}

// bounds checks the accounts and that memory is bounded.
func (h *harness) bounds() {
	p := h.pipeline
	memory, segments := 0, 0
	for _, s := range []*stream{p.current, p.draining} {
		if s == nil {
			continue
		}
		waiting := 0
		for _, g := range s.open {
			waiting += g.waiting
			memory += g.cost()
		}
		segments += len(s.open)
		h.check(waiting == s.waiting, "waiting", waiting, s.waiting)
	}
	if h.steps%8 == 0 { // it takes long
		for name, c := range p.ceilings(h.now) {
			h.check(c.Now <= c.Limit, name, c.Now, c.Limit)
		}
		m, n := h.probation()
		h.check(memory+m == p.memory.held, "memory held", memory+m, p.memory.held)
		h.check(segments+n == p.segments.open, "open segments", segments+n, p.segments.open)
	}
	counts, _ := p.Counts()
	sum := counts.Source + counts.Parity + counts.Duplicate + counts.Late + counts.Malformed + counts.Refused
	h.check(sum == counts.Received, "accounts", sum, counts.Received)
	h.check(counts.Received <= h.pushed, "received", counts.Received, h.pushed)
}

// probation checks what is on probation against its accounts, and returns how many datagrams and segments that is.
func (h *harness) probation() (memory, segments int) {
	pr := &h.pipeline.probation
	var held [ranks]int
	add := func(s *sender, r rank) {
		n := 0
		for g := range s.segments.all {
			h.check(g.owner == s && g.identity == s.identity, "owner", g.identity, s.identity)
			n += g.cost()
			segments++
		}
		h.check(n == s.held && s.rank == r, "held for a sender", n, s.held)
		held[r] += n
		memory += n
	}
	add(&pr.strays, unproven)
	add(&pr.own, known)
	senders := 0
	for r := range pr.ranks {
		for s := range pr.ranks[r].all {
			h.check(pr.senders[s.identity] == s && s.segments.size > 0, "sender", s.identity, s.segments.size)
			add(s, rank(r))
			senders++
		}
	}
	h.check(senders == len(pr.senders), "senders", senders, len(pr.senders))
	h.check(held == pr.held, "held on probation", held, pr.held)
	return memory, segments
}

// undecided returns how many datagrams on probation are not in the accounts yet.
func (h *harness) undecided() (n uint64) {
	for _, first := range h.pipeline.probation.index {
		for g := first; g != nil; g = g.rival {
			for d := range g.arrived {
				if !d.Counted {
					n++
				}
			}
		}
	}
	return n
}

// check is require.True without its cost.
func (h *harness) check(ok bool, what string, got, want any) {
	if !ok {
		h.tb.Helper()
		require.FailNow(h.tb, what, "got %v, limit or wanted %v", got, want)
	}
}

// rtpPackets makes RTP packets of a stream, of those lengths, one each step.
func rtpPackets(ssrc uint32, first uint16, lengths []int) [][]byte {
	packets := make([][]byte, len(lengths))
	for i, n := range lengths {
		p := make([]byte, n)
		p[0], p[1] = 0x80, 96
		if i%3 == 2 {
			p[1] |= 0x80
		}
		binary.BigEndian.PutUint16(p[2:], first+uint16(i))
		binary.BigEndian.PutUint32(p[4:], uint32(i/3)*3000)
		binary.BigEndian.PutUint32(p[8:], ssrc)
		for j := 12; j < n; j++ {
			p[j] = byte((i+1)*(j+5) + int(ssrc)*31)
		}
		if n > 12 {
			p[12] = 0x61
		}
		packets[i] = p
	}
	return packets
}

// equalLengths returns n times the same length.
func equalLengths(n, length int) []int {
	lengths := make([]int, n)
	for i := range lengths {
		lengths[i] = length
	}
	return lengths
}

// paced returns n times, one each step.
func paced(from time.Time, n int, step time.Duration) []time.Time {
	times := make([]time.Time, n)
	for i := range times {
		times[i] = from.Add(time.Duration(i) * step)
	}
	return times
}

func sortByTime(events []event) []event {
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	return events
}

func elsewhere(link int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 9}), uint16(50000+link))
}
