package sender

import (
	"net/netip"
	"time"
)

// holdsFor is how long after its last packet a program still has the input to itself. One that is started again takes
// about as long to begin, and what it sends first is a keyframe that should not be missed.
const holdsFor = 500 * time.Millisecond

// holder is the program whose RTP is sent, known by the address that it sends from: two streams in one would be of no
// use to any receiver. The zero value is ready; it is not safe for concurrent use.
type holder struct {
	address netip.AddrPort
	last    time.Time // when its last packet came
	refused netip.AddrPort
	told    time.Time // when a refusal was last logged
}

// takes tells whether an RTP packet from an address is the holder's; another one follows when that has been silent.
func (h *holder) takes(from netip.AddrPort, now time.Time) bool {
	if from != h.address {
		if !h.last.IsZero() && now.Sub(h.last) < holdsFor {
			h.refused = from
			return false
		}
		h.address = from
	}
	h.last = now
	return true
}

// tell returns the address that was refused since the last call, and whether that should be logged now: not more than
// once a minute.
func (h *holder) tell(now time.Time) (refused netip.AddrPort, tell bool) {
	refused, h.refused = h.refused, netip.AddrPort{}
	tell = refused.IsValid() && (h.told.IsZero() || now.Sub(h.told) >= time.Minute)
	if tell {
		h.told = now
	}
	return refused, tell
}
