package linkbench

import (
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/rig"
)

// report is what became of the RTP packets of the rig's present life, and what they took.
type report struct {
	first       int         // sequence number of the first packet
	times       []time.Time // when each packet came to the rig, in sequence; zero once it was released
	newest      int         // index of the newest one released
	releasedAny bool
	waits       []time.Duration // from the rig to the release, of those released
	again       int             // released once more, which a receiver may do after a standstill of seconds
	packetBytes int             // of the RTP packets, as datagrams of their own would take
	sentBytes   int             // of all that was sent, headers included
}

// resetNumbers begins a life whose first packet has that sequence number.
func (r *report) resetNumbers(first uint16) { *r = report{first: int(first)} }

func (r *report) pushed(size int, now time.Time) {
	r.times = append(r.times, now)
	r.packetBytes += size + wire
}

func (r *report) sent(d rig.Datagram) { r.sentBytes += len(d.Data) + wire }

func (r *report) released(sequence uint16, now time.Time) {
	n := r.newest + int(int16(sequence-uint16(r.first+r.newest)))
	if r.times[n].IsZero() {
		r.again++
	} else {
		r.waits = append(r.waits, now.Sub(r.times[n]))
		r.times[n] = time.Time{}
	}
	r.newest, r.releasedAny = n, true
}

// lost counts the packets that were never released.
func (r *report) lost() int {
	lost := 0
	for _, t := range r.times {
		if !t.IsZero() {
			lost++
		}
	}
	return lost
}

// wait returns how long the given part of the released packets took at most.
func (r *report) wait(part float64) time.Duration {
	if len(r.waits) == 0 {
		return 0
	}
	slices.Sort(r.waits)
	return r.waits[min(len(r.waits)-1, int(part*float64(len(r.waits))))]
}

// overhead returns the bytes sent beyond those of the packets, as a part of those.
func (r *report) overhead() float64 { return float64(r.sentBytes)/float64(r.packetBytes) - 1 }
