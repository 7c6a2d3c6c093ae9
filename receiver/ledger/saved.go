package ledger

import "time"

// eliminationSpan is how long a link must have been silent, and what the missing datagrams are counted over, before
// saved packets are put down to it.
const eliminationSpan = silence / 2

// Saved takes note that a segment whose first datagram came at first was closed with packets that the coding rebuilt
// and no link brought. It tells whether it is known which link would have brought them: the only one that once was
// heard and has been silent since before the segment, if as much is missing as that explains. Where it is not known
// they count for none, until they come after all: then SavedOn says it.
func (l *Ledger) Saved(at, first time.Duration, packets int) (known bool) {
	l.packets.Saved += uint64(packets)
	l.window.at(at).saved += uint64(packets)
	silent, heard := -1, 0
	for i := range l.links {
		k := &l.links[i]
		if !k.heard.known {
			continue
		}
		heard++
		if at-k.heard.last < eliminationSpan || k.heard.last >= first {
			continue
		}
		if silent >= 0 {
			return false
		}
		silent = i
	}
	if silent < 0 || !l.missesShare(at, heard) {
		return false
	}
	l.savedOn(at, silent, packets)
	return true
}

// SavedOn takes note that a packet of which Saved did not know the link came after all, on that one.
func (l *Ledger) SavedOn(at time.Duration, on int) { l.savedOn(at, on, 1) }

func (l *Ledger) savedOn(at time.Duration, on, packets int) {
	l.links[on].saved += uint64(packets)
	l.window.at(at).links[on].saved += uint64(packets)
}

// missesShare tells whether at least half of what one of so many links would carry is missing of what the rig sent of
// late. A rig that has given a silent link up sends nothing there, and what is missing then is that of other links.
func (l *Ledger) missesShare(at time.Duration, links int) bool {
	var sent, arrived uint64
	l.window.over(at, eliminationSpan, func(b *bucket) {
		sent += b.sent
		arrived += b.arrived
	})
	return sent > arrived && (sent-arrived)*2*uint64(links) >= sent
}
