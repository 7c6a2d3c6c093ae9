// Package feedback computes what a receiver tells the rig about its links: the two feedback datagrams of the wire
// format, scores and jitter.
//
//	0@p0@p1@...    a score for each link, the higher the steadier
//	1@m            the jitter of the released stream, in thousandths of a hundredth of a second
//
// It knows no sockets and no clock, and is not safe for concurrent use.
package feedback

import (
	"math"
	"strconv"
	"time"
)

const (
	scoreEvery  = 100     // valid packets on any one link from one score datagram to the next
	jitterEvery = 500     // updates of the jitter from one jitter datagram to the next
	scoreScale  = 100_000 // p = scoreScale * n / D
	clockCycle  = 10_000  // the header's timestamp wraps here
)

// Feedback is the state for one channel.
type Feedback struct {
	links []link

	jitter    float64
	updates   int
	lastDelay int
	released  bool // lastDelay is set
}

type link struct {
	count     int // valid packets since the last scores: n
	deviation int // sum of the sizes of their delays' differences from firstDelay: D
	first     int
	known     bool // first is set
}

// New returns the feedback for a channel of that many links.
func New(links int) *Feedback {
	return &Feedback{links: make([]link, links)}
}

// Delay returns arrival minus timestamp in whole hundredths of a second, 0 to 9,999.
func Delay(timestamp uint16, arrival time.Time) int {
	hundredths := arrival.Unix()%(clockCycle/100)*100 + int64(arrival.Nanosecond())/int64(10*time.Millisecond)
	d := (int(hundredths) - int(timestamp)) % clockCycle
	if d < 0 {
		d += clockCycle
	}
	return d
}

// Difference returns a minus b, both delays, as the number of smallest size modulo 10,000: -5,000 to 4,999.
func Difference(a, b int) int {
	d := (a - b) % clockCycle
	switch {
	case d < -clockCycle/2:
		d += clockCycle
	case d >= clockCycle/2:
		d -= clockCycle
	}
	return d
}

// Arrived takes note of a valid packet, source or parity, that came on a link with that delay. Where scores are due it
// appends their datagram to dst as one element, which the caller owns.
func (f *Feedback) Arrived(dst [][]byte, on, delay int) [][]byte {
	l := &f.links[on]
	if !l.known {
		l.first, l.known = delay, true
	}
	l.count++
	l.deviation += abs(Difference(delay, l.first))
	if l.count < scoreEvery {
		return dst
	}
	text := []byte{'0'}
	for i := range f.links {
		l := &f.links[i]
		score := scoreScale * l.count / max(1, l.deviation)
		text = strconv.AppendInt(append(text, '@'), int64(score), 10)
		l.count, l.deviation = 0, 0
	}
	return append(dst, text)
}

// Released takes note of a source packet that was released as it was received, in order of release, with the delay
// that it arrived with. Where the jitter is due it appends its datagram to dst as one element, which the caller owns.
func (f *Feedback) Released(dst [][]byte, delay int) [][]byte {
	if f.released {
		f.jitter = 0.999*f.jitter + 0.001*math.Abs(float64(Difference(delay, f.lastDelay)))
		f.updates++
	}
	f.lastDelay, f.released = delay, true
	if f.updates < jitterEvery {
		return dst
	}
	f.updates = 0
	return append(dst, strconv.AppendInt([]byte("1@"), int64(1000*f.jitter), 10))
}

// Restarted takes note that the rig has restarted: the first delays are taken anew.
func (f *Feedback) Restarted() {
	for i := range f.links {
		f.links[i].known = false
	}
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
