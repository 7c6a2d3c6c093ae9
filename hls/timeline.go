package hls

import "github.com/isc-receiver/isc-receiver/internal/media"

// timeline is the decode clock of one epoch: it gives each unit its time so that viewers get a stream without gaps
// whose parts all have one length, whatever the sender's clock does. It is pure: no clock, no lock.
//
// A part has a fixed number of slots, one for each frame at the rate that was found when the epoch began. Each unit
// takes the next slot. That alone smooths jitter. Beyond it:
//
//   - A frame that came late (fewer frames in the dark, some units lost) leaves slots empty, so that media time keeps
//     pace with real time, but never past the end of the part.
//   - Where the sender's time goes backwards, or on by more than one part, or a new run begins, there is no telling
//     how much time passed, or viewers could not be shown that much of nothing: the unit takes the next slot.
//   - Frames that come a little faster than the slots shorten the last part of a segment, the only one that may differ
//     (RFC 8216bis, section 4.4.4.9).
//
// In the first segment each unit takes the next slot, since gohlslib fits the length of parts to what it sees there.
// Units with B-frames are given one slot each in decoding order, always: empty slots would upset their order.
//
// All times are in ticks of media.ClockRate. Lag is how far the timeline is behind the sender's clock.
type timeline struct {
	frames  frames
	slots   int64 // in a part
	part    int64 // length of a part
	segment int64 // an IDR unit this long after the segment's start, or longer, begins a new one

	begun     bool
	first     bool // no segment is complete
	dts       int64
	partStart int64
	segStart  int64

	run    int
	last   int64 // the sender's latest time
	lag    int64
	idrLag int64 // at the latest IDR unit
	adrift bool  // with B-frames: what comes before the next IDR unit cannot tell the lag
	slow   int   // units in a row that came more than a part after the one before, though none was lost
}

const (
	slowUnits    = 8
	spareSegment = media.ClockRate * 22 / 10 // with a keyframe each second, enough for 8 frames a second in place of 25
)

// newTimeline returns a timeline for frames as found, with parts of at least about the given length.
func newTimeline(f frames, part, segment int64) *timeline {
	slots := max(1, int64(float64(part)/f.duration+0.95))
	return &timeline{
		frames:  f,
		slots:   slots,
		part:    int64(float64(slots)*f.duration + 0.5),
		segment: segment,
		first:   true,
	}
}

// next returns the decode time for a unit, which is later than that of the unit before, and zero for the first. Of the
// unit it reads time, run, idr and torn. The time that was really used has to be told by wrote.
func (t *timeline) next(u unit) int64 {
	if !t.begun {
		t.begun, t.run, t.last = true, u.run, u.time
		return t.dts
	}
	slot := t.slotIndex(t.dts) + 1
	elapsed, ok := t.elapsed(u)
	if t.frames.reordered {
		ok = t.settle(u, ok)
	}
	if t.first || !ok {
		return t.slot(slot)
	}
	t.lag += elapsed
	if !t.frames.reordered {
		for slot < t.slots && t.lag-(t.slot(slot)-t.dts) >= t.part*3/(4*t.slots) {
			slot++
		}
	}
	dts := t.slot(slot)
	t.lag -= dts - t.dts
	if u.idr {
		if cut := min(-t.lag, t.mayCut()); cut > 0 && dts-cut-t.segStart >= t.segment {
			dts -= cut
			t.lag += cut
		}
		t.idrLag = t.lag
	}
	return dts
}

// settle sees to it that with B-frames only what lies whole between two IDR units counts for the lag: in between, times
// run ahead of the decoding order. It returns whether the lag is known with this unit.
func (t *timeline) settle(u unit, ok bool) bool {
	t.adrift = t.adrift || !ok
	if t.adrift && u.idr {
		t.adrift, t.lag, t.last = false, t.idrLag, u.time
		return false
	}
	return !t.adrift
}

// wrote tells that a unit was given the decode time dts.
func (t *timeline) wrote(dts int64, idr bool) {
	t.dts = dts
	if idr && dts-t.segStart >= t.segment {
		t.segStart, t.partStart, t.first = dts, dts, false
	} else if dts-t.partStart >= t.closing() {
		t.partStart = dts
	}
}

// misfit tells that frames have come at another rate than the epoch's for long.
func (t *timeline) misfit() bool {
	return t.lag < -2*t.part || t.lag > 2*t.part || t.slow >= slowUnits
}

// targetFor returns a target duration, in seconds, for a playlist with the first segment, the shortest one and parts as
// long as given. It leaves room for segments that get longer: where the next IDR unit came just too early to begin one,
// and where the camera sends fewer frames in the dark, and keyframes after as many as before.
func targetFor(first, shortest, part int64) int64 {
	longest := first + max(shortest, spareSegment) + 2*part
	return max(1, (longest-media.ClockRate/2+media.ClockRate-1)/media.ClockRate)
}

// full tells whether the segment could become too long for a target duration, in seconds, with another unit in it:
// rounded, it must not be longer (RFC 8216, section 4.3.3.1). A segment ends with a part, which is not begun yet.
func (t *timeline) full(target int64) bool {
	return !t.first && t.partStart+2*t.part-t.segStart > target*media.ClockRate+media.ClockRate/2-1
}

// closing is the length from which on gohlslib closes a part when the next unit comes: half a frame less than a
// part, so that rounding does not matter. A part of a single frame leaves no choice.
func (t *timeline) closing() int64 {
	if t.slots == 1 {
		return t.part
	}
	return t.part - t.part/(2*t.slots)
}

// elapsed returns the time since the latest unit by the sender's clock, or false where that clock cannot tell.
func (t *timeline) elapsed(u unit) (int64, bool) {
	elapsed := u.time - t.last
	back := t.part / t.slots / 2
	if t.frames.reordered {
		back = maxReordered * t.part / t.slots
	}
	known := !t.frames.clockless && u.run == t.run && elapsed >= -back && elapsed <= t.longest()
	if u.torn && t.frames.reordered {
		known = false
	}
	if u.run == t.run && elapsed > t.longest() && !u.torn {
		t.slow++
	} else {
		t.slow = 0
	}
	if !known {
		t.run, t.last = u.run, u.time
		return 0, false
	}
	t.last = max(t.last, u.time)
	return max(elapsed, 0), true
}

// longest is the longest time between units that counts as a slow frame.
func (t *timeline) longest() int64 {
	if t.frames.reordered {
		return t.part + maxReordered*t.part/t.slots
	}
	return t.part + t.part/(2*t.slots)
}

// mayCut is how much a frame may be shortened at the end of a segment. With B-frames the next IDR picture would be
// shown too early if it were more.
func (t *timeline) mayCut() int64 {
	if t.frames.reordered {
		return t.part / t.slots / 8
	}
	return t.part / t.slots / 4
}

// slot returns when a slot of the present part begins.
func (t *timeline) slot(i int64) int64 { return t.partStart + i*t.part/t.slots }

// slotIndex returns the latest slot that begins no later than a time in the present part.
func (t *timeline) slotIndex(dts int64) int64 {
	i := (dts - t.partStart) * t.slots / t.part
	if t.slot(i+1) <= dts { // the product was rounded down twice
		i++
	}
	return i
}
