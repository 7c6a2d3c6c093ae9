package rig

import (
	"fmt"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
)

// Sizes of RTP packets in bytes.
const (
	// MaxPacketSize keeps a source packet with its coding header, and a parity packet, within one Ethernet frame on
	// links that add headers of their own, such as tunnels.
	MaxPacketSize = 1200

	rtpHeaderSize = 12
	fuHeaderSize  = 2 // RFC 6184, section 5.8: FU indicator and FU header
)

// PacketizerConfig says what RTP packets look like.
type PacketizerConfig struct {
	SSRC        uint32
	PayloadType uint8
	Sequence    uint16 // sequence number of the first packet
	MaxSize     int    // largest packet in bytes, RTP header included
	Multiple    int    // each unit is cut into a multiple of this many packets; 1 for as few as possible
}

// Packetizer cuts access units into RTP packets (RFC 6184, packetization mode 1). It is not safe for concurrent use.
type Packetizer struct {
	config  PacketizerConfig
	encoder rtph264.Encoder
}

// NewPacketizer returns a packetizer, or an error where MaxSize or Multiple are of no use.
func NewPacketizer(config PacketizerConfig) (*Packetizer, error) {
	if config.MaxSize < 100 || config.Multiple < 1 {
		return nil, fmt.Errorf("rig: packets of %d bytes in multiples of %d: want at least 100 and 1",
			config.MaxSize, config.Multiple)
	}
	p := &Packetizer{config: config, encoder: rtph264.Encoder{
		PayloadType: config.PayloadType, SSRC: &config.SSRC, InitialSequenceNumber: &config.Sequence,
		PacketizationMode: 1,
	}}
	if err := p.encoder.Init(); err != nil {
		return nil, fmt.Errorf("rig: packetizer: %w", err)
	}
	return p, nil
}

// Packetize returns the RTP packets of one access unit: NAL units without start codes, at least one, none empty. The
// packets are the caller's.
func (p *Packetizer) Packetize(nalus [][]byte, timestamp uint32) ([][]byte, error) {
	p.encoder.PayloadMaxSize = p.payloadSize(nalus)
	packets, err := p.encoder.Encode(nalus)
	if err != nil {
		return nil, fmt.Errorf("rig: packetize: %w", err)
	}
	raw := make([][]byte, len(packets))
	for i, packet := range packets {
		packet.Timestamp = timestamp
		if raw[i], err = packet.Marshal(); err != nil {
			return nil, fmt.Errorf("rig: packetize: %w", err)
		}
	}
	return raw, nil
}

// payloadSize returns the payload size that cuts a unit into packets of nearly equal length, the number of which is a
// multiple of the configured one: the longest source sets the length of a segment's parity, so unequal ones are waste.
// It reckons with one slice and, before it, one packet of parameter sets; for other units the number is not exact.
func (p *Packetizer) payloadSize(nalus [][]byte) int {
	most := p.config.MaxSize - rtpHeaderSize
	slice := len(nalus[len(nalus)-1]) - 1 // FU headers stand in for the NAL unit's own
	others, before := 0, 0
	if len(nalus) > 1 {
		others, before = 1, 1 // the header of an aggregation packet
		for _, nalu := range nalus[:len(nalus)-1] {
			before += 2 + len(nalu)
		}
	}
	packets := others + divideUp(slice, most-fuHeaderSize)
	packets = divideUp(packets, p.config.Multiple) * p.config.Multiple
	size := divideUp(slice, max(1, packets-others)) + fuHeaderSize
	return min(most, max(size, before))
}

func divideUp(a, b int) int { return (a + b - 1) / b }
