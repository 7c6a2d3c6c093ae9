package hls

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// TestGoesOnAfterLoss wants the picture to go on at once where units of a stream with order counts are lost, and no
// later than before.
func TestGoesOnAfterLoss(t *testing.T) {
	for _, variant := range []string{"low-latency", "fmp4"} {
		for _, step := range []int{1, 2} {
			p, c := publisher(t, variant), &camera{frame: 3600, gop: 100, poc: true, step: step}
			v := newViewer(t, p)
			written := 0
			for i := range 1000 {
				hole := i%100 == 20 || i%100 == 51
				if hole {
					c.skip(1 + i/100)
				}
				u := c.next()
				u.Hole = hole
				require.NoError(t, p.WriteUnit(u))
				if written++; i%20 == 0 {
					v.look()
				}
			}
			require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status())
			require.Greater(t, len(v.samples), written-2*c.gop)
			for _, s := range v.samples {
				require.Equal(t, s.dts, s.pts)
			}
		}
	}
}

// pictures returns what ffmpeg makes of a stream: a checksum of each picture.
func pictures(t *testing.T, stream []byte) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "ffmpeg", "-v", "fatal", "-flags", "+output_corrupt", "-i", "-",
		"-fps_mode", "passthrough", "-f", "framemd5", "-")
	command.Stdin = bytes.NewReader(stream)
	out, err := command.Output()
	require.NoError(t, err)
	var sums []string
	for line := range strings.Lines(string(out)) {
		if fields := strings.Split(line, ","); !strings.HasPrefix(line, "#") && len(fields) == 6 {
			sums = append(sums, strings.TrimSpace(fields[5]))
		}
	}
	return sums
}

// TestOrderCountsDecode has ffmpeg decode real video with units missing as it was sent, and with its order counts
// closed: the pictures are the same. It is what is left of a stream when its B-frames are taken out, to which no other
// picture refers.
func TestOrderCountsDecode(t *testing.T) {
	units := slices.DeleteFunc(encoded(t, "-g", "100", "-bf", "1", "-b_strategy", "0", "-slices", "2"),
		func(au media.AccessUnit) bool { return au.NALUs[len(au.NALUs)-1][0]&0x60 == 0 })
	require.Greater(t, len(units), 120)
	var sets parameterSets
	sets.update(units[0].NALUs)
	sps, err := sets.sps()
	require.NoError(t, err)
	require.Zero(t, sps.PicOrderCntType)

	counts := newOrderCounts(&sps)
	var sent, closed []byte
	changed, last, torn := 0, uint64(0), false
	for n, au := range units {
		if n%20 == 13 {
			torn = true
			continue
		}
		kept, _, idr := videoUnit(au.NALUs)
		before := cloned(kept)
		nalus, err := counts.close(&unit{nalus: kept, idr: idr, torn: torn})
		require.NoError(t, err)
		require.Equal(t, before, kept, "what others have is not written to")
		require.True(t, !torn || counts.given == (last+4)&0xF, "unit %d: %d after %d", n, counts.given, last)
		last, torn = counts.given, false
		for j, nalu := range nalus {
			if !bytes.Equal(nalu, kept[j]) {
				changed++
			}
			if isSlice(nalu) {
				count, _, err := counts.find(nalu)
				require.NoError(t, err)
				require.Equal(t, counts.given, count)
			}
		}
		sent, closed = appendStream(sent, kept), appendStream(closed, nalus)
	}
	require.Greater(t, changed, 100)
	want := pictures(t, sent)
	require.Greater(t, len(want), 100)
	require.Equal(t, want, pictures(t, closed))
}

// TestSlicesCutOff has slices end anywhere in front of their order count.
func TestSlicesCutOff(t *testing.T) {
	c := camera{gop: 25, poc: true}
	for _, whole := range [][]byte{c.slice(true, 0, 0), c.slice(false, 200, 200)} {
		o := orderCounts{frameNum: 16, size: 16}
		cut := 0
		for n := 1; n < countWithin; n++ {
			if _, _, err := o.find(whole[:n]); err != nil {
				cut = n
				_, err = o.lower(whole[:n])
				require.Error(t, err)
				_, err = o.close(&unit{nalus: [][]byte{whole[:n]}})
				require.Error(t, err)
			}
		}
		require.Greater(t, cut, 4)
		require.Less(t, cut, 10)
	}
}

func cloned(nalus [][]byte) [][]byte {
	out := make([][]byte, len(nalus))
	for i, nalu := range nalus {
		out[i] = bytes.Clone(nalu)
	}
	return out
}

func appendStream(stream []byte, nalus [][]byte) []byte {
	for _, nalu := range nalus {
		stream = append(append(stream, 0, 0, 0, 1), nalu...)
	}
	return stream
}

// FuzzOrderCounts gives slices made of the input a count, and wants nothing else of them to change.
func FuzzOrderCounts(f *testing.F) {
	c := camera{gop: 25, poc: true, size: 1}
	f.Add(c.slice(false, 1, 1), uint64(2))
	f.Add([]byte{0x41, 0xE0, 0, 0, 3, 1, 0, 0, 3, 0, 0, 3}, uint64(1))
	f.Fuzz(func(t *testing.T, slice []byte, lifted uint64) {
		if len(slice) == 0 {
			return
		}
		slice = h264.EmulationPreventionRemove(slice)
		slice[0] = 0x41
		slice = preventEmulation(slice)
		o := orderCounts{frameNum: 8, size: 8, lifted: lifted}
		lowered, err := o.lower(slice)
		if err != nil {
			return
		}
		before, at, err := o.find(slice)
		require.NoError(t, err)
		after, same, err := o.find(lowered)
		require.NoError(t, err)
		require.Equal(t, at, same)
		require.Equal(t, (before-lifted)&0xFF, after)
		for i := 2; i < len(lowered); i++ {
			require.False(t, lowered[i-2] == 0 && lowered[i-1] == 0 && lowered[i] < 3, "a start code")
		}
		o.lifted = -lifted
		back, err := o.lower(lowered)
		require.NoError(t, err)
		require.Equal(t, slice, back)
	})
}

// spsOf makes an SPS of which frame numbers and order counts have four bits more than said.
func spsOf(id, frameNum, count uint64) []byte {
	b := (&bitWriter{}).u(0x674D001E, 32).ue(id).ue(frameNum).ue(0).ue(count).ue(4).u(0, 1).ue(19).ue(14)
	return b.u(1, 1).u(1, 1).u(0, 1).u(0, 1).u(1, 1).buf
}

// endsAtCount makes an IDR slice that ends where its order count would begin, after a frame number of eight bits.
func endsAtCount() []byte {
	return (&bitWriter{}).u(0x65, 8).ue(0).ue(7).ue(0).u(8, 8).ue(7).buf
}

// TestTryOut has order counts of no bits, with which gohlslib panics at a slice that ends there.
func TestTryOut(t *testing.T) {
	var order h264.DTSExtractor
	order.Initialize()
	unit := [][]byte{spsOf(1, 4, 1<<32-4), endsAtCount()}
	_, err := tryOut(order, unit, 0)
	require.ErrorContains(t, err, "a slice cannot be read")
	require.Panics(t, func() { _, _ = order.Extract(unit, 0) })
}

// TestImpossibleSPS has a second SPS say that order counts have no bits, which gohlslib believes, and a slice that ends
// there.
func TestImpossibleSPS(t *testing.T) {
	p, c := publisher(t, ""), &camera{frame: 3600, gop: 25, poc: true}
	u := c.next()
	u.NALUs = [][]byte{
		spsOf(0, 0, 0), spsOf(1, 4, 1<<32-4), u.NALUs[1], endsAtCount(),
	}
	for range 2 * maxGathered {
		require.NoError(t, p.WriteUnit(u))
	}
	play(t, p, &camera{frame: 3600, gop: 25, poc: true}, 90)
	require.Empty(t, p.Status().Error)
}

// TestLossBeforeStep loses units before two have come that follow each other.
func TestLossBeforeStep(t *testing.T) {
	for _, step := range []int{1, 2, 4} {
		p, c := publisher(t, ""), &camera{frame: 3600, gop: 50, poc: true, step: step}
		v := newViewer(t, p)
		u := c.next()
		require.NoError(t, p.WriteUnit(u))
		c.skip(1)
		for i := range 300 {
			u = c.next()
			u.Hole = i == 0
			require.NoError(t, p.WriteUnit(u))
			if i%20 == 0 {
				v.look()
			}
		}
		require.Greater(t, len(v.samples), 200)
		last := v.samples[len(v.samples)-1]
		require.Equal(t, last.dts, last.pts)
		require.False(t, p.epoch.line.frames.reordered)
	}
}

// TestOrderCountsOfSeveralSPS has another SPS in front, which says other things of order counts.
func TestOrderCountsOfSeveralSPS(t *testing.T) {
	for _, more := range []uint64{0, 8} {
		p, c := publisher(t, ""), &camera{frame: 3600, gop: 50, poc: true}
		v := newViewer(t, p)
		for i := range 400 {
			hole := i%50 == 20
			if hole {
				c.skip(3)
			}
			u := c.next()
			if u.Hole = hole; u.IDR {
				u.NALUs = append([][]byte{spsOf(0, 4, more), spsOf(1, 4, 4)}, u.NALUs[1:]...)
			}
			require.NoError(t, p.WriteUnit(u))
			if i%20 == 0 {
				v.look()
			}
		}
		require.Greater(t, len(v.samples), 300)
		for _, s := range v.samples {
			require.Equal(t, s.dts, s.pts)
		}
	}
}
