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

// delay follows how late the packets of one link are, in milliseconds.
type delay struct {
	first  float64
	last   float64
	smooth float64 // unwrapped: it goes on beyond a cycle
	jitter float64 // RFC 3550, section 6.4.1
	since  time.Duration
	age    time.Duration
	known  bool
}

func (d *delay) update(at time.Duration, ms float64) {
	if !d.known {
		*d = delay{first: ms, last: ms, smooth: ms, since: at, known: true}
		return
	}
	d.jitter += (math.Abs(wrap(ms-d.last)) - d.jitter) / 16
	d.smooth += wrap(ms-d.smooth) / 16
	d.last, d.age = ms, at-d.since
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
func wrap(ms float64) float64 { return math.Remainder(ms, cycle) }
