package sender

import "github.com/isc-receiver/isc-receiver/receiver/isc"

// What is added to an RTP packet on its way.
const (
	ipHeader    = 40 // of IPv6; IPv4 has 20
	udpHeader   = 8
	parityExtra = 2 // a parity packet is that much longer than its longest source, at most
)

// PacketSize returns the size of the largest RTP packet, with its header, whose datagram and parity fit one frame of
// mtu bytes: 1,500 less 40 for IPv6, 8 for UDP, 26 for the coding header and 2 for parity are 1,424. The parity of the
// padded form is larger, so that less fits.
func PacketSize(mtu int, padded bool) int {
	payload := mtu - ipHeader - udpHeader - isc.HeaderSize
	if !padded {
		return payload - parityExtra
	}
	return (payload-24)/4*30/8 - parityExtra // isc.Encoder.Padded: 4 bytes for each 30 bits, and 24
}
