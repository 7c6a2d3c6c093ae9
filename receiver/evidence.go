package receiver

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	// headSize is how much of a datagram is kept to tell what it is, and shownSize how much of that is shown, in bytes.
	headSize  = 64
	shownSize = 16
	// freshTime is how long datagrams that came to nothing count as what arrives now.
	freshTime = 10 * time.Second
)

// evidence is what a verdict rests on: of the datagrams of a kind that came to nothing, the last one.
type evidence struct {
	malformed   trace
	barred      trace // from addresses that are not allowed
	barredCoded trace // those of them that are of the coding
	coded       trace // of the coding, while there is no stream that is followed
}

// trace is what is kept of a kind of datagrams.
type trace struct {
	count   uint64
	several bool   // they came from more than one address
	on      uint64 // a bit for each link that they came on

	at    time.Duration // of the last one
	link  int
	from  netip.AddrPort
	size  int
	cause error
	head  [headSize]byte
}

// see takes note of a datagram.
func (t *trace) see(at time.Duration, d *inbox.Datagram, cause error) {
	t.several = t.several || t.count > 0 && t.from.Addr() != d.From.Addr()
	t.count++
	t.on |= 1 << d.Link
	t.at, t.link, t.from, t.size, t.cause = at, d.Link, d.From, len(d.Bytes()), cause
	copy(t.head[:], d.Bytes())
}

// fresh tells whether such datagrams arrive now.
func (t *trace) fresh(at time.Duration) bool { return t.count > 0 && at-t.at < freshTime }

// start is the datagram as far as it is kept.
func (t *trace) start() []byte { return t.head[:min(t.size, headSize)] }

// bytes returns the datagram's first bytes as people write them.
func (t *trace) bytes() string {
	var b strings.Builder
	for i, x := range t.start()[:min(t.size, shownSize)] {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(hex.EncodeToString([]byte{x}))
	}
	return b.String()
}

// bar takes note of a datagram from an address that is not allowed.
func (e *evidence) bar(at time.Duration, d *inbox.Datagram, h *isc.Header) {
	if _, err := isc.Parse(d.Bytes(), h); err == nil {
		e.barredCoded.see(at, d, nil)
		return
	}
	e.barred.see(at, d, nil)
}
