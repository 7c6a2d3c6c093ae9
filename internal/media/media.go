// Package media holds the plain values that the receiver hands to its outputs.
package media

import "time"

// ClockRate is the rate of all media times, in ticks a second: that of H.264 in RTP (RFC 6184, section 8.2.1).
const ClockRate = 90000

// AccessUnit is one whole coded picture of an H.264 stream (RFC 6184, section 5.1).
//
// A unit is never pooled and never written to once it has been handed out, so any number of outputs may keep it.
type AccessUnit struct {
	// NALUs are the NAL units in decoding order, without start codes or length prefixes. There is a slice among them,
	// and none is empty. Parameter sets are here only where the sender put them.
	NALUs [][]byte

	// Time is the unit's presentation time in ticks of ClockRate: the RTP timestamp, unwrapped within one run of
	// the sender. It starts anywhere, may jump, and goes backwards from unit to unit where there are B-frames.
	Time int64

	// Run counts the sender's runs, from 1: it goes up with each restart that the receiver followed. Times of
	// different runs have nothing to do with each other.
	Run int

	// Arrival is the receiver's clock when the unit's first packet arrived or, where that packet was rebuilt by
	// the coding, when it was released.
	Arrival time.Time

	// IDR tells that the unit is an instantaneous decoding refresh: decoding can begin here.
	IDR bool

	// Damaged tells that packets were lost since the last IDR unit, so the picture may show errors.
	Damaged bool

	// Hole tells that packets were lost, and so units may be missing, right before this one.
	Hole bool
}
