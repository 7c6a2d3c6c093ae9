package preview

import (
	"errors"
	"image"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// capturedUnits returns the access units of the RTP stream in a capture.
func capturedUnits(t *testing.T, path string) []media.AccessUnit {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)

	depacketizer := &rtph264.Decoder{PacketizationMode: 1}
	require.NoError(t, depacketizer.Init())
	var units []media.AccessUnit
	for {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return units
		}
		require.NoError(t, err)
		udp, ok := gopacket.NewPacket(data, r.LinkType(), gopacket.Default).Layer(layers.LayerTypeUDP).(*layers.UDP)
		if !ok {
			continue
		}
		var pkt rtp.Packet
		require.NoError(t, pkt.Unmarshal(udp.Payload))
		nalus, err := depacketizer.Decode(&pkt)
		if err != nil {
			continue // more is to come
		}
		au := media.AccessUnit{NALUs: nalus}
		for _, n := range nalus {
			au.IDR = au.IDR || n[0]&0x1f == 5
		}
		units = append(units, au)
	}
}

func TestRealFFmpeg(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	units := capturedUnits(t, "../../testdata/c-rtp.pcap")
	require.Greater(t, len(units), 50)

	d := New(Config{})
	defer d.Close()
	for i := range units {
		units[i].Arrival = time.Unix(int64(i), 0)
		require.NoError(t, d.WriteUnit(units[i]))
	}
	var picture *image.RGBA
	var number uint64
	var arrival time.Time
	require.Eventually(t, func() bool {
		picture, number, arrival = d.Frame()
		return number >= uint64(len(units)-2)
	}, 30*time.Second, 10*time.Millisecond, "a picture for each unit, but those that the decoder holds back")
	require.Equal(t, image.Rect(0, 0, 640, 360), picture.Rect)
	require.Equal(t, 4*640, picture.Stride)
	require.NoError(t, d.Err())
	require.WithinDuration(t, units[len(units)-1].Arrival, arrival, 3*time.Second, "paired with its own unit")

	first := picture.RGBAAt(320, 180)
	flat := true
	for x := 0; x < 640 && flat; x += 8 {
		flat = picture.RGBAAt(x, 180) == first
	}
	require.False(t, flat, "there is something to see")
}
