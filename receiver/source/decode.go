package source

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// Lengths of headers in bytes: UDP's, IPv4's without options, IPv6's, and a VLAN tag's with the type behind it.
const (
	udpSize = 8
	ip4Size = 20
	ip6Size = 40
	tagSize = 4
)

// Record is one UDP datagram of a capture.
type Record struct {
	Time     time.Time
	From, To netip.AddrPort
	Payload  []byte // valid until the next record is read

	// Length is what the UDP header states. It is more than Payload has where the capture was cut short, and where a
	// datagram that came in fragments is longer than inbox.MaxDatagram.
	Length int
}

// decoder finds the UDP datagrams in captured packets, without allocating. It is not safe for concurrent use.
type decoder struct {
	eth  layers.Ethernet
	sll  layers.LinuxSLL
	vlan layers.Dot1Q
	ip4  layers.IPv4
	ip6  layers.IPv6
	udp  layers.UDP

	decoded   []gopacket.LayerType
	fragments reassembler

	from4, from6 *gopacket.DecodingLayerParser // decodeIP's
}

// parser returns a parser for packets that begin with that layer, to be given to decode.
func (d *decoder) parser(first gopacket.LayerType) *gopacket.DecodingLayerParser {
	p := gopacket.NewDecodingLayerParser(first, &d.eth, &d.sll, &d.vlan, &d.ip4, &d.ip6, &d.udp)
	p.IgnoreUnsupported = true
	return p
}

// decode finds the UDP datagram in a packet that came at that time, if there is one and it is whole now.
func (d *decoder) decode(p *gopacket.DecodingLayerParser, packet []byte, at time.Time) (Record, bool) {
	if err := p.DecodeLayers(packet, &d.decoded); err != nil {
		return Record{}, false // a broken packet is no datagram
	}
	var from, to []byte
	for _, layer := range d.decoded {
		switch layer {
		case layers.LayerTypeIPv4:
			if d.ip4.Version != 4 {
				return Record{}, false
			}
			from, to = d.ip4.SrcIP, d.ip4.DstIP
			if d.ip4.Flags&layers.IPv4MoreFragments != 0 || d.ip4.FragOffset != 0 {
				return d.reassemble(at)
			}
		case layers.LayerTypeIPv6:
			from, to = d.ip6.SrcIP, d.ip6.DstIP
		case layers.LayerTypeUDP:
			return d.record(at, from, to)
		}
	}
	return Record{}, false
}

// decodeIP finds the UDP datagram in a packet that came in whole and begins with an IP header or a VLAN tag, without it
// being said with which. A datagram with a wrong checksum is none, unless it is known that the checksum is right, or is
// yet to be computed.
func (d *decoder) decodeIP(packet []byte, at time.Time, checked bool) (r Record, ok bool) {
	if d.from4 == nil {
		d.from4, d.from6 = d.parser(layers.LayerTypeIPv4), d.parser(layers.LayerTypeIPv6)
	}
	if !isIPv4(packet) && !isIPv6(packet) {
		packet = packet[min(tagSize, len(packet)):]
	}
	switch {
	case isIPv4(packet):
		r, ok = d.decode(d.from4, packet, at)
		checked = checked && d.ip4.Flags&layers.IPv4MoreFragments == 0 && d.ip4.FragOffset == 0
	case isIPv6(packet):
		r, ok = d.decode(d.from6, packet, at)
	}
	switch {
	case !ok || r.Length == len(r.Payload) && checked:
		return r, ok
	case r.Length > len(r.Payload):
		return r, len(r.Payload) == inbox.MaxDatagram // of one that came in fragments, no more is kept
	}
	return r, d.isIntact(r)
}

// isIntact tells whether the checksum of the datagram just decoded is right, or there is none, which IPv6 does not
// allow (RFC 768; RFC 8200, section 8.1).
func (d *decoder) isIntact(r Record) bool {
	if d.udp.Checksum == 0 {
		return r.From.Addr().Is4()
	}
	from, to := d.ip4.SrcIP, d.ip4.DstIP
	if r.From.Addr().Is6() {
		from, to = d.ip6.SrcIP, d.ip6.DstIP
	}
	pseudo := uint64(layers.IPProtocolUDP) + uint64(d.udp.Length)
	return complete(onesSum(from) + onesSum(to) + pseudo + onesSum(d.udp.Contents) + onesSum(d.udp.Payload))
}

// isIPv4 tells whether a packet has an IPv4 header with the right checksum, that states no more than there is (RFC 791,
// section 3.1).
func isIPv4(packet []byte) bool {
	if len(packet) < ip4Size || packet[0]>>4 != 4 {
		return false
	}
	size, total := int(packet[0]&0xF)*4, int(binary.BigEndian.Uint16(packet[2:]))
	if size < ip4Size || size > total || total > len(packet) {
		return false
	}
	return complete(onesSum(packet[:size]))
}

// isIPv6 tells whether a packet has an IPv6 header, with UDP behind it, that states no more than there is (RFC 8200,
// section 3).
func isIPv6(packet []byte) bool {
	return len(packet) >= ip6Size+udpSize && packet[0]>>4 == 6 && packet[6] == byte(layers.IPProtocolUDP) &&
		ip6Size+int(binary.BigEndian.Uint16(packet[4:])) <= len(packet)
}

// reassemble takes the IPv4 fragment just decoded and returns the datagram that it completes.
func (d *decoder) reassemble(at time.Time) (Record, bool) {
	if d.ip4.Protocol != layers.IPProtocolUDP {
		return Record{}, false
	}
	datagram, ok := d.fragments.add(&d.ip4, at)
	if !ok || d.udp.DecodeFromBytes(datagram, gopacket.NilDecodeFeedback) != nil {
		return Record{}, false
	}
	return d.record(at, d.ip4.SrcIP, d.ip4.DstIP)
}

// record returns a record of the UDP header just decoded.
func (d *decoder) record(at time.Time, from, to []byte) (Record, bool) {
	source, ok1 := netip.AddrFromSlice(from)
	target, ok2 := netip.AddrFromSlice(to)
	return Record{
		Time:    at,
		From:    netip.AddrPortFrom(source, uint16(d.udp.SrcPort)),
		To:      netip.AddrPortFrom(target, uint16(d.udp.DstPort)),
		Payload: d.udp.Payload,
		Length:  max(int(d.udp.Length)-udpSize, len(d.udp.Payload)),
	}, ok1 && ok2
}
