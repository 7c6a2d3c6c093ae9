package rig

import (
	"errors"
	"fmt"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// ErrCoding says that a CoderConfig asks for what the coding cannot do.
var ErrCoding = errors.New("rig: impossible coding")

// CoderConfig says how RTP packets are coded.
type CoderConfig struct {
	Sources int           // k, RTP packets in a full segment: 1 to 8
	Parity  int           // r, parity packets in every segment: 0 to 9
	Links   int           // 1 or more
	Wait    time.Duration // a segment that is not full is closed this long after its first packet
}

// Survives tells whether the loss of any one link costs no more packets of a segment than the coding gives back.
func (c CoderConfig) Survives() bool {
	return divideUp(c.Sources+c.Parity, c.Links) <= c.Parity
}

// Datagram is a coded packet and the link, from 0, that carries it. Timestamp and interface are still to be set by
// isc.Stamp.
type Datagram struct {
	Link int
	Data []byte
}

// Coder gathers RTP packets in segments, codes them and spreads each segment over the links, so that no link carries
// more than its share of it, rounded up. The header of each coded packet has the lengths of all sources, so nothing
// of a segment can leave before it is closed: when it is full, or by Close. It is not safe for concurrent use.
type Coder struct {
	config  CoderConfig
	encoder isc.Encoder
	open    [][]byte
	due     time.Time
	turn    int // the link that the next segment begins with
}

// NewCoder returns a coder, or ErrCoding.
func NewCoder(config CoderConfig) (*Coder, error) {
	if config.Sources < 1 || config.Sources > isc.MaxSources || config.Parity < 0 || config.Parity > isc.MaxParity ||
		config.Links < 1 {
		return nil, fmt.Errorf("%w: %d+%d over %d links", ErrCoding, config.Sources, config.Parity, config.Links)
	}
	return &Coder{config: config}, nil
}

// Push adds an RTP packet, the next in sequence, to the open segment. It appends the segment's datagrams to dst, in
// the order in which they should leave, if that is full now. Their bytes are valid until the next Push or Close.
// The packet is kept until its segment is closed. Errors are those of isc.Encoder, and drop the segment.
func (c *Coder) Push(dst []Datagram, packet []byte, now time.Time) ([]Datagram, error) {
	if len(c.open) == 0 {
		c.due = now.Add(c.config.Wait)
	}
	c.open = append(c.open, packet)
	if len(c.open) < c.config.Sources {
		return dst, nil
	}
	return c.Close(dst)
}

// Due tells when the open segment is to be closed; it reports false when there is none.
func (c *Coder) Due() (time.Time, bool) {
	return c.due, len(c.open) > 0
}

// Close closes the open segment, if there is one, and appends its datagrams to dst as Push does.
func (c *Coder) Close(dst []Datagram) ([]Datagram, error) {
	if len(c.open) == 0 {
		return dst, nil
	}
	datagrams, err := c.encoder.Encode(c.open, c.config.Parity)
	clear(c.open)
	c.open = c.open[:0]
	if err != nil {
		return dst, fmt.Errorf("rig: segment: %w", err)
	}
	for i, data := range datagrams {
		dst = append(dst, Datagram{Link: (c.turn + i) % c.config.Links, Data: data})
	}
	c.turn = (c.turn + 1) % c.config.Links
	return dst, nil
}
