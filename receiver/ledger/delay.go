package ledger

import (
	"math"
	"time"
)

// cycle is the header timestamp's period, in milliseconds.
const cycle = 100_000

// senseless is the jitter, in milliseconds, from which a link's timestamps are no clock: some rigs write another unit.
const senseless = 2_000

// delay follows how late the packets of one link are, in milliseconds.
type delay struct {
	smooth float64 // relative to the channel's first packet
	jitter float64 // RFC 3550, section 6.4.1
	last   float64
	known  bool
}

func (d *delay) update(ms float64) {
	if !d.known {
		*d = delay{smooth: ms, last: ms, known: true}
		return
	}
	d.jitter += (math.Abs(wrap(ms-d.last)) - d.jitter) / 16
	d.smooth = wrap(d.smooth + wrap(ms-d.smooth)/16)
	d.last = ms
}

func (d *delay) sane() bool { return d.known && d.jitter < senseless }

// milliseconds returns arrival minus timestamp, modulo the timestamp's period.
func milliseconds(timestamp uint16, arrival time.Time) float64 {
	ms := float64(arrival.Unix()%(cycle/1000)*1000) + float64(arrival.Nanosecond())/1e6
	return wrap(ms - 10*float64(timestamp))
}

// wrap brings a difference of times into half a period on both sides of zero.
func wrap(ms float64) float64 { return math.Remainder(ms, cycle) }
