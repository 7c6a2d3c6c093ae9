package rig

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// ErrCoding says that a CoderConfig asks for what the coding cannot do.
var ErrCoding = errors.New("rig: impossible coding")

// probeEvery is how many datagrams a path in use carries for each one that goes to a link that is only probed. A
// receiver scores its links after 100 packets on any one of them, so a probed link that works gets a score each time.
const probeEvery = 16

// CoderConfig says how RTP packets are coded.
type CoderConfig struct {
	Sources int           // k, RTP packets in a full segment: 1 to 8
	Parity  int           // r, parity packets in every segment: 0 to 9
	Links   int           // 1 or more
	Wait    time.Duration // a segment that is not full is closed this long after its first packet
	Padded  bool          // parity packets have the form of deployed rigs, with leading zeros
}

// Survives tells whether the loss of any one link costs no more packets of a segment than the coding gives back.
func (c CoderConfig) Survives() bool {
	return divideUp(c.Sources+c.Parity, c.Links) <= c.Parity
}

func (c CoderConfig) check() error {
	if c.Sources < 1 || c.Sources > isc.MaxSources || c.Parity < 0 || c.Parity > isc.MaxParity || c.Links < 1 {
		return fmt.Errorf("%w: %d+%d over %d links", ErrCoding, c.Sources, c.Parity, c.Links)
	}
	return nil
}

// mostSources returns how many sources may go with r parity packets so that any loss of up to r packets can be made up
// for, which with more of them not every loss of three or more can; and 0 where the coding has no such r.
func mostSources(r int) int {
	switch {
	case r < 0 || r > isc.MaxParity:
		return 0
	case r <= 3:
		return isc.MaxSources
	case r <= 5:
		return 7
	case r <= 7:
		return 6
	default:
		return 5
	}
}

// Datagram is a coded packet and the link, from 0, that carries it. Timestamp and interface are still to be set by
// isc.Stamp.
type Datagram struct {
	Link  int
	Data  []byte
	Probe bool // it repeats another one, to see whether its link carries anything
}

// Coder gathers RTP packets in segments, codes them and spreads each segment over the links, so that no link carries
// more than its share of it, rounded up. The header of each coded packet has the lengths of all sources, so nothing
// of a segment can leave before it is closed: when it is full, or by Close. It is not safe for concurrent use.
type Coder struct {
	config   CoderConfig
	encoders [3]isc.Encoder // in turn, since one Push of the Engine may close three segments
	turn     int            // whose it is: counted round, as a count of segments would not fit 32 bits for ever
	open     [][]byte
	due      time.Time

	splitter *splitter
	probed   []int // links that are only probed
	carried  int   // datagrams of one path since the last probes
	chosen   []int
	probes   [][]byte // the bytes of the last probes
}

// NewCoder returns a coder that uses all links evenly, or ErrCoding.
func NewCoder(config CoderConfig) (*Coder, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	c := &Coder{config: config, splitter: newSplitter(evenly(config.Links))}
	for i := range c.encoders {
		c.encoders[i].Padded = config.Padded
	}
	return c, nil
}

// Follow has the coder do as a plan says, from the next segment on that is closed. The error is ErrCoding, and changes
// nothing.
func (c *Coder) Follow(p *plan.Plan) error {
	config := c.config
	config.Sources, config.Parity, config.Links = p.Sources, p.Parity, len(p.Links)
	if err := config.check(); err != nil {
		return err
	}
	c.config = config
	if len(c.open) >= config.Sources {
		c.due = time.Time{} // at once
	}
	turn := c.splitter.turn
	c.splitter = newSplitter(p.Links)
	c.splitter.turn = turn % max(1, len(c.splitter.paths))
	c.probed = c.probed[:0]
	for i, l := range p.Links {
		if l.Probe {
			c.probed = append(c.probed, i)
		}
	}
	return nil
}

// Push adds an RTP packet to the open segment. It appends the segment's datagrams to dst, in the order in which they
// should leave, if that is full now; and before them those of the segment before, where the packet does not continue
// that: the packets of a segment are of one stream, in sequence. The bytes are valid until the next Push or Close.
// The packet is kept until its segment is closed. Errors are those of isc.Encoder, and drop the segment.
func (c *Coder) Push(dst []Datagram, packet []byte, now time.Time) ([]Datagram, error) {
	if n := len(c.open); n > 0 && !continues(c.open[n-1], packet) {
		var err error
		if dst, err = c.Close(dst); err != nil {
			return dst, err
		}
	}
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

// Open returns how many packets are in the open segment.
func (c *Coder) Open() int { return len(c.open) }

// Close closes the open segment, if there is one, and appends its datagrams to dst as Push does.
func (c *Coder) Close(dst []Datagram) ([]Datagram, error) {
	if len(c.open) == 0 {
		return dst, nil
	}
	c.turn = (c.turn + 1) % len(c.encoders)
	datagrams, err := c.encoders[c.turn].Encode(c.open, c.config.Parity)
	clear(c.open)
	c.open = c.open[:0]
	if err != nil {
		return dst, fmt.Errorf("rig: segment: %w", err)
	}
	c.chosen = c.splitter.split(c.chosen[:0], len(datagrams), c.config.Parity)
	for i, link := range c.chosen {
		dst = append(dst, Datagram{Link: link, Data: datagrams[i]})
	}
	return c.probe(dst, datagrams), nil
}

// probe appends a copy of a segment's last datagram for each link that is to be probed, from time to time.
func (c *Coder) probe(dst []Datagram, datagrams [][]byte) []Datagram {
	if len(c.probed) == 0 {
		return dst
	}
	c.carried += divideUp(len(datagrams), max(1, len(c.splitter.paths)))
	if c.carried < probeEvery {
		return dst
	}
	c.carried = 0
	for i, link := range c.probed {
		if i == len(c.probes) {
			c.probes = append(c.probes, nil)
		}
		c.probes[i] = append(c.probes[i][:0], datagrams[len(datagrams)-1]...)
		dst = append(dst, Datagram{Link: link, Data: c.probes[i], Probe: true})
	}
	return dst
}

// continues tells whether an RTP packet may follow another one in a segment: it has the same SSRC and payload type, and
// a higher sequence number (RFC 3550, section 5.1). Of what is no RTP packet the encoder says what is wrong.
func continues(before, packet []byte) bool {
	if len(before) < rtpHeaderSize || len(packet) < rtpHeaderSize {
		return true
	}
	step := binary.BigEndian.Uint16(packet[2:]) - binary.BigEndian.Uint16(before[2:])
	return before[1]&0x7f == packet[1]&0x7f && bytes.Equal(before[8:12], packet[8:12]) && step > 0 && step < 1<<15
}
