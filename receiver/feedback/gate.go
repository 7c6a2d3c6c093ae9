package feedback

import (
	"net/netip"
	"time"
)

const (
	// gateSpan is how long after its last valid packet a sender is still answered.
	gateSpan = 2 * time.Second
	// gateRate is how many datagrams a sender gets within gateSecond at most.
	gateRate   = 20
	gateSecond = time.Second
	// overhead4 and overhead6 are what IP and UDP add to a datagram, in bytes.
	overhead4 = 20 + 8
	overhead6 = 40 + 8
)

// Gate is between the feedback and the sender of one link. Whoever writes another's address into packets of his can
// have us send there, so no more goes to an address than comes from it, nothing where nothing comes, and never much.
// Times are durations since any fixed moment. The zero value is ready; it is not safe for concurrent use.
type Gate struct {
	sent, withheld uint64 // datagrams

	to     netip.AddrPort
	heard  time.Duration           // when a valid packet came from there last
	credit int                     // bytes that came from there, less those that went there
	times  [gateRate]time.Duration // when the last datagrams went out; number n is at n modulo gateRate
}

// Heard takes note of a valid packet of size bytes from the link's sender.
func (g *Gate) Heard(at time.Duration, from netip.AddrPort, size int) {
	if from != g.to {
		g.to, g.heard, g.credit = from, at, 0
	}
	g.heard = max(g.heard, at)
	g.credit += size + overhead(from)
}

// Open tells whether a datagram of size bytes may go to the link's sender now, and who that is. One that may not is
// counted as withheld, if there ever was a sender.
func (g *Gate) Open(at time.Duration, size int) (to netip.AddrPort, open bool) {
	switch {
	case !g.to.IsValid():
		return g.to, false
	case at-g.heard >= gateSpan,
		g.sent >= gateRate && at-g.times[g.sent%gateRate] < gateSecond,
		size+overhead(g.to) > g.credit:
		g.withheld++
		return g.to, false
	}
	return g.to, true
}

// Passed takes note that a datagram of size bytes, for which the gate was open, has been sent.
func (g *Gate) Passed(at time.Duration, size int) {
	g.times[g.sent%gateRate] = at
	g.sent++
	g.credit -= size + overhead(g.to)
}

// Counts returns how many datagrams were sent, and how many withheld.
func (g *Gate) Counts() (sent, withheld uint64) { return g.sent, g.withheld }

func overhead(to netip.AddrPort) int {
	if to.Addr().Is4() {
		return overhead4
	}
	return overhead6
}
