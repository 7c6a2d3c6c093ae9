package source

import (
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// frameMaker makes up the Ethernet, IP and UDP headers of datagrams. Its zero value is not ready: use newFrameMaker.
type frameMaker struct {
	buffer gopacket.SerializeBuffer
	eth    layers.Ethernet
	ip4    layers.IPv4
	ip6    layers.IPv6
	udp    layers.UDP
}

func newFrameMaker() *frameMaker {
	return &frameMaker{
		buffer: gopacket.NewSerializeBuffer(),
		eth:    layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6)},
		ip4:    layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP},
		ip6:    layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP},
	}
}

// frame returns an Ethernet frame with a UDP datagram, valid until the next call. Both addresses are of one family. The
// payload is as long as an IP packet can carry, 65,507 bytes, at most, and is not kept.
func (m *frameMaker) frame(from, to netip.AddrPort, payload []byte) ([]byte, error) {
	m.udp.SrcPort, m.udp.DstPort = layers.UDPPort(from.Port()), layers.UDPPort(to.Port())
	var ip interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	if to.Addr().Is4() {
		m.ip4.SrcIP, m.ip4.DstIP = from.Addr().AsSlice(), to.Addr().AsSlice()
		m.eth.EthernetType, ip = layers.EthernetTypeIPv4, &m.ip4
	} else {
		m.ip6.SrcIP, m.ip6.DstIP = from.Addr().AsSlice(), to.Addr().AsSlice()
		m.eth.EthernetType, ip = layers.EthernetTypeIPv6, &m.ip6
	}
	if err := m.udp.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(m.buffer, options, &m.eth, ip, &m.udp, gopacket.Payload(payload)); err != nil {
		return nil, err
	}
	return m.buffer.Bytes(), nil
}
