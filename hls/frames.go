package hls

import (
	"math"
	"slices"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

const (
	maxReordered   = 10                    // frames between decoding and showing; gohlslib takes no more
	minFrame       = media.ClockRate / 240 // ticks
	maxFrame       = media.ClockRate * 2
	defaultFrame   = media.ClockRate / 25
	maxRateError   = 0.005 // of a measured rate, for it to be taken as a common one
	reorderMargin  = 1.002
	exactTolerance = 2 // ticks
)

// commonRates are what cameras mean when their timestamps jitter, in frames a second.
var commonRates = []float64{
	5, 6, 7.5, 8, 10, 12, 12.5, 15, 20, 24000. / 1001, 24, 25, 30000. / 1001, 30, 48, 50, 60000. / 1001, 60,
}

// frames says how the frames of a stream come.
type frames struct {
	duration  float64 // of one frame, in ticks of media.ClockRate
	reordered bool    // units come in another order than they are shown in
	clockless bool    // their times do not tell anything
}

// fitFrames finds out how frames come from the times of some units in decoding order, in ticks. Times that jitter are
// taken as the declared rate (in frames a second, 0 where unknown) or a common one, where one is near.
func fitFrames(times []int64, declared float64) frames {
	var f frames
	gaps := make([]int64, 0, len(times))
	for i, at := range times[1:] {
		if at < times[i] && times[i]-at < media.ClockRate {
			f.reordered = true
		}
	}
	sorted := slices.Sorted(slices.Values(times))
	for i, at := range sorted[1:] {
		if gap := at - sorted[i]; gap > 0 {
			gaps = append(gaps, gap)
		}
	}
	var exact bool
	f.duration, exact = meanGap(gaps)
	if f.duration == 0 {
		f.clockless = true
		f.duration = defaultFrame
		if declared > 0 {
			f.duration = media.ClockRate / declared
		}
	} else if !exact {
		f.duration = nearestRate(f.duration, declared)
		if f.reordered {
			f.duration *= reorderMargin // slots that are a little too long can be mended, too short ones not
		}
	}
	if !f.clockless { // where units share a time, as two fields do
		f.duration *= float64(len(gaps)) / float64(len(times)-1)
	}
	f.duration = min(max(f.duration, minFrame), maxFrame)
	return f
}

// meanGap returns the duration of a frame and whether all gaps are whole frames of it. It is 0 without gaps.
func meanGap(gaps []int64) (duration float64, exact bool) {
	if len(gaps) == 0 {
		return 0, false
	}
	ordered := slices.Sorted(slices.Values(gaps))
	median := float64(ordered[len(ordered)/2])
	var sum, count float64
	for _, gap := range gaps {
		if n := math.Round(float64(gap) / median); n > 0 && n <= maxReordered {
			sum += float64(gap)
			count += n
		}
	}
	duration = sum / count
	for _, gap := range gaps {
		n := math.Round(float64(gap) / duration)
		if n <= maxReordered && math.Abs(float64(gap)-n*duration) > exactTolerance {
			return duration, false
		}
	}
	return duration, true
}

func nearestRate(duration, declared float64) float64 {
	best, distance := duration, maxRateError
	for _, rate := range append([]float64{declared}, commonRates...) {
		if rate <= 0 {
			continue
		}
		d := math.Abs(duration*rate/media.ClockRate - 1)
		if rate == declared {
			d /= 4
		}
		if d < distance {
			best, distance = media.ClockRate/rate, d
		}
	}
	return best
}
