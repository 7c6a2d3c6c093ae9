package source

import (
	"sync/atomic"
	"time"

	"github.com/google/gopacket/layers"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// Ceilings on what fragments can make a source hold: 1.3 MiB.
const (
	// maxAssemblies is how many IPv4 datagrams may be incomplete. Where more begin, the oldest one is given up, those
	// first of which the beginning, with its port, has not come: they are mostly of somebody else.
	maxAssemblies = 256
	// keptBytes is how much of a datagram is kept. What is longer counts as too long anyway.
	keptBytes = udpSize + inbox.MaxDatagram
	// fragmentTime is how long fragments of an IPv4 datagram are waited for (RFC 791, section 3.2, suggests 15 s).
	fragmentTime = 15 * time.Second
	// sweepTime is how often those are looked for that have waited longer.
	sweepTime = time.Second
)

// Offsets of fragments are multiples of fragmentUnit, and an IP packet ends at maxPacket at the latest.
const (
	fragmentUnit = 8
	maxPacket    = 65535
)

// assemblyKey is what the fragments of a UDP datagram have in common (RFC 791, section 3.2).
type assemblyKey struct {
	from, to [4]byte
	id       uint16
}

// assembly is an IPv4 datagram of which fragments have come.
type assembly struct {
	key     assemblyKey
	began   time.Time
	first   bool // the fragment with the UDP header is there
	size    int  // of all, once the last fragment is there; -1 before
	have    int  // bytes that are there
	highest int  // where the last of them ends

	units [(maxPacket + 1) / fragmentUnit / 64]uint64
	bytes [keptBytes]byte
}

// reassembler puts IPv4 fragments of UDP datagrams together (RFC 791, section 3.2). Fragments that contradict each
// other void their datagram, as nobody can say which of them is right (RFC 5722 has the reasons). The zero value is
// ready; it is not safe for concurrent use, but for state.
type reassembler struct {
	open  map[assemblyKey]*assembly
	free  []*assembly
	swept time.Time // when old datagrams were given up last

	waiting atomic.Int64  // how many are open
	lost    atomic.Uint64 // datagrams that were given up
}

// state returns how many datagrams may be incomplete, how many are, and how many were given up: those that contradicted
// themselves, waited for too long or made room for others. Without their beginning, nobody knows whose those were.
func (r *reassembler) state() (limit, now int, lost uint64) {
	return maxAssemblies, int(r.waiting.Load()), r.lost.Load()
}

// add takes a fragment of a UDP datagram that came at that time. It returns as much as is kept of the datagram that it
// completes, valid until the next call.
func (r *reassembler) add(ip *layers.IPv4, at time.Time) (datagram []byte, ok bool) {
	offset, length := int(ip.FragOffset)*fragmentUnit, len(ip.Payload)
	more := ip.Flags&layers.IPv4MoreFragments != 0
	if length != int(ip.Length)-int(ip.IHL)*4 || length == 0 || more && length%fragmentUnit != 0 ||
		offset+length > maxPacket-ip4Size {
		return nil, false
	}
	key := assemblyKey{id: ip.Id}
	copy(key.from[:], ip.SrcIP)
	copy(key.to[:], ip.DstIP)
	a := r.find(key, at)
	if !a.add(offset, ip.Payload, more) {
		r.giveUp(a)
		return nil, false
	}
	if a.have != a.size {
		return nil, false
	}
	r.remove(a)
	return a.bytes[:min(a.size, keptBytes)], true
}

// find returns the datagram of a key, a new one where there is none, or one that is too old.
func (r *reassembler) find(key assemblyKey, at time.Time) *assembly {
	a := r.open[key]
	if a != nil {
		if !a.isOld(at) {
			return a
		}
		r.giveUp(a)
	}
	if r.open == nil {
		r.open = make(map[assemblyKey]*assembly, maxAssemblies)
	}
	r.sweep(at)
	if len(r.open) == maxAssemblies {
		r.giveUp(r.oldest())
	}
	if last := len(r.free) - 1; last >= 0 {
		a, r.free = r.free[last], r.free[:last]
	} else {
		a = new(assembly)
	}
	a.key, a.began, a.first, a.size, a.have, a.highest = key, at, false, -1, 0, 0
	clear(a.units[:])
	r.open[key] = a
	r.waiting.Store(int64(len(r.open)))
	return a
}

// sweep gives up datagrams that have waited for too long, at most once a second.
func (r *reassembler) sweep(at time.Time) {
	if since := at.Sub(r.swept); since >= 0 && since < sweepTime {
		return
	}
	r.swept = at
	for _, a := range r.open {
		if a.isOld(at) {
			r.giveUp(a)
		}
	}
}

func (r *reassembler) giveUp(a *assembly) {
	r.lost.Add(1)
	r.remove(a)
}

// oldest returns the datagram to be given up for another.
func (r *reassembler) oldest() *assembly {
	var oldest *assembly
	for _, a := range r.open {
		if oldest == nil || oldest.first && !a.first || oldest.first == a.first && a.began.Before(oldest.began) {
			oldest = a
		}
	}
	return oldest
}

func (r *reassembler) remove(a *assembly) {
	delete(r.open, a.key)
	r.free = append(r.free, a)
	r.waiting.Store(int64(len(r.open)))
}

// isOld tells whether a datagram has waited for too long, or its time is that of another clock.
func (a *assembly) isOld(at time.Time) bool {
	age := at.Sub(a.began)
	return age > fragmentTime || age < -fragmentTime
}

// add puts a fragment where it belongs. It returns false where it contradicts another.
func (a *assembly) add(offset int, payload []byte, more bool) bool {
	end := offset + len(payload)
	if !more {
		if a.size >= 0 && a.size != end {
			return false
		}
		a.size = end
	}
	a.highest = max(a.highest, end)
	if a.size >= 0 && a.highest > a.size {
		return false
	}
	there := 0
	begin, stop := offset/fragmentUnit, (end+fragmentUnit-1)/fragmentUnit
	for unit := begin; unit < stop; unit++ {
		there += int(a.units[unit/64] >> (unit % 64) & 1)
		a.units[unit/64] |= 1 << (unit % 64)
	}
	if there > 0 {
		return there == stop-begin // it came twice
	}
	a.first = a.first || offset == 0
	a.have += len(payload)
	if offset < keptBytes {
		copy(a.bytes[offset:], payload)
	}
	return true
}
