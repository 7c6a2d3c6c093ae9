package rtpout

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// usualType is the payload type that is described before one has been seen: the first dynamic one, which rigs use.
const usualType = 96

// Types of NAL units (ITU-T H.264, table 7-1), and what a description holds of them at most.
const (
	naluSPS = 7
	naluPPS = 8

	maxSets    = 8
	maxSetSize = 1024 // bytes
)

// description is what SDP says of a stream. Copies share the parameter sets, which are never written to.
type description struct {
	id, version int64
	name        string
	from        netip.Addr
	to          netip.AddrPort
	payloadType uint8
	sets        [][]byte // SPS and PPS, in the order in which they came
}

// same tells whether the stream is described as in another version.
func (d *description) same(other description) bool {
	return d.payloadType == other.payloadType && slices.EqualFunc(d.sets, other.sets, bytes.Equal)
}

// remember takes the parameter sets of an access unit in place of those before, if it has both kinds.
func (d *description) remember(nalus [][]byte) {
	var sets [][]byte
	var sps, pps bool
	for _, nalu := range nalus {
		kind := nalu[0] & 0x1F
		if kind != naluSPS && kind != naluPPS || len(nalu) > maxSetSize || len(sets) == maxSets {
			continue
		}
		sps = sps || kind == naluSPS && len(nalu) > 3
		pps = pps || kind == naluPPS
		sets = append(sets, nalu)
	}
	if sps && pps {
		d.sets = sets
	}
}

// text writes the description.
func (d *description) text() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d %d IN %s", d.id, d.version, family(d.from))
	line("s=%s", d.name)
	target := family(d.to.Addr())
	if d.to.Addr().IsMulticast() && d.to.Addr().Is4() {
		target += "/1" // the time to live that sockets send multicast with
	}
	line("c=IN %s", target)
	line("t=0 0")
	line("m=video %d RTP/AVP %d", d.to.Port(), d.payloadType)
	line("a=rtpmap:%d H264/90000", d.payloadType)
	line("a=fmtp:%d packetization-mode=1%s", d.payloadType, d.parameters())
	line("a=recvonly")
	return b.Bytes()
}

// parameters writes what the parameter sets say (RFC 6184, section 8.1).
func (d *description) parameters() string {
	sps := slices.IndexFunc(d.sets, func(nalu []byte) bool { return nalu[0]&0x1F == naluSPS && len(nalu) > 3 })
	if sps < 0 {
		return ""
	}
	sets := make([]string, len(d.sets))
	for i, nalu := range d.sets {
		sets[i] = base64.StdEncoding.EncodeToString(nalu)
	}
	return fmt.Sprintf("; profile-level-id=%X; sprop-parameter-sets=%s", d.sets[sps][1:4], strings.Join(sets, ","))
}

// family writes an address as SDP does, its kind in front.
func family(a netip.Addr) string {
	a = a.Unmap()
	if a.Is4() {
		return "IP4 " + a.String()
	}
	return "IP6 " + a.WithZone("").String()
}
