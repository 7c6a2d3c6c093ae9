// Package receiver is the core: for each rig a Channel that takes in datagrams, rebuilds the RTP stream from them, and
// hands whole access units to outputs.
//
//	source -> Inbox -> Pipeline -> a queue for each Output
//	                      |
//	                      +-> status.Channel, a few times a second
//	                      +-> feedback, through the source's own sockets
//
// It knows no HTTP, no window and no files.
//
// The life of a datagram, and where to read on:
//
//	inbox/         it waits for the pipeline
//	pipeline.go    it is parsed, and finds its stream and segment
//	admit.go       or it is kept in probation.go, where nothing tells whose it is; sender.go has what is known of whom
//	follow.go      a stream on probation becomes the current one; the one before drains
//	segment.go     its segment rebuilds what is missing, with parity.go
//	stream.go      the order in which packets are released, and how long a gap is waited for
//	limits.go      how much may be held and worked on, and who makes room
//	refuse.go      what is refused, and why
//	release.go     packets are handed on: as RTP, to the ledger, to the depacketizer
//	verdict.go     why there is no picture; evidence.go has what that rests on, protocol.go tells what strangers send
//	channel.go     the goroutine around it all, with queue.go for the outputs and log.go for the log
//	catchup.go     it could not run for a while
package receiver

import (
	"context"
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// Config is what a channel is made with.
type Config struct {
	ID      string
	Name    string
	Ports   []int         // one for each link, in order
	Latency time.Duration // the latency budget
	Freeze  bool          // hold back the access units between a loss and the next IDR unit

	Allow      []netip.Prefix // whose datagrams are taken; none: anybody's
	Limits     Limits         // the zero value stands for DefaultLimits
	SourceName string         // what the snapshot calls the source
	ListenOnly bool           // the source cannot answer: no feedback is sent
}

// Source is where a channel's datagrams come from.
type Source interface {
	// Run delivers what arrives to in until ctx ends, and returns after all that it started has ended: nil, or why
	// there will be no more datagrams. A link that fails is no reason to return: it is tried again.
	Run(ctx context.Context, in *inbox.Inbox) error

	// Send sends a feedback datagram from a link's own socket. It does not block. It may be called while Run runs.
	Send(link int, to netip.AddrPort, payload []byte) error

	// Link returns how many datagrams of a link the kernel has dropped, and why the link is down, or nil. It may be
	// called at any time from any goroutine.
	Link(link int) (dropped uint64, down error)
}

// Reassembler is what a Source may be besides: it puts IP fragments together.
type Reassembler interface {
	// Fragments returns how many datagrams may wait for fragments of theirs, how many do, and how many were given up. It
	// may be called at any time from any goroutine.
	Fragments() (limit, now int, lost uint64)
}

// FragmentsCeiling returns how a source stands against its limit on fragments.
func FragmentsCeiling(source Reassembler) status.Ceiling {
	limit, now, lost := source.Fragments()
	return status.Ceiling{Limit: uint64(limit), Now: uint64(now), Reached: lost}
}

// Output is where access units go. Each output has a goroutine and a bounded queue of its own: one that is too slow
// misses units up to the next IDR unit, and delays nobody.
type Output interface {
	// WriteUnit takes the next unit. It may block; an error is logged and ends nothing.
	WriteUnit(unit media.AccessUnit) error
}

// Tap sees each datagram that arrives, good or bad, before anything is done about it.
type Tap interface {
	// WriteDatagram takes a datagram that is valid during the call only. It must not block.
	WriteDatagram(d *inbox.Datagram)
}

// PacketOutput is where the RTP packets go, besides.
type PacketOutput interface {
	// WritePacket takes the next packet, in order, which is valid during the call only. It must not block.
	WritePacket(rtp []byte, now time.Time) error
}
