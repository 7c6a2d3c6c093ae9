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

// malformedReason returns what the snapshot calls a reason why a datagram is malformed.
func malformedReason(cause error) string {
	switch cause { //nolint:errorlint // they come bare, and a flood of them is to cost little
	case isc.ErrShort:
		return "short"
	case isc.ErrSources:
		return "sources"
	case isc.ErrLength:
		return "length"
	case isc.ErrRedundancy:
		return "redundancy"
	case isc.ErrNumber:
		return "number"
	case isc.ErrPayload:
		return "payload"
	case isc.ErrVersion:
		return "version"
	case errTooLong:
		return "too-long"
	default:
		return "sequence"
	}
}

// allowed tells whether datagrams from an address are taken.
func (p *Pipeline) allowed(from netip.AddrPort) bool {
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
	p.ledger.Malformed(at, d.Link, malformedReason(cause), len(d.Bytes()))
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
