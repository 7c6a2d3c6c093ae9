package netsim

import (
	"math/rand/v2"
	"time"
)

// headers is what IPv4 and UDP add to a datagram on its way, in bytes.
const headers = 20 + 8

// LinkConfig says how bad one direction of a link is. The zero value is a perfect one: no delay and no loss.
type LinkConfig struct {
	Delay  time.Duration // that every datagram takes
	Jitter time.Duration // on top of Delay: uniform from 0 up to, not including, Jitter; it reorders nothing
	Rate   int64         // bits a second, headers of IPv4 and UDP included; 0: no limit
	Queue  int           // bytes, headers included, that may wait for the link; more is dropped at the tail; 0: no limit

	Loss    float64 // probability from 0 to 1 that a datagram is lost
	Repeat  float64 // probability from 0 to 1 that a datagram that is not lost arrives a second time
	Burst   Burst
	Reorder Reorder

	Outages  []Outage
	Dropouts Dropouts
}

// Burst is the model of Gilbert and Elliott: the link is good or bad by turns. How long it stays so is random, in
// time and not in datagrams, so that it does not depend on who sends how much.
type Burst struct {
	Good, Bad time.Duration // how long it stays so on average; without Bad it is always good
	Loss      float64       // while it is bad, in place of the link's
	Rate      int64         // while it is bad, in place of the link's; 0: the same
}

// Reorder has some datagrams overtaken by those behind them.
type Reorder struct {
	Share float64       // probability from 0 to 1 that a datagram is held up
	By    time.Duration // for how long
}

// Outage is when a link carries nothing: for For, first at After and then once in every Every, all counted from the
// start of the link. Without For there is none; without Every it happens once.
type Outage struct {
	After, Every, For time.Duration
	Hold              bool // what is sent meanwhile waits in the queue for the end, as at a handover, and is not lost
}

// Dropouts are outages at random times.
type Dropouts struct {
	Up, Down time.Duration // how long the link works and does not, on average; without Down there are none
	Hold     bool          // as that of an Outage
}

// Link is one direction of one simulated link. It is not safe for concurrent use.
type Link struct {
	config   LinkConfig
	start    time.Time
	random   *rand.Rand
	burst    spells
	dropouts spells
	queue    backlog
	free     time.Time // when the last datagram has been sent out
	last     time.Time // when the last one arrives, which those behind it do not overtake
	counts   Counts
}

// Counts are what became of the datagrams sent on a Link: Sent is the sum of those carried and of those dropped for
// one of the reasons.
type Counts struct {
	Sent    uint64 `json:"sent"`
	Carried uint64 `json:"carried"`
	Lost    uint64 `json:"lost"`        // at random
	Burst   uint64 `json:"burst_lost"`  // at random, while the link was bad
	Outage  uint64 `json:"outage_lost"` // in outages and dropouts
	Full    uint64 `json:"queue_full"`

	Repeated  uint64 `json:"repeated"`  // of those carried
	Reordered uint64 `json:"reordered"` // of those carried: held up so that others could overtake them
	Bytes     uint64 `json:"bytes"`     // carried, without headers and repetitions
}

// NewLink returns a link whose outages are counted from start. Links with equal seeds and configurations treat equal
// datagrams equally.
func NewLink(config LinkConfig, start time.Time, seed uint64) *Link {
	return newLink(config, start, seed, [2]uint64{0, 1})
}

// newLink returns a link that draws what befalls each datagram from the first stream of the seed, and the times at
// which it is bad or down from the second.
func newLink(config LinkConfig, start time.Time, seed uint64, streams [2]uint64) *Link {
	return &Link{
		config: config, start: start,
		random:   rand.New(rand.NewPCG(seed, streams[0])),
		burst:    newSpells(config.Burst.Good, config.Burst.Bad, seed, 2*streams[1]),
		dropouts: newSpells(config.Dropouts.Up, config.Dropouts.Down, seed, 2*streams[1]+1),
	}
}

// Send sends a datagram of size bytes at now, which is not before that of the last call, and appends to dst when it
// arrives: never, once or twice. Each call draws the same number of random values, so what befalls a datagram does not
// depend on the outages before it.
func (l *Link) Send(dst []time.Time, now time.Time, size int) []time.Time {
	loss, repeated := l.random.Float64(), l.random.Float64() < l.config.Repeat
	reordered := l.random.Float64() < l.config.Reorder.Share
	jitter, again := l.jitter(), l.jitter()
	l.counts.Sent++
	begin := now
	if l.free.After(begin) {
		begin = l.free
	}
	begin, down := l.clear(begin)
	if down {
		l.counts.Outage++
		return dst
	}
	if l.queue.drain(now); l.config.Queue > 0 && l.queue.bytes+size+headers > l.config.Queue {
		l.counts.Full++
		return dst
	}
	bad, _ := l.burst.at(begin.Sub(l.start))
	l.free = begin.Add(l.transmission(size, bad))
	l.queue.add(l.free, size+headers)
	switch {
	case bad && loss < l.config.Burst.Loss:
		l.counts.Burst++
		return dst
	case !bad && loss < l.config.Loss:
		l.counts.Lost++
		return dst
	}
	l.counts.Carried++
	l.counts.Bytes += uint64(size)
	arrival := l.free.Add(l.config.Delay + jitter)
	switch {
	case reordered:
		l.counts.Reordered++
		arrival = arrival.Add(l.config.Reorder.By)
	case arrival.Before(l.last):
		arrival = l.last
	default:
		l.last = arrival
	}
	dst = append(dst, arrival)
	if repeated {
		l.counts.Repeated++
		dst = append(dst, arrival.Add(again))
	}
	return dst
}

func (l *Link) jitter() time.Duration {
	return time.Duration(l.random.Float64() * float64(l.config.Jitter))
}

// transmission returns how long it takes to send a datagram out.
func (l *Link) transmission(size int, bad bool) time.Duration {
	rate := l.config.Rate
	if bad && l.config.Burst.Rate > 0 {
		rate = l.config.Burst.Rate
	}
	if rate <= 0 {
		return 0
	}
	return time.Duration(int64(size+headers) * 8 * int64(time.Second) / rate)
}

// Down tells whether now falls into an outage or a dropout.
func (l *Link) Down(now time.Time) bool {
	since := now.Sub(l.start)
	for _, o := range l.config.Outages {
		if down, _ := o.at(since); down {
			return true
		}
	}
	down, _ := l.dropouts.at(since)
	return down
}

// clear returns when the link can send what it is to send at a time: then or, where outages hold it, after them. It
// reports true where it is lost in one.
func (l *Link) clear(at time.Time) (begin time.Time, lost bool) {
	since := at.Sub(l.start)
	for {
		down, hold, until := l.outage(since)
		switch {
		case !down:
			return l.start.Add(since), false
		case !hold:
			return at, true
		}
		since = until
	}
}

// outage tells whether the link is down at a time since its start, whether what it is to send then waits, and until
// when. What loses goes before what holds.
func (l *Link) outage(since time.Duration) (down, hold bool, until time.Duration) {
	for _, o := range l.config.Outages {
		if in, end := o.at(since); in {
			down, hold, until = true, o.Hold, max(until, end)
			if !o.Hold {
				return down, hold, until
			}
		}
	}
	if in, end := l.dropouts.at(since); in {
		down, hold, until = true, l.config.Dropouts.Hold, max(until, end)
	}
	return down, hold, until
}

// Waiting returns how many bytes wait for the link at now, headers included, and how long the last of them waits.
func (l *Link) Waiting(now time.Time) (bytes int, wait time.Duration) {
	l.queue.drain(now)
	return l.queue.bytes, max(0, l.free.Sub(now))
}

// Counts returns what became of the datagrams sent so far.
func (l *Link) Counts() Counts { return l.counts }

// backlog is what waits for a link.
type backlog struct {
	leaving []leaving // in order
	bytes   int
}

// leaving is a datagram that is being sent out until a time.
type leaving struct {
	at    time.Time
	bytes int
}

func (b *backlog) add(at time.Time, bytes int) {
	b.leaving = append(b.leaving, leaving{at, bytes})
	b.bytes += bytes
}

// drain takes out what has left by now.
func (b *backlog) drain(now time.Time) {
	n := 0
	for n < len(b.leaving) && !b.leaving[n].at.After(now) {
		b.bytes -= b.leaving[n].bytes
		n++
	}
	if n > 0 {
		b.leaving = b.leaving[:copy(b.leaving, b.leaving[n:])]
	}
}
