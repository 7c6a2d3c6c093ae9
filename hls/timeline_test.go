package hls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTimeline gives the timeline units after two seconds of 25 frames a second, a segment each second, and wants
// where they are put, in ticks after the second segment's start.
func TestTimeline(t *testing.T) {
	const f = 3600
	for _, c := range []struct {
		name  string
		units []unit // times after the second segment's start by the sender's clock
		want  []int64
	}{
		{"regular", []unit{{time: f}, {time: 2 * f}, {time: 3 * f}}, []int64{f, 2 * f, 3 * f}},
		{"jitter", []unit{{time: f + 400}, {time: 2*f - 400}, {time: 3*f + 100}}, []int64{f, 2 * f, 3 * f}},
		{"the same time again", []unit{{time: f}, {time: f}, {time: 3 * f}}, []int64{f, 2 * f, 3 * f}},
		{"two lost", []unit{{time: f}, {time: 4 * f, torn: true}, {time: 5 * f}}, []int64{f, 4 * f, 5 * f}},
		{
			"lost over the end of a part",
			[]unit{{time: 3 * f}, {time: 7 * f, torn: true}, {time: 8 * f}, {time: 9 * f}},
			[]int64{3 * f, 5 * f, 8 * f, 9 * f},
		},
		{"slow frames", []unit{{time: 9000}, {time: 18000}, {time: 27000}}, []int64{2 * f, 5 * f, 7 * f}},
		{"a long hole", []unit{{time: f}, {time: 50 * f, torn: true}, {time: 51 * f}}, []int64{f, 2 * f, 3 * f}},
		{"a minute of silence", []unit{{time: f}, {time: 1500 * f}, {time: 1501 * f}}, []int64{f, 2 * f, 3 * f}},
		{"backwards", []unit{{time: f}, {time: -90000}, {time: -90000 + f}}, []int64{f, 2 * f, 3 * f}},
		{"far", []unit{{time: 1 << 60}, {time: -1 << 60}, {time: -1<<60 + f}}, []int64{f, 2 * f, 3 * f}},
		{
			"another run",
			[]unit{{time: f}, {time: 2 * f, run: 1}, {time: 9 * f, run: 2}, {time: 10 * f, run: 2}},
			[]int64{f, 2 * f, 3 * f, 4 * f},
		},
		{"a little fast", func() (units []unit) {
			for i := range int64(26) {
				units = append(units, unit{time: (i + 1) * (f - 20), idr: i == 24})
			}
			return units
		}(), func() (want []int64) {
			for i := range int64(24) {
				want = append(want, (i+1)*f)
			}
			return append(want, 25*(f-20), 25*(f-20)+f)
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := newTimeline(frames{duration: f}, 18000, 81000)
			put := func(u unit) int64 {
				dts := line.next(u)
				line.wrote(dts, u.idr)
				return dts
			}
			const zero = 1 << 50
			for i := range int64(51) {
				require.Equal(t, i*f, put(unit{time: zero + i*f, idr: i%25 == 0}))
			}
			for i, u := range c.units {
				u.time += zero + 50*f
				require.Equal(t, c.want[i], put(u)-50*f, "unit %d", i)
			}
			require.False(t, line.misfit())
		})
	}
}

func TestTimelineMisfit(t *testing.T) {
	for name, c := range map[string]struct {
		f     frames
		frame int64
		want  bool
	}{
		"as found":          {frames{duration: 3600}, 3600, false},
		"much faster":       {frames{duration: 3600}, 3000, true},
		"slower":            {frames{duration: 3600}, 9000, false},
		"much slower":       {frames{duration: 3600}, 30000, true},
		"B-frames, as told": {frames{duration: 3600, reordered: true}, 3600, false},
		"B-frames, faster":  {frames{duration: 3600, reordered: true}, 3000, true},
		"B-frames, slower":  {frames{duration: 3600, reordered: true}, 4500, true},
	} {
		line := newTimeline(c.f, 18000, 81000)
		for i := range int64(26) {
			line.wrote(line.next(unit{time: i * 3600, idr: i%25 == 0}), i%25 == 0)
		}
		for i := range int64(250) {
			line.wrote(line.next(unit{time: 90000 + i*c.frame, idr: i%50 == 0}), i%50 == 0)
		}
		require.Equal(t, c.want, line.misfit(), name)
	}
}

func TestFitFrames(t *testing.T) {
	for name, c := range map[string]struct {
		camera   camera
		declared float64
		want     frames
	}{
		"25":                      {camera{frame: 3600}, 0, frames{duration: 3600}},
		"25, declared as 50":      {camera{frame: 3600}, 50, frames{duration: 3600}},
		"17 exactly":              {camera{frame: 5294}, 0, frames{duration: 5294}},
		"25 jittering":            {camera{frame: 3600, jitter: jitter(30, 450)}, 0, frames{duration: 3600}},
		"29.97 jittering":         {camera{frame: 3003, jitter: jitter(30, 450)}, 30000. / 1001, frames{duration: 3003}},
		"rounded to milliseconds": {camera{frame: 3000, jitter: []int64{0, -30, 30}}, 0, frames{duration: 3000}},
		"B-frames":                {camera{frame: 3600, order: []int{3, 1, 2}}, 0, frames{duration: 3600, reordered: true}},
		"no time passes":          {camera{}, 0, frames{duration: 3600, clockless: true}},
		"no time, but declared":   {camera{}, 50, frames{duration: 1800, clockless: true}},
		"far too fast":            {camera{frame: 7}, 0, frames{duration: minFrame}},
		"far too slow":            {camera{frame: 900000}, 0, frames{duration: maxFrame}},
	} {
		c.camera.gop = 31
		times := make([]int64, 30)
		for i := range times {
			times[i] = c.camera.next().Time
		}
		got := fitFrames(times, c.declared)
		require.InDelta(t, c.want.duration, got.duration, 0.5, name)
		got.duration = c.want.duration
		require.Equal(t, c.want, got, name)
	}
	fields := fitFrames([]int64{0, 0, 3600, 3600, 7200, 7200, 10800, 10800, 14400}, 0)
	require.Equal(t, frames{duration: 1800}, fields)
}

func TestPartNumber(t *testing.T) {
	for path, want := range map[string]int{
		"a_video1_part12.mp4": 12, "a_video1_part0.mp4": 0, "a_part1_part2.mp4": 2, "a_video1_part.mp4": -1, "": -1,
		"a_video1_seg7.mp4": -1, "_part3.mp4": 3, "a_part3.ts": -1, "a_part-3.mp4": -1, "x.mp4": -1,
	} {
		n, ok := partNumber(path)
		require.Equal(t, want >= 0, ok, path)
		require.True(t, !ok || int(n) == want, path)
	}
}
