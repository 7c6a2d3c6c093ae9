package isc

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

// vectorDir is where the captures are, and vectors those of coded packets from the original system's encoder.
var (
	vectorDir = filepath.Join("..", "..", "testdata")
	vectors   = []string{"c-k3r1.pcap", "c-k6r2.pcap"}
)

// readCapture returns the UDP payloads of a capture file.
func readCapture(t testing.TB, path string) [][]byte {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)
	var payloads [][]byte
	for {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return payloads
		}
		require.NoError(t, err)
		p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.NoCopy)
		payloads = append(payloads, p.TransportLayer().(*layers.UDP).Payload)
	}
}

// TestVectors holds the encoder against what the original system's encoder sent, byte for byte, and gives back every
// loss that each segment's parity covers.
func TestVectors(t *testing.T) {
	for _, name := range vectors {
		t.Run(name, func(t *testing.T) {
			rtp := readCapture(t, filepath.Join(vectorDir, "c-rtp.pcap"))
			datagrams := readCapture(t, filepath.Join(vectorDir, name))
			encoder := Encoder{Padded: true}
			var minimal Encoder
			var d Decoder
			segments := 0
			for len(datagrams) > 0 {
				var h Header
				_, err := Parse(datagrams[0], &h)
				require.NoError(t, err)
				k, r := h.Sources(), int(h.Redundancy)
				want, err := encoder.Encode(rtp[:k], r)
				require.NoError(t, err)
				for i, p := range want {
					got := datagrams[i]
					var ph Header
					_, err = Parse(got, &ph)
					require.NoError(t, err)
					Stamp(p, ph.Timestamp, ph.Interface)
					require.Equal(t, got, p)
				}
				requireAllLosses(t, &d, datagrams[:k+r], Identity{})
				short, err := minimal.Encode(rtp[:k], r)
				require.NoError(t, err)
				requireAllLosses(t, &d, short, Identity{})
				rtp, datagrams = rtp[k:], datagrams[k+r:]
				segments++
			}
			t.Logf("%d segments", segments)
		})
	}
}

// gather parses datagrams of one segment.
func gather(t testing.TB, datagrams [][]byte) *Segment {
	t.Helper()
	var seg Segment
	for _, p := range datagrams {
		var h Header
		payload, err := Parse(p, &h)
		require.NoError(t, err)
		seg.Number, seg.Lengths = h.Segment, h.Lengths
		if h.IsParity() {
			seg.Parity[h.Row()] = payload
		} else {
			seg.Sources[h.Number] = payload
		}
	}
	return &seg
}

// requireAllLosses drops every set of packets that leaves as many as there are sources.
func requireAllLosses(t testing.TB, d *Decoder, datagrams [][]byte, id Identity) {
	t.Helper()
	whole := gather(t, datagrams)
	k := sources(&whole.Lengths)
	r := len(datagrams) - k
	for lost := range 1 << len(datagrams) {
		seg := *whole
		missing := 0
		var dst [MaxSources][]byte
		for i := range k {
			if lost>>i&1 == 1 {
				seg.Sources[i] = nil
				dst[i] = make([]byte, 0, seg.Lengths[i])
				missing++
			}
		}
		for j := range r {
			if lost>>(k+j)&1 == 1 {
				seg.Parity[j] = nil
				missing++
			}
		}
		if missing != r {
			continue
		}
		_, err := d.Recover(&seg, id, &dst)
		require.NoError(t, err)
		for i := range k {
			if seg.Sources[i] == nil {
				require.Equal(t, whole.Sources[i], dst[i][:seg.Lengths[i]])
			}
		}
	}
}
