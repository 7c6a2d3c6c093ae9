package source

import (
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// udpSize is the length of a UDP header in bytes.
const udpSize = 8

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
