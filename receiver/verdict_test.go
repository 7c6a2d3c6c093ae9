package receiver

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

var stranger = netip.MustParseAddrPort("192.0.2.9:50000")

// film returns the RTP packets of ten seconds of video, a keyframe with SPS and PPS each second, from epoch on.
func film(t *testing.T) (packets [][]byte, times []time.Time) {
	t.Helper()
	packets, times = rtpOf(t, "c-rtp.pcap")
	for i, first := 0, times[0]; i < len(times); i++ {
		times[i] = epoch.Add(times[i].Sub(first))
	}
	return packets, times
}

// filmed is that coded, three source packets and one parity packet on four links.
func filmed(t *testing.T) []event {
	t.Helper()
	packets, times := film(t)
	return encode(t, packets, times, fixed(3, 1))
}

// until goes on with those events up to a time after epoch.
func (h *harness) until(events []event, span time.Duration) status.Channel {
	end := epoch.Add(span)
	for _, e := range sortByTime(events) {
		if !e.at.Before(h.now) && !e.at.After(end) {
			h.push(e)
		}
	}
	h.advance(end)
	return h.pipeline.Snapshot(h.now)
}

// verdict returns the verdict on events at a time after epoch.
func verdict(t *testing.T, events []event, span time.Duration) status.Verdict {
	t.Helper()
	return newHarness(t, 200*time.Millisecond).until(events, span).Verdict
}

// every makes copies of a datagram come from an address on a link, one each step.
func every(step time.Duration, n, link int, from netip.AddrPort, data []byte) (events []event) {
	for _, at := range paced(epoch, n, step) {
		events = append(events, event{at, link, from, data})
	}
	return events
}

func TestVerdictNoPackets(t *testing.T) {
	require.Equal(t, status.Verdict{Code: "no-packets", Text: "Nothing arrives on UDP 5078-5081."},
		verdict(t, nil, time.Minute))

	// What came long ago is no longer what arrives.
	one := every(time.Second, 1, 2, stranger, []byte("hello"))
	require.Equal(t, status.VerdictNotISC, verdict(t, one, 9999*time.Millisecond).Code)
	require.Equal(t, status.Verdict{
		Code: "no-packets", Text: "Nothing arrives on UDP 5078-5081.",
		Evidence: []string{"1 datagram came without coded video, 5 min ago from 192.0.2.9:50000 to UDP 5080: " +
			"it is shorter than the header of coded packets."},
	}, verdict(t, one, 5*time.Minute+time.Second))
}

func TestVerdictNotISC(t *testing.T) {
	rtp, _ := film(t)
	fromHex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	coded := filmed(t)[0].data
	withVersion := bytes.Clone(coded)
	withVersion[isc.HeaderSize] = 0
	stream := make([]byte, 7*188)
	stream[0], stream[1], stream[2], stream[3] = 0x47, 0x40, 0x11, 0x10
	onlyRig := "See that the rig sends to these ports, and that nothing else does."
	turnOn := "Have the rig send its video with inter-stream coding (ISC)."
	const (
		short   = "it is shorter than the header of coded packets."
		lengths = "read as a coded packet, its lengths are impossible."
		none    = "read as a coded packet, its segment is empty."
	)
	for _, c := range []struct {
		name              string
		data              []byte
		why, last, advice string
	}{
		{
			"RTP", rtp[1], lengths,
			"The last one, of 500 bytes, begins with the bytes 80 60 " + hexOf(rtp[1][2:16]) +
				": that looks like RTP without the coding's header.", turnOn,
		},
		{
			"RTCP", append(fromHex("80c80006000000011122334455667788"), make([]byte, 12)...), lengths,
			"The last one, of 28 bytes, begins with the bytes 80 c8 00 06 00 00 00 01 11 22 33 44 55 66 77 88: " +
				"that looks like RTCP, which goes with RTP that is not coded.", turnOn,
		},
		{
			"transport stream", stream, lengths,
			"The last one, of 1316 bytes, begins with the bytes 47 40 11 10 00 00 00 00 00 00 00 00 00 00 00 00: " +
				"that looks like an MPEG transport stream.", turnOn,
		},
		{
			"STUN", fromHex("000100002112a442000102030405060708090a0b"), short,
			"The last one, of 20 bytes, begins with the bytes 00 01 00 00 21 12 a4 42 00 01 02 03 04 05 06 07: " +
				"that looks like STUN, which video calls use.", onlyRig,
		},
		{
			"DTLS", append(fromHex("16fefd0000000000000000003201000026"), make([]byte, 40)...), lengths,
			"The last one, of 57 bytes, begins with the bytes 16 fe fd 00 00 00 00 00 00 00 00 00 32 01 00 00: " +
				"that looks like an encrypted connection (TLS or DTLS).", onlyRig,
		},
		{
			"DNS", append(fromHex("beef01000001000000000000"), "\x07example\x03com\x00\x00\x01\x00\x01"...), lengths,
			"The last one, of 29 bytes, begins with the bytes be ef 01 00 00 01 00 00 00 00 00 00 07 65 78 61: " +
				"that looks like DNS, which finds addresses by name.", onlyRig,
		},
		{
			"text", []byte("hello"), short,
			"The last one, of 5 bytes, has the bytes 68 65 6c 6c 6f: that looks like text.", onlyRig,
		},
		{"a byte", []byte{7}, short, "The last one, of 1 byte, has the bytes 07.", onlyRig},
		{"nothing", nil, short, "The last one is empty.", onlyRig},
		{
			"zeros", make([]byte, 40), none,
			"The last one, of 40 bytes, begins with the bytes 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00.", onlyRig,
		},
		{
			"cut off", coded[:40], "its length is not the one that its header says.",
			"The last one, of 40 bytes, begins with the bytes " + hexOf(coded[:16]) + ".", onlyRig,
		},
		{
			"coded, but not RTP", withVersion, "what it carries is no RTP packet.",
			"The last one, of 69 bytes, begins with the bytes " + hexOf(coded[:16]) + ".", onlyRig,
		},
		{
			"too long", append(bytes.Clone(coded), make([]byte, 5000)...), "it is longer than any coded packet.",
			"The last one, of 4096 bytes, begins with the bytes " + hexOf(coded[:16]) + ".", onlyRig,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, status.Verdict{
				Code: "not-isc",
				Text: "What arrives on UDP 5078-5081 is not the coded video of a rig.",
				Evidence: []string{
					"30 datagrams came without coded video, the last just now from 192.0.2.9:50000 to UDP 5079: " + c.why, c.last,
				},
				Advice: c.advice,
			}, verdict(t, every(100*time.Millisecond, 30, 1, stranger, c.data), 3*time.Second))
		})
	}
}

// hexOf writes bytes as a verdict does.
func hexOf(b []byte) string {
	var words [][]byte
	for _, x := range b {
		words = append(words, []byte(hex.EncodeToString([]byte{x})))
	}
	return string(bytes.Join(words, []byte(" ")))
}

// TestVerdictSeveralSenders has two send what is not coded video, for ever.
func TestVerdictSeveralSenders(t *testing.T) {
	events := slices.Concat(every(time.Second, 100, 0, stranger, []byte("hello")),
		every(2*time.Second, 50, 3, netip.MustParseAddrPort("[2001:db8::9]:9"), []byte{1, 2, 3}))
	require.Equal(t, status.Verdict{
		Code: "not-isc", Text: "What arrives on UDP 5078-5081 is not the coded video of a rig.",
		Evidence: []string{
			"149 datagrams came without coded video from several addresses, the last just now from [2001:db8::9]:9 to UDP " +
				"5081: it is shorter than the header of coded packets.",
			"The last one, of 3 bytes, has the bytes 01 02 03.",
		},
		Advice: "See that the rig sends to these ports, and that nothing else does.",
	}, verdict(t, events, 98*time.Second+999*time.Millisecond))
}
