package ledger

import (
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// reasons counts datagrams by why they were malformed, or refused. There are a dozen at most, so looking for one costs
// less than a map, and they take no memory where all is well.
type reasons []reason

type reason struct {
	name  string
	count uint64
}

// add counts one more datagram.
func (r *reasons) add(name string) {
	for i := range *r {
		if (*r)[i].name == name {
			(*r)[i].count++
			return
		}
	}
	*r = append(*r, reason{name, 1})
}

// addTo adds the counts to a snapshot's, which stay nil where there are none.
func (r reasons) addTo(sum map[string]uint64) map[string]uint64 {
	if sum == nil && len(r) > 0 {
		sum = make(map[string]uint64, len(r))
	}
	for _, reason := range r {
		sum[reason.name] += reason.count
	}
	return sum
}

// pulse follows something that goes on and on: when it was last, and the longest pause since it was first.
type pulse struct {
	known   bool
	last    time.Duration
	longest time.Duration // between two beats
}

// beat takes note that it was at that time, and returns how long the pause before it was.
func (p *pulse) beat(at time.Duration) (pause time.Duration) {
	if !p.known {
		p.known, p.last = true, at
		return 0
	}
	pause = at - p.last
	if pause <= 0 {
		return 0 // it is told late: there was one after it
	}
	p.last = at
	p.longest = max(p.longest, pause)
	return pause
}

// pause returns how long the pause is that goes on.
func (p *pulse) pause(now time.Duration) time.Duration {
	if !p.known {
		return 0
	}
	return max(now-p.last, 0)
}

// longestSoFar returns the longest pause, the one that goes on included, in milliseconds.
func (p *pulse) longestSoFar(now time.Duration) float64 {
	return inMilliseconds(max(p.longest, p.pause(now)))
}

// tally is what came on a link.
type tally struct {
	counts        [kinds]uint64 // datagrams
	bytes         uint64
	kernelDropped uint64
	saved         uint64
}

// datagrams returns the counts as a snapshot has them.
func (t *tally) datagrams() status.Datagrams {
	d := status.Datagrams{
		Source: t.counts[Source], Parity: t.counts[Parity], Duplicate: t.counts[Duplicate],
		Late: t.counts[Late], Malformed: t.counts[Malformed], Refused: t.counts[Refused],
		KernelDropped: t.kernelDropped,
	}
	for _, n := range t.counts {
		d.Received += n
	}
	return d
}
