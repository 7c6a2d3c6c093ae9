package receiver

import (
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// headSize is how much of a datagram is kept to be shown, in bytes.
const headSize = 16

// evidence is what a verdict rests on: the last of those datagrams that came to nothing.
type evidence struct {
	malformed  trace
	notAllowed trace
}

// trace is what is kept of a datagram.
type trace struct {
	at    time.Duration
	from  netip.AddrPort
	head  [headSize]byte
	size  int // of the datagram
	cause error
	count uint64 // datagrams of that kind
}

// see takes note of a datagram.
func (t *trace) see(at time.Duration, d *inbox.Datagram, cause error) {
	t.at, t.from, t.size, t.cause = at, d.From, len(d.Bytes()), cause
	copy(t.head[:], d.Bytes())
	t.count++
}
