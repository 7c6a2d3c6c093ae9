package rig

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDemoClip(t *testing.T) {
	clip, err := ParseClip(demoClip)
	require.NoError(t, err)
	require.Len(t, clip.units, 500, "20 s of 25 pictures a second")
	require.Less(t, len(demoClip), 2_000_000)
	for n, unit := range clip.units {
		var types []byte
		for _, nalu := range unit {
			types = append(types, naluType(nalu))
		}
		if n%25 == 0 {
			require.Equal(t, []byte{naluSPS, naluPPS, naluIDR}, types, n)
		} else {
			require.Equal(t, []byte{naluSlice}, types, n)
		}
	}
	require.Equal(t, clip.Unit(0), clip.Unit(500))
	require.Equal(t, clip.Unit(499), clip.Unit(999))
}

func TestParseClip(t *testing.T) {
	const (
		sps, pps, sei, aud = "\x67s", "\x68p", "\x06e", "\x09a"
		idr, idrMore       = "\x65\x80i", "\x65\x40i"
		slice, sliceMore   = "\x41\x80s", "\x41\x40s"
		long, short        = "\x00\x00\x00\x01", "\x00\x00\x01"
	)
	tests := []struct {
		name   string
		stream string
		want   [][]string
	}{
		{"one unit", long + sps + long + pps + long + idr, [][]string{{sps, pps, idr}}},
		{"short start codes", short + sps + short + pps + short + idr, [][]string{{sps, pps, idr}}},
		{"zeros at the end", long + sps + long + idr + "\x00\x00", [][]string{{sps, idr}}},
		{"empty NAL units", long + long + sps + short + short + idr, [][]string{{sps, idr}}},
		{
			"several slices", long + sps + long + idr + long + idrMore + long + slice + long + sliceMore + long + slice,
			[][]string{{sps, idr, idrMore}, {slice, sliceMore}, {slice}},
		},
		{
			"what begins a unit", long + sps + long + idr + long + sei + long + slice + long + aud + long + slice,
			[][]string{{sps, idr}, {sei, slice}, {aud, slice}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			clip, err := ParseClip([]byte(test.stream))
			require.NoError(t, err)
			var got [][]string
			for _, unit := range clip.units {
				var texts []string
				for _, nalu := range unit {
					texts = append(texts, string(nalu))
				}
				got = append(got, texts)
			}
			require.Equal(t, test.want, got)
		})
	}
	for name, stream := range map[string]string{
		"empty": "", "no start code": "abc", "no slice": long + sps,
		"ends without a slice": long + sps + long + idr + long + pps,
		"begins with a slice":  long + slice, "no SPS": long + idr, "no IDR": long + sps + long + slice,
	} {
		_, err := ParseClip([]byte(stream))
		require.ErrorIs(t, err, ErrClip, name)
	}
}
