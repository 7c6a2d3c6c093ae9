// Package ledger keeps a channel's accounts: what each datagram was on arrival, what became of each RTP packet, and
// how each link does. It knows no clock: times are passed in, as durations since the channel's start that do not
// run backwards by more than the minute it keeps. A Ledger is not safe for concurrent use.
package ledger

import (
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// Kind is what a datagram was on arrival.
type Kind uint8

// The kinds: each datagram is exactly one of them.
const (
	Source Kind = iota
	Parity
	Duplicate
	Late
	Malformed
	Refused
	kinds
)

// silence is how long a link may bring nothing before it counts as silent.
const silence = time.Second

// Ledger is the accounts of one channel. Make one with New.
type Ledger struct {
	links    []link
	packets  status.Packets
	released pulse

	step, clockJump jump // the last one that a link showed, and that is the clock's

	window window
	waits  waits
}

type link struct {
	tally
	malformed reasons
	refused   reasons
	from      netip.AddrPort
	since     time.Duration // when it came up
	heard     pulse         // valid packets from there
	delay     delay
}

// New returns the ledger of a channel with that many links.
func New(links int) *Ledger {
	return &Ledger{links: make([]link, links), window: newWindow(links)}
}

// Datagram takes note of a datagram of size bytes that arrived on a link.
func (l *Ledger) Datagram(at time.Duration, on int, kind Kind, size int) {
	for _, t := range [...]*tally{&l.links[on].tally, &l.window.at(at).links[on].tally} {
		t.counts[kind]++
		t.bytes += uint64(size)
	}
}

// Malformed counts a datagram under Malformed, with the reason, of which there must be few.
func (l *Ledger) Malformed(at time.Duration, on int, reason string, size int) {
	l.Datagram(at, on, Malformed, size)
	l.links[on].malformed.add(reason)
}

// Refused counts a datagram under Refused, with the reason, of which there must be few.
func (l *Ledger) Refused(at time.Duration, on int, reason string, size int) {
	l.Datagram(at, on, Refused, size)
	l.links[on].refused.add(reason)
}

// KernelDropped takes note of how many datagrams of a link the kernel has dropped so far.
func (l *Ledger) KernelDropped(at time.Duration, on int, total uint64) {
	k := &l.links[on]
	if total > k.kernelDropped {
		l.window.at(at).links[on].kernelDropped += total - k.kernelDropped
		k.kernelDropped = total
	}
}

// Sender takes note of the address that a valid packet came from. Parity says nothing of its sender, so it counts only
// where the link has brought nothing for a second.
func (l *Ledger) Sender(at time.Duration, on int, from netip.AddrPort, source bool) {
	k := &l.links[on]
	if source || !k.up(at) {
		k.from = from
	}
}

// Heard takes note that a valid packet came on a link, if it is from the link's sender: when, and how late by the
// timestamp in its header (hundredths of a second, modulo 10,000) against the clock that it arrived at.
func (l *Ledger) Heard(at time.Duration, on int, from netip.AddrPort, timestamp uint16, arrival time.Time) {
	k := &l.links[on]
	if from != k.from {
		return
	}
	if !k.up(at) {
		k.since = at
	}
	b := &l.window.at(at).links[on]
	b.gap = max(b.gap, k.heard.beat(at))
	if step := k.delay.update(at, milliseconds(timestamp, arrival)); step != 0 {
		l.jumped(jump{known: true, at: at, by: step, on: on})
	}
}

// Restarted forgets the delays: the rig's clock may be another one now.
func (l *Ledger) Restarted() {
	for i := range l.links {
		l.links[i].delay = delay{}
	}
	l.step, l.clockJump = jump{}, jump{}
}

// Delivered takes note of a packet released as it was received, and how long it waited since its arrival.
func (l *Ledger) Delivered(at, waited time.Duration, size int) {
	l.packets.Delivered++
	l.release(at, size).delivered++
	l.waits.add(at, waited)
}

// Recovered takes note of a packet released as rebuilt by the coding.
func (l *Ledger) Recovered(at time.Duration, size int) {
	l.packets.Recovered++
	l.release(at, size).recovered++
}

// release takes note of a packet of size bytes released, in the bucket that it returns.
func (l *Ledger) release(at time.Duration, size int) *bucket {
	b := l.window.at(at)
	b.mediaBytes += uint64(size)
	b.gap = max(b.gap, l.released.beat(at))
	return b
}

// Lost takes note of packets given up.
func (l *Ledger) Lost(at time.Duration, packets int) {
	l.packets.Lost += uint64(packets)
	l.window.at(at).lost += uint64(packets)
}

// Segment takes note of a closed segment of k source packets and r parity packets, by how many of them came on each
// link.
func (l *Ledger) Segment(at time.Duration, k, r int, perLink []uint8) {
	b := l.window.at(at)
	b.survives[survives(k, perLink)]++
	b.sent += uint64(k + r)
	for _, n := range perLink {
		b.arrived += uint64(n)
	}
}

// Picture takes note of an access unit handed to the outputs.
func (l *Ledger) Picture(at time.Duration) { l.window.at(at).pictures++ }

// Counts returns how many datagrams of each kind came on all links together, and what became of the packets.
func (l *Ledger) Counts() (datagrams status.Datagrams, packets status.Packets) {
	for i := range l.links {
		datagrams.Add(l.links[i].datagrams())
	}
	return datagrams, l.packets
}

// From returns the address that the last valid packet on a link came from; it is not valid before the first.
func (l *Ledger) From(on int) netip.AddrPort { return l.links[on].from }

// survives returns how many links could have gone without a loss to a segment of k sources: the busiest ones.
func survives(k int, perLink []uint8) int {
	left := -k
	for _, n := range perLink {
		left += int(n)
	}
	gone := 0
	var used uint64
	for {
		busiest := -1
		for i, n := range perLink {
			if used>>i&1 == 0 && n > 0 && (busiest < 0 || n > perLink[busiest]) {
				busiest = i
			}
		}
		if busiest < 0 || int(perLink[busiest]) > left || gone == maxSurvives {
			return gone
		}
		left -= int(perLink[busiest])
		used |= 1 << busiest
		gone++
	}
}
