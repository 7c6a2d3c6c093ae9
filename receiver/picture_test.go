package receiver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// TestPictureSize has an SPS come with a unit that is no keyframe, and keyframes without any, as outputs take them.
func TestPictureSize(t *testing.T) {
	sps := []byte{
		0x67, 0x42, 0xC0, 0x0C, 0xDA, 0x05, 0x07, 0xEC, 0x04, 0x40, 0, 0, 3, 0, 0x40, 0, 0, 7, 0xA3, 0xC5, 0x0A, 0xA8,
	}
	var p picture
	p.see(1, &media.AccessUnit{NALUs: [][]byte{sps, {0x41, 0x9A}}})
	require.Equal(t, []int{320, 240}, []int{p.width, p.height})
	require.False(t, p.idr)
	p.see(2, &media.AccessUnit{NALUs: [][]byte{{0x65, 0x88}}, IDR: true})
	require.True(t, p.idr)
}
