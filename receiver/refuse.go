package receiver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// Reasons for refusing a datagram, as the snapshot names them.
const (
	refusedAddress = "address" // its sender's address is not allowed
	refusedSource  = "source"  // its sender is not the one that the channel follows
	refusedCeiling = "ceiling" // too many segments or senders at once
)

// Reasons why a datagram is malformed, besides those of package isc.
var (
	errTooLong  = fmt.Errorf("receiver: datagram longer than %d bytes", inbox.MaxDatagram)
	errSequence = errors.New("receiver: sequence number does not fit the segment")
)

// malformedReasons is what the snapshot calls the reasons why a datagram is malformed. They come bare, so that a flood
// of them costs little.
var malformedReasons = map[error]string{
	isc.ErrShort:      "short",
	isc.ErrSources:    "sources",
	isc.ErrLength:     "length",
	isc.ErrRedundancy: "redundancy",
	isc.ErrNumber:     "number",
	isc.ErrPayload:    "payload",
	isc.ErrVersion:    "version",
	errTooLong:        "too-long",
	errSequence:       "sequence",
}

// mayListen tells whether datagrams from an address are taken.
func (p *Pipeline) mayListen(from netip.AddrPort) bool {
	if len(p.allow) == 0 {
		return true
	}
	address := from.Addr().WithZone("")
	return slices.ContainsFunc(p.allow, func(n netip.Prefix) bool { return n.Contains(address) })
}

// refuse drops a segment that was on probation.
func (p *Pipeline) refuse(g *segment, reason string) {
	for d := range g.arrived {
		p.countRefused(d, reason)
	}
	g.release(p.free)
	p.segments.put(g)
}

// dropRow drops a parity packet that failed the checks.
func (p *Pipeline) dropRow(d *inbox.Datagram) { p.refuseDatagram(d, refusedSource) }

func (p *Pipeline) refuseMalformed(d *inbox.Datagram, cause error) {
	at := d.Arrival.Sub(p.started)
	p.evidence.malformed.see(at, d, cause)
	d.Counted = true
	p.ledger.Malformed(at, d.Link, malformedReasons[cause], len(d.Bytes()))
	p.free(d)
}

func (p *Pipeline) refuseDatagram(d *inbox.Datagram, reason string) {
	p.countRefused(d, reason)
	p.free(d)
}

// countRefused enters a datagram in the ledger as refused, unless the ledger has it.
func (p *Pipeline) countRefused(d *inbox.Datagram, reason string) {
	if !d.Counted {
		d.Counted = true
		p.ledger.Refused(d.Arrival.Sub(p.started), d.Link, reason, len(d.Bytes()))
	}
}
