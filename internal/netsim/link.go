// Package netsim simulates bad network links, for tests, the demonstration and benchmarks.
//
// A Link is a plain value without goroutines or clock: it is told when a datagram is sent and answers when it
// arrives, so that a test runs in no time and gives the same result for the same seed. A Pump makes such arrivals
// happen in real time.
package netsim

import (
	"math/rand/v2"
	"time"
)

// LinkConfig says how bad a link is. The zero value is a perfect link: no delay and no loss.
type LinkConfig struct {
	Delay  time.Duration // that every datagram takes
	Jitter time.Duration // on top of Delay: uniform from 0 up to, not including, Jitter; it may reorder datagrams
	Loss   float64       // probability from 0 to 1 that a datagram is lost
	Repeat float64       // probability from 0 to 1 that a datagram that is not lost arrives a second time
	Outage Outage
}

// Outage is when a link carries nothing: for For, first at After and then once in every Every, all counted from the
// start of the link. Without For there is none; without Every it happens once.
type Outage struct {
	After, Every, For time.Duration
}

// Link is one direction of one simulated link. It is not safe for concurrent use.
type Link struct {
	config LinkConfig
	start  time.Time
	random *rand.Rand
}

// NewLink returns a link whose outages are counted from start. Links with equal seeds and configurations treat equal
// datagrams equally.
func NewLink(config LinkConfig, start time.Time, seed uint64) *Link {
	return &Link{config: config, start: start, random: rand.New(rand.NewPCG(seed, 0))}
}

// Send sends a datagram at now and appends to dst when it arrives: never, once or twice. Each call draws the same
// number of random values, so what befalls a datagram does not depend on the outages before it.
func (l *Link) Send(dst []time.Time, now time.Time) []time.Time {
	lost, repeated := l.random.Float64() < l.config.Loss, l.random.Float64() < l.config.Repeat
	first, second := l.random.Float64(), l.random.Float64()
	if lost || l.Down(now) {
		return dst
	}
	dst = append(dst, l.arrival(now, first))
	if repeated {
		dst = append(dst, l.arrival(now, second))
	}
	return dst
}

// Down tells whether now falls into an outage.
func (l *Link) Down(now time.Time) bool {
	o := l.config.Outage
	since := now.Sub(l.start) - o.After
	if since < 0 {
		return false
	}
	if o.Every > 0 {
		since %= o.Every
	}
	return since < o.For
}

func (l *Link) arrival(now time.Time, draw float64) time.Time {
	return now.Add(l.config.Delay + time.Duration(draw*float64(l.config.Jitter)))
}
