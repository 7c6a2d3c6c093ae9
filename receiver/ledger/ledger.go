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
	links     []link
	packets   status.Packets
	refused   map[string]uint64
	malformed map[string]uint64

	window window
	waits  waits
}

type link struct {
	counts        [kinds]uint64
	saved         uint64
	kernelDropped uint64
	from          netip.AddrPort
	heard         bool
	proven        bool          // a source packet came from there
	since         time.Duration // when it came up
	last          time.Duration // when the last valid packet came
	delay         delay
}

// New returns the ledger of a channel with that many links.
func New(links int) *Ledger {
	return &Ledger{
		links: make([]link, links), refused: map[string]uint64{}, malformed: map[string]uint64{},
		window: newWindow(links),
	}
}

// Datagram takes note of a datagram of size bytes that arrived on a link.
func (l *Ledger) Datagram(at time.Duration, on int, kind Kind, size int) {
	l.links[on].counts[kind]++
	b := l.window.at(at)
	b.links[on].datagrams++
	b.links[on].bytes += uint64(size)
}

// Malformed counts a datagram under Malformed, with the reason.
func (l *Ledger) Malformed(at time.Duration, on int, reason string, size int) {
	l.Datagram(at, on, Malformed, size)
	l.malformed[reason]++
}

// KernelDropped takes note of how many datagrams of a link the kernel has dropped so far.
func (l *Ledger) KernelDropped(_ time.Duration, on int, total uint64) {
	l.links[on].kernelDropped = total
}

// Refused counts a datagram under Refused, with the reason.
func (l *Ledger) Refused(at time.Duration, on int, reason string, size int) {
	l.Datagram(at, on, Refused, size)
	l.refused[reason]++
}

// Sender takes note of the address that a valid packet came from. Parity says nothing of its sender, so it counts only
// where the link has brought nothing for a second.
func (l *Ledger) Sender(at time.Duration, on int, from netip.AddrPort, source bool) {
	k := &l.links[on]
	if source || !k.heard || at-k.last >= silence {
		k.from, k.heard, k.proven = from, true, source
	}
}

// Heard takes note that a valid packet came on a link, if it is from the link's sender: when, and how late by the
// timestamp in its header (hundredths of a second, modulo 10,000) against the clock that it arrived at.
func (l *Ledger) Heard(at time.Duration, on int, from netip.AddrPort, timestamp uint16, arrival time.Time) {
	k := &l.links[on]
	if from != k.from {
		return
	}
	if k.since == 0 || at-k.last >= silence {
		k.since = at
	}
	k.last = max(k.last, at)
	k.delay.update(at, milliseconds(timestamp, arrival))
}

// Restarted forgets the delays: the rig's clock may be another one now.
func (l *Ledger) Restarted() {
	for i := range l.links {
		l.links[i].delay = delay{}
	}
}

// Delivered takes note of a packet released as it was received, and how long it waited since its arrival.
func (l *Ledger) Delivered(at, waited time.Duration, size int) {
	l.packets.Delivered++
	b := l.window.at(at)
	b.packets.Delivered++
	b.mediaBytes += uint64(size)
	l.waits.add(at, waited)
}

// Recovered takes note of a packet released as rebuilt by the coding.
func (l *Ledger) Recovered(at time.Duration, size int) {
	l.packets.Recovered++
	b := l.window.at(at)
	b.packets.Recovered++
	b.mediaBytes += uint64(size)
}

// Saved takes note that a segment was closed with packets that the coding rebuilt and no link brought. Which link would
// have is found by elimination: the one that brought packets before and is silent now. Where there is not just one such
// link, they count for none.
func (l *Ledger) Saved(at time.Duration, packets int) {
	l.packets.Saved += uint64(packets)
	silent := -1
	for i := range l.links {
		if k := &l.links[i]; !k.heard || at-k.last < silence/2 {
			continue
		}
		if silent >= 0 {
			return
		}
		silent = i
	}
	if silent >= 0 {
		l.links[silent].saved += uint64(packets)
	}
}

// Lost takes note of packets given up.
func (l *Ledger) Lost(at time.Duration, packets int) {
	l.packets.Lost += uint64(packets)
	l.window.at(at).packets.Lost += uint64(packets)
}

// Segment takes note of a closed segment of k source packets, by how many of its datagrams came on each link.
func (l *Ledger) Segment(at time.Duration, k int, perLink []uint8) {
	l.window.at(at).survives[survives(k, perLink)]++
}

// Picture takes note of an access unit handed to the outputs.
func (l *Ledger) Picture(at time.Duration) { l.window.at(at).pictures++ }

// Counts returns how many datagrams of each kind came on all links together, and the packets given up.
func (l *Ledger) Counts() (datagrams status.Datagrams, packets status.Packets) {
	for i := range l.links {
		d := l.links[i].datagrams()
		datagrams.Received += d.Received
		datagrams.Source += d.Source
		datagrams.Parity += d.Parity
		datagrams.Malformed += d.Malformed
		datagrams.Duplicate += d.Duplicate
		datagrams.Late += d.Late
		datagrams.Refused += d.Refused
	}
	return datagrams, l.packets
}

// From returns the address that the last valid packet on a link came from; it is not valid before the first.
func (l *Ledger) From(on int) netip.AddrPort { return l.links[on].from }

// Sending tells whether that address is the proven sender of a link, and a valid packet came from it within the last
// second.
func (l *Ledger) Sending(at time.Duration, from netip.AddrPort) bool {
	for i := range l.links {
		if k := &l.links[i]; k.proven && k.from == from && k.up(at) {
			return true
		}
	}
	return false
}

func (k *link) datagrams() status.Datagrams {
	d := status.Datagrams{
		Source: k.counts[Source], Parity: k.counts[Parity], Duplicate: k.counts[Duplicate],
		Late: k.counts[Late], Malformed: k.counts[Malformed], Refused: k.counts[Refused],
		KernelDropped: k.kernelDropped,
	}
	for _, n := range k.counts {
		d.Received += n
	}
	return d
}

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
