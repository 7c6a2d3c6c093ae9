// Package rig is the sending side of the inter-stream coding: it cuts H.264 into RTP packets, codes them in segments,
// spreads each segment over the links, and reads the receiver's feedback. RunDemo is a whole simulated rig.
//
//	Clip -> Packetizer -> Coder -> links (netsim or sockets) -> receiver
//
// The parts are plain values without goroutines or clock.
package rig

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrClip says that an H.264 stream is not one that a Clip can be made from.
var ErrClip = errors.New("rig: not a clip")

// Types of NAL units (RFC 6184, section 1.3, after ITU-T H.264, table 7-1).
const (
	naluSlice = 1
	naluIDR   = 5
	naluSEI   = 6
	naluSPS   = 7
	naluPPS   = 8
	naluAUD   = 9
)

// Clip is a short H.264 stream that plays in an endless loop. It is read only and so safe for concurrent use.
type Clip struct {
	units [][][]byte
}

// ParseClip cuts a stream with start codes (ITU-T H.264, annex B) into access units. The first unit must begin with
// an SPS and hold an IDR slice, so that the clip can be looped. The clip keeps stream, which must not change any more.
// The error is ErrClip.
func ParseClip(stream []byte) (*Clip, error) {
	var c Clip
	var unit [][]byte //nolint:prealloc // each unit gets a slice of its own, of a few NAL units
	coded := false    // unit has a slice
	for _, nalu := range splitNALUs(stream) {
		if coded && beginsUnit(nalu) {
			c.units = append(c.units, unit)
			unit, coded = nil, false
		}
		unit = append(unit, nalu)
		coded = coded || isSlice(nalu)
	}
	if !coded {
		return nil, fmt.Errorf("%w: no slice at the end of %d bytes", ErrClip, len(stream))
	}
	c.units = append(c.units, unit)
	first := c.units[0]
	if naluType(first[0]) != naluSPS || naluType(first[len(first)-1]) != naluIDR {
		return nil, fmt.Errorf("%w: the first unit is not an IDR unit with an SPS", ErrClip)
	}
	return &c, nil
}

// Unit returns the NAL units, without start codes, of access unit n >= 0, counted on through all loops. They are read
// only.
func (c *Clip) Unit(n int) [][]byte {
	return c.units[n%len(c.units)]
}

// splitNALUs returns the non-empty parts of stream between start codes. A NAL unit never ends in a zero byte, so zeros
// before a start code belong to that.
func splitNALUs(stream []byte) [][]byte {
	var nalus [][]byte
	code := []byte{0, 0, 1}
	for _, nalu := range bytes.Split(stream, code)[1:] {
		if nalu = bytes.TrimRight(nalu, "\x00"); len(nalu) > 0 {
			nalus = append(nalus, nalu)
		}
	}
	return nalus
}

func naluType(nalu []byte) byte { return nalu[0] & 0x1f }

func isSlice(nalu []byte) bool { return naluType(nalu) == naluSlice || naluType(nalu) == naluIDR }

// beginsUnit tells whether a NAL unit that follows a slice begins another access unit (ITU-T H.264, section 7.4.1.2.3).
// Of slices that is the one whose first_mb_in_slice is 0, which is coded as a single 1 bit.
func beginsUnit(nalu []byte) bool {
	switch naluType(nalu) {
	case naluSEI, naluSPS, naluPPS, naluAUD:
		return true
	case naluSlice, naluIDR:
		return len(nalu) > 1 && nalu[1]&0x80 != 0
	}
	return false
}
