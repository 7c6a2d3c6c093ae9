package hls

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// jitter returns n times that are off by up to the given ticks.
func jitter(n int, by int64) []int64 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]int64, n)
	for i := range out {
		out[i] = r.Int64N(2*by+1) - by
	}
	return out
}

// TestPartsKeepOneLength follows streams that are as regular as cameras are, and less.
func TestPartsKeepOneLength(t *testing.T) {
	for _, c := range []struct {
		name   string
		camera camera
		part   float64
	}{
		{"25", camera{frame: 3600, gop: 25}, 0.2},
		{"25 with order counts", camera{frame: 3600, gop: 25, poc: true}, 0.2},
		{"25, gop of 24", camera{frame: 3600, gop: 24}, 0.2},
		{"25, gop of 12", camera{frame: 3600, gop: 12}, 0.2},
		{"25, gop of 250", camera{frame: 3600, gop: 250}, 0.2},
		{"25, one keyframe after another", camera{frame: 3600, gop: 1}, 0.2},
		{"25 jittering", camera{frame: 3600, gop: 25, jitter: jitter(997, 450)}, 0.2},
		{"25.01 jittering", camera{frame: 3599, gop: 25, jitter: jitter(997, 450)}, 0.2},
		{"24.9 jittering", camera{frame: 3614, gop: 25, jitter: jitter(997, 450)}, 0.2},
		{"30", camera{frame: 3000, gop: 30}, 0.2},
		{"29.97", camera{frame: 3003, gop: 30}, 0.201},
		{"29.97 jittering", camera{frame: 3003, gop: 30, jitter: jitter(997, 450)}, 0.2},
		{"15", camera{frame: 6000, gop: 15}, 0.2},
		{"15 jittering", camera{frame: 6000, gop: 15, jitter: jitter(997, 450)}, 0.2},
		{"24", camera{frame: 3750, gop: 24}, 0.209},
		{"12.5", camera{frame: 7200, gop: 12}, 0.24},
		{"60", camera{frame: 1500, gop: 60}, 0.2},
		{"5", camera{frame: 18000, gop: 5}, 0.2},
		{"3", camera{frame: 30000, gop: 3}, 0.334},
		{"1", camera{frame: 90000, gop: 2}, 1},
		{"no clock", camera{frame: 3600, gop: 25, stopped: true}, 0.2},
		{"25 with B-frames", camera{frame: 3600, gop: 25, order: []int{4, 2, 1, 3}}, 0.2},
		{"25 with B-frames, gop of 250", camera{frame: 3600, gop: 249, order: []int{4, 2, 1, 3}}, 0.2},
		{"29.97 with B-frames", camera{frame: 3003, gop: 31, order: []int{3, 1, 2}}, 0.201},
		{"30 with B-frames, jittering", camera{
			frame: 3000, gop: 31, order: []int{3, 1, 2}, jitter: jitter(997, 450),
		}, 0.201},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := publisher(t, "low-latency")
			v := newViewer(t, p)
			for i := range 70 * 90000 / c.camera.frame {
				require.NoError(t, p.WriteUnit(c.camera.next()))
				if i%12 == 0 {
					v.look()
				}
			}
			require.Equal(t, c.part, v.part)
			require.Equal(t, 1000, p.Status().Epoch)
			require.NotEmpty(t, v.samples)
			slices.SortFunc(v.samples, func(a, b testSample) int { return int(a.pts - b.pts) })
			for i, s := range v.samples[1 : len(v.samples)-4] {
				step := float64(s.pts - v.samples[i].pts)
				require.InDelta(t, c.camera.frame, step, float64(c.camera.frame)*1.01, "sample %d", i)
				require.Positive(t, step)
			}
		})
	}
}

// TestKeepsPace wants media time to go on as fast as the sender's clock, whatever the frame rate is and becomes.
func TestKeepsPace(t *testing.T) {
	for _, c := range []struct {
		name   string
		camera camera
		frames []int64 // the frame durations of one minute each, after a minute as in camera
		epochs int
	}{
		{"drift forwards", camera{frame: 3600, gop: 25, jitter: jitter(997, 450)}, []int64{3604, 3604, 3604}, 1},
		{"drift backwards", camera{frame: 3600, gop: 25, jitter: jitter(997, 450)}, []int64{3596, 3596, 3596}, 1},
		{"10 in the dark", camera{frame: 3600, gop: 25}, []int64{9000, 3600, 9000}, 1},
		{"8 in the dark", camera{frame: 3600, gop: 25}, []int64{11250, 3600}, 1},
		{"12.5 in the dark", camera{frame: 3600, gop: 25}, []int64{7200, 3600, 7200}, 1},
		{"3 in the dark", camera{frame: 3600, gop: 25}, []int64{30000}, 2},
		{"30 from 15", camera{frame: 6000, gop: 15}, []int64{3000}, 2},
		{"10 in the dark with B-frames", camera{
			frame: 3600, gop: 25, order: []int{4, 2, 1, 3},
		}, []int64{9000}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := publisher(t, "low-latency")
			v := newViewer(t, p)
			epoch := 0
			c.camera.now, c.camera.run = epochZero, 1
			for _, frame := range append([]int64{c.camera.frame}, c.frames...) {
				c.camera.frame = frame
				for end := c.camera.now.Add(time.Minute); c.camera.now.Before(end); {
					require.NoError(t, p.WriteUnit(c.camera.next()))
					if s := p.Status(); s.Epoch != epoch {
						epoch = s.Epoch
						v = newViewer(t, p)
					}
					if c.camera.n%12 == 0 {
						v.look()
					}
				}
			}
			require.LessOrEqual(t, p.Status().Epoch, 999+c.epochs)
			require.True(t, p.Status().Ready)
			if c.epochs == 1 {
				media := toDuration(v.samples[len(v.samples)-1].dts - v.samples[0].dts)
				require.InDelta(t, c.camera.now.Sub(epochZero).Seconds(), media.Seconds(), 3)
			}
		})
	}
}
