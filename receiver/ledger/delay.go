package ledger

import (
	"math"
	"time"
)

// cycle is the header timestamp's period, in milliseconds.
const cycle = 100_000

// Timestamps that are no clock, since some rigs write another unit, show in jitter, in milliseconds, or in a delay that
// goes ever on: by more than queues explain, in milliseconds, and than clocks drift apart, a share of the time.
const (
	maxJitter = 2_000
	maxQueue  = 5_000
	maxDrift  = 0.05
)

// A step of the rig's clock is told from queues, and from timestamps that are no clock, by this: they have been one for
// so long before, and two links show it at about the same time and of the same size.
const (
	steadyTime = 10 * time.Second
	stepTime   = 2 * time.Second
	stepSize   = time.Second
)

// delay follows how late the packets of one link are, in milliseconds.
type delay struct {
	first  float64
	last   float64
	smooth float64 // unwrapped: it goes on beyond a cycle
	jitter float64 // RFC 3550, section 6.4.1
	since  time.Duration
	age    time.Duration
	known  bool
	clock  bool // the timestamps have made sense for long
}

// update takes note of a packet that was so late, and returns by how much the clock of its timestamp stepped, or zero.
// After a step all is measured anew.
func (d *delay) update(at time.Duration, ms float64) (step time.Duration) {
	if !d.known {
		*d = delay{first: ms, last: ms, smooth: ms, since: at, known: true}
		return 0
	}
	d.clock = d.clock || d.age >= steadyTime && d.sane()
	if by := wrap(d.last - ms); d.clock && math.Abs(by) > maxQueue {
		*d = delay{first: ms, last: ms, smooth: ms, since: at, known: true, clock: true}
		return time.Duration(by * float64(time.Millisecond))
	}
	d.jitter += (math.Abs(wrap(ms-d.last)) - d.jitter) / 16
	d.smooth += wrap(ms-d.smooth) / 16
	d.last, d.age = ms, at-d.since
	return 0
}

func (d *delay) sane() bool {
	moved := math.Abs(d.smooth - d.first)
	return d.known && d.jitter < maxJitter && moved < maxQueue+maxDrift*float64(d.age.Milliseconds())
}

// milliseconds returns arrival minus timestamp, modulo the timestamp's period.
func milliseconds(timestamp uint16, arrival time.Time) float64 {
	ms := float64(arrival.Unix()%(cycle/1000)*1000) + float64(arrival.Nanosecond())/1e6
	return wrap(ms - 10*float64(timestamp))
}

// wrap brings a difference of times into half a period on both sides of zero.
func wrap(ms float64) float64 {
	if math.Abs(ms) <= cycle/2 {
		return ms // as most are: Remainder is slow
	}
	return math.Remainder(ms, cycle)
}

// jump is a step of the rig's clock, as one link shows it.
type jump struct {
	known bool
	at    time.Duration
	by    time.Duration
	on    int
}

// jumped takes note of a step that a link shows.
func (l *Ledger) jumped(j jump) {
	if last := l.step; last.known && last.on != j.on && j.at-last.at < stepTime && (j.by-last.by).Abs() < stepSize {
		l.clockJump = jump{true, last.at, last.by, last.on}
	}
	l.step = j
}

// ClockJump returns when the rig's clock jumped last, as far as its timestamps tell that, and by how much: forward, or
// back where that is negative, but for whole cycles of 100 s. It returns false where it never did.
func (l *Ledger) ClockJump() (at, by time.Duration, jumped bool) {
	return l.clockJump.at, l.clockJump.by, l.clockJump.known
}
