package receiver

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/receiver/depacket"
	"github.com/isc-receiver/isc-receiver/receiver/feedback"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// The stream of a path: 25 pictures and 1,000 RTP packets a second, 9.6 Mb/s.
const (
	pathSize    = 1200 // bytes of an RTP packet
	pathPackets = 40   // in a picture
	pathStep    = time.Millisecond
	pathBatch   = 256 // segments that are coded ahead
)

// BenchmarkPipeline measures all that is done for a datagram between the sockets and the outputs: it is parsed, put in
// its segment and in order, rebuilt where it is lost, put together to access units, and entered in the accounts. It
// reports the allocations but for those of access units and feedback, which leave the pipeline, as apart/op.
func BenchmarkPipeline(b *testing.B) {
	for _, c := range [][3]int{{3, 1, 0}, {2, 2, 0}, {5, 3, 0}, {6, 2, 0}, {3, 1, 10}, {5, 3, 10}} {
		b.Run(fmt.Sprintf("%d+%d, %d of 1000 lost", c[0], c[1], c[2]), func(b *testing.B) {
			p := newPath(c[0], c[1], c[2])
			p.warm()
			b.SetBytes(isc.HeaderSize + pathSize)
			b.ReportAllocs()
			for b.Loop() {
				p.ready(b)
				p.step()
			}
			b.StopTimer()
			b.ReportMetric(p.apart(b), "apart/op")
		})
	}
}

// path is a pipeline on a steady stream, one datagram a step. But for what the pipeline does, a step allocates nothing.
type path struct {
	pipeline *Pipeline
	pool     inbox.Pool
	res      Result
	now      time.Time

	rng     *rand.Rand
	enc     isc.Encoder
	k, r    int
	loss    int // datagrams of 1,000
	sources [][]byte
	seq     int
	batch   []pathDatagram
	next    int // in batch

	units, scores, jitters int // that came out
}

type pathDatagram struct {
	link int
	at   time.Time
	data []byte
}

func newPath(k, r, loss int) *path {
	p := &path{now: epoch, k: k, r: r, loss: loss, rng: rand.New(rand.NewPCG(1, 12))}
	p.pipeline = NewPipeline(testConfig(), &p.pool, epoch)
	p.sources = rtpPackets(1, 0, equalLengths(k, pathSize))
	p.batch = make([]pathDatagram, 0, pathBatch*(k+r))
	return p
}

// warm runs the path until it has all the memory that it needs.
func (p *path) warm() {
	for range 40 {
		for p.fill(); p.left() > 0; {
			p.step()
		}
	}
}

// left returns how many steps there are before fill is due.
func (p *path) left() int { return len(p.batch) - p.next }

// ready sees to it that there are steps left, without time being taken.
func (p *path) ready(b *testing.B) {
	b.Helper()
	if p.left() == 0 {
		b.StopTimer()
		p.fill()
		b.StartTimer()
	}
}

// fill codes the datagrams of the next steps.
func (p *path) fill() {
	p.batch, p.next = p.batch[:0], 0
	at := p.now
	for segment := range pathBatch {
		for _, rtp := range p.sources {
			p.packet(rtp)
		}
		at = at.Add(time.Duration(p.k) * pathStep)
		datagrams, err := p.enc.Encode(p.sources, p.r)
		if err != nil {
			panic(err) // sizes and numbers are right
		}
		for i, d := range datagrams {
			if p.rng.IntN(1000) < p.loss {
				continue
			}
			link := (segment + i) % testLinks
			isc.Stamp(d, isc.Timestamp(at), uint16(link))
			n := len(p.batch)
			p.batch = p.batch[:n+1]
			p.batch[n] = pathDatagram{link, at, append(p.batch[n].data[:0], d...)}
		}
	}
}

// packet makes the next RTP packet: pictures are cut in fragments (RFC 6184, section 5.8), and each begins with an
// access unit delimiter, so that it is plain that it is whole.
func (p *path) packet(rtp []byte) {
	i := p.seq % pathPackets
	rtp[1] = 96
	rtp[12], rtp[13] = 0x7C, 0x05
	switch i {
	case 0:
		rtp[12], rtp[13] = 0x09, 0xF0
	case 1:
		rtp[13] |= 0x80
	case pathPackets - 1:
		rtp[1] |= 0x80
		rtp[13] |= 0x40
	}
	binary.BigEndian.PutUint16(rtp[2:], uint16(p.seq))
	binary.BigEndian.PutUint32(rtp[4:], uint32(p.seq/pathPackets*3600))
	p.seq++
}

// step pushes the next datagram, as a channel does.
func (p *path) step() {
	next := &p.batch[p.next]
	p.next++
	p.now = next.at
	d := p.pool.Get()
	d.Link, d.From, d.Arrival = next.link, rigAddress(next.link), p.now
	d.SetSize(copy(d.Buffer(), next.data))
	d = p.pool.Fit(d)
	p.pipeline.Push(&p.res, p.now, d)
	p.pipeline.Advance(&p.res, p.now)
	p.units += len(p.res.Units)
	for _, text := range p.res.Feedback {
		if text[0] == '0' {
			p.scores++
		} else {
			p.jitters++
		}
	}
	p.res.Reset()
}

// apart returns how many allocations a step makes apart from those of access units and feedback.
func (p *path) apart(tb testing.TB) float64 {
	tb.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that nothing else allocates meanwhile
	for p.left() > 0 {
		p.step()
	}
	p.units, p.scores, p.jitters = 0, 0, 0
	steps, allocated := 0, uint64(0)
	var before, after runtime.MemStats
	for range 8 {
		p.fill()
		runtime.ReadMemStats(&before)
		for p.left() > 0 {
			p.step()
			steps++
		}
		runtime.ReadMemStats(&after)
		allocated += after.Mallocs - before.Mallocs
	}
	if p.units == 0 || p.scores == 0 || p.jitters == 0 {
		tb.Fatal("no access units, or no feedback")
	}
	unit, scores, jitter := leaving()
	leave := float64(p.units)*unit + float64(p.scores)*scores + float64(p.jitters)*jitter
	return (float64(allocated) - leave) / float64(steps)
}

// leaving returns how many allocations an access unit, scores and a jitter are, each made alone.
func leaving() (unit, scores, jitter float64) {
	const runs = 100
	var d depacket.Depacketizer
	var units []media.AccessUnit
	p := newPath(1, 0, 0)
	rtp := p.sources[0]
	unit = testing.AllocsPerRun(runs, func() {
		unit := int64(p.seq / pathPackets)
		for i := range pathPackets {
			p.packet(rtp)
			units = d.Push(units[:0], depacket.Packet{
				Payload: rtp[isc.MinLength:], Time: unit, Marker: i == pathPackets-1,
			})
		}
	})
	f := feedback.New(testLinks)
	texts := make([][]byte, 0, 1)
	scores = testing.AllocsPerRun(runs, func() {
		for texts = texts[:0]; len(texts) == 0; {
			for link := range testLinks {
				texts = f.Arrived(texts, link, 0)
			}
		}
	})
	jitter = testing.AllocsPerRun(runs, func() {
		for texts = texts[:0]; len(texts) == 0; {
			texts = f.Released(texts, 0)
		}
	})
	return unit, scores, jitter
}
