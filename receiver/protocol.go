package receiver

import "encoding/binary"

// protocol is something that comes to the wrong port.
type protocol struct {
	words string // what it is, for people
	video bool   // a rig may send it in place of coded packets
	// is tells whether a datagram of that size, of at least 4 bytes, is that by how it begins.
	is func(head []byte, size int) bool
}

// protocols are those that are told apart, each only where few other bytes look the same.
var protocols = [...]protocol{
	{"RTP without the coding's header", true, isRTP},
	{"RTCP, which goes with RTP that is not coded", true, isRTCP},
	{"an MPEG transport stream", true, isTransportStream},
	{"STUN, which video calls use", false, isSTUN},
	{"an encrypted connection (TLS or DTLS)", false, isTLS},
	{"DNS, which finds addresses by name", false, isDNS},
	{"text", false, func(head []byte, _ int) bool { return isText(head) }},
}

// guess returns what a datagram of that size is that begins so, or nil where the bytes do not tell.
func guess(head []byte, size int) *protocol {
	if size < 4 {
		return nil
	}
	for i := range protocols {
		if protocols[i].is(head, size) {
			return &protocols[i]
		}
	}
	return nil
}

// isRTP looks for a packet without padding and contributing sources, of a dynamic payload type (RFC 3550, section 5.1,
// and RFC 3551, section 6).
func isRTP(head []byte, size int) bool {
	return size >= 12 && head[0]&0xEF == 0x80 && head[1]&0x7F >= 96
}

// isRTCP goes by RFC 3550, section 6.4.1, and RFC 5761, section 4.
func isRTCP(head []byte, size int) bool {
	return size >= 8 && size%4 == 0 && head[0]>>6 == 2 && head[1] >= 200 && head[1] <= 207
}

// isTransportStream looks for whole packets, the first of which begins (ISO/IEC 13818-1, section 2.4.3.2).
func isTransportStream(head []byte, size int) bool { return size%188 == 0 && head[0] == 0x47 }

// isSTUN goes by RFC 8489, section 5.
func isSTUN(head []byte, size int) bool {
	return size >= 20 && head[0] < 4 && binary.BigEndian.Uint32(head[4:]) == 0x2112A442
}

// isTLS goes by RFC 9147, section 4.1, and RFC 8446, section 5.1.
func isTLS(head []byte, size int) bool {
	datagram, connection := head[1] == 0xFE && head[2] >= 0xFC, head[1] == 3 && head[2] <= 4
	return size >= 13 && head[0] >= 20 && head[0] <= 26 && (datagram || connection)
}

// isDNS looks for a message with one question (RFC 1035, section 4.1).
func isDNS(head []byte, size int) bool {
	if size < 17 || head[3]&0x40 != 0 || binary.BigEndian.Uint16(head[4:]) != 1 {
		return false
	}
	for at := 12; at < len(head) && head[at] != 0; {
		label := head[at+1 : min(at+1+int(head[at]), len(head))]
		if head[at] > 63 || len(label) > 0 && !isText(label) {
			return false
		}
		at += 1 + int(head[at])
	}
	return true
}

// isText tells whether all of it is printable ASCII, with line ends.
func isText(b []byte) bool {
	for _, x := range b {
		if (x < ' ' || x > '~') && x != '\n' && x != '\r' && x != '\t' {
			return false
		}
	}
	return true
}
