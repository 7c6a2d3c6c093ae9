package hls

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

const (
	segmentCount   = 8        // at least; gohlslib wants 7 for low latency
	maxSegmentSize = 24 << 20 // bytes: 10 s between keyframes at 20 Mb/s, and 400 MB for all segments at worst

	// maxFull is how many segments in a row may be cut off before it is taken that keyframes come more seldom now.
	maxFull = 3

	// As many units as needed to find the frame rate are kept back when an epoch begins. That costs no time: nothing
	// can be played before the first segment is complete.
	minGathered  = 8
	maxGathered  = 64
	gatheredSpan = 3 * media.ClockRate

	// probeReach is far from any real distance between units, and divisible by as many as units can be out of order.
	probeReach = 27720 * 900
	pauseStep  = 90 // what h264.DTSExtractor goes on by where it finds out that there are B-frames
)

var (
	errOrder     = errors.New("hls: pictures with pic_order_cnt_type 1 cannot be put in order")
	errKeyframes = errors.New("hls: keyframes come more seldom than before")
)

// unit is an access unit that holds a picture, without what does not belong into a segment.
type unit struct {
	nalus   [][]byte
	idr     bool
	time    int64
	run     int
	torn    bool // units are missing before it
	arrival time.Time
}

// epoch is a span of the stream with the same parameter sets, and its muxer. All but what its playlists field does is
// guarded by the Publisher's lock.
type epoch struct {
	number    int
	params    parameterSets
	declared  float64 // frames a second by the SPS, 0 where unknown
	ordered   bool    // units carry an order count that gohlslib follows
	part      time.Duration
	segment   int64 // ticks
	playlists *playlists

	muxer *gohlslib.Muxer
	track *gohlslib.Track

	gathered []unit
	line     *timeline // nil while units are gathered
	order    h264.DTSExtractor
	counts   orderCounts
	segments int64 // begun
	run      int
	awaiting bool // what comes before the next IDR unit cannot be published
	torn     bool // units are missing in the present segment
	full     int  // segments in a row that were cut off
	seldom   bool // the present segment is longer than the playlist allows, and lacks nothing
	idrTime  int64
	idrPTS   int64
}

func newEpoch(p *Publisher) (*epoch, error) {
	sps, err := p.params.sps()
	if err != nil {
		return nil, fmt.Errorf("hls: SPS: %w", err)
	}
	e := &epoch{
		number:   p.number,
		params:   p.params,
		ordered:  sps.FrameMbsOnlyFlag && sps.PicOrderCntType == 0,
		counts:   newOrderCounts(&sps),
		part:     p.cfg.Part,
		awaiting: true,
	}
	// A keyframe a little early must not make a segment twice as long; and those of a playlist are to last longer than
	// three target durations (RFC 8216, section 6.2.2).
	e.segment = max(toTicks(p.cfg.Segment)*9/10, p.longest*media.ClockRate/2)
	count := 3 * targetFor(e.segment, e.segment, toTicks(e.part)) * media.ClockRate / e.segment
	if sps.FrameMbsOnlyFlag && sps.PicOrderCntType == 1 {
		return nil, errOrder
	}
	if sps.VUI != nil && sps.VUI.TimingInfo != nil && sps.VUI.TimingInfo.NumUnitsInTick > 0 {
		e.declared = sps.FPS()
	}
	e.order.Initialize()
	e.track = &gohlslib.Track{Codec: &codecs.H264{}, ClockRate: media.ClockRate}
	e.muxer = &gohlslib.Muxer{
		Tracks:         []*gohlslib.Track{e.track},
		Variant:        p.variant,
		SegmentCount:   max(segmentCount, int(count)+2),
		SegmentMaxSize: p.maxSize,
		OnEncodeError: func(err error) {
			p.log.Debug("HLS", "epoch", e.number, "note", err)
		},
	}
	if p.cfg.Files > 0 {
		e.muxer.SegmentCount = p.cfg.Files
	}
	e.playlists = newPlaylists(e.muxer, p.longest)
	e.playlists.past = p.past
	return e, nil
}

// write takes a unit. After an error the epoch can only be closed. What a run sends before its first IDR unit is not
// published.
func (e *epoch) write(u unit) error {
	if u.run != e.run {
		e.run, e.awaiting, e.gathered = u.run, true, nil
	}
	if !e.admit(&u) {
		return nil
	}
	if e.line == nil {
		return e.gather(u)
	}
	return e.put(u)
}

// admit tells whether a unit can be published: while an IDR unit is awaited, no other can. One is awaited after a loss
// among B-frames, since nobody can tell a gap in their order from B-frames, and where it is not known yet how order
// counts go on.
func (e *epoch) admit(u *unit) bool {
	if u.torn && e.ordered && e.line != nil && (e.line.frames.reordered || e.counts.step == 0) {
		e.awaiting = true
	}
	if e.awaiting && !u.idr {
		return false
	}
	u.torn = u.torn || e.awaiting
	e.awaiting = false
	return true
}

// gather keeps a unit back until there are enough to start with.
func (e *epoch) gather(u unit) error {
	e.gathered = append(e.gathered, u)
	if !e.enough() {
		return nil
	}
	units := e.gathered
	e.gathered = nil
	if err := e.start(units); err != nil {
		return err
	}
	for _, u := range units {
		if err := e.put(u); err != nil {
			return err
		}
	}
	return nil
}

// enough tells whether enough units are gathered to tell the frame rate, or more than a segment may hold.
func (e *epoch) enough() bool {
	n := len(e.gathered)
	span := e.gathered[n-1].time - e.gathered[0].time
	size := 0
	for _, u := range e.gathered {
		for _, nalu := range u.nalus {
			size += len(nalu)
		}
	}
	return n >= maxGathered || span >= gatheredSpan || n >= minGathered && span >= e.segment*8/9 ||
		uint64(size) > e.muxer.SegmentMaxSize
}

func (e *epoch) start(units []unit) error {
	times := make([]int64, len(units))
	for i, u := range units {
		times[i] = u.time
	}
	e.line = newTimeline(fitFrames(times, e.declared), toTicks(e.part), e.segment)
	e.muxer.PartMinDuration = toDuration(e.line.closing())
	e.muxer.SegmentMinDuration = toDuration(e.segment)
	if err := e.muxer.Start(); err != nil {
		return fmt.Errorf("hls: %w", err)
	}
	e.playlists.start()
	return nil
}

// put writes a unit to the muxer.
func (e *epoch) put(u unit) error {
	if !e.admit(&u) || !e.fits(u) {
		return nil
	}
	want := e.line.next(u)
	switch {
	case u.idr && e.line.misfit():
		return errRate
	case u.idr && e.seldom:
		return errKeyframes
	}
	pts, err := e.presentation(&u, want)
	if err != nil {
		if u.idr {
			return fmt.Errorf("hls: %w", err)
		}
		e.awaiting = true // it is damaged
		return nil
	}
	e.awaiting = false
	dts, err := e.order.Extract(u.nalus, pts)
	if err != nil {
		return fmt.Errorf("hls: %w", err)
	}
	if u.idr {
		e.idrTime, e.idrPTS = u.time, pts
		if e.line.first && dts-e.line.segStart >= e.segment {
			e.playlists.declare(targetFor(dts-e.line.segStart, e.segment, e.line.part))
		}
	}
	if err := e.muxer.WriteH264(e.track, u.arrival, pts, u.nalus); err != nil {
		return fmt.Errorf("hls: %w", err)
	}
	e.line.wrote(dts, u.idr)
	if e.line.segStart == dts {
		e.torn = false
		e.segments++
	}
	e.playlists.changed()
	return nil
}

// fits tells whether a unit can be published without a segment that is longer than the playlist says. Where a lost IDR
// unit would make it so, the units up to the next one are left out: nothing good can be seen of them. Where none was
// lost, the camera sends keyframes more seldom than it did, and the next one begins an epoch.
func (e *epoch) fits(u unit) bool {
	e.torn = e.torn || u.torn
	switch {
	case u.idr:
		if !u.torn {
			e.full = 0
		}
		return true
	case e.seldom || !e.line.full(e.playlists.target()):
		return true
	case e.torn && e.full < maxFull:
		e.full++
		e.awaiting = true
		return false
	default:
		e.seldom = true
		return true
	}
}

// longest returns what target duration the playlist of the next epoch needs at least, in seconds.
func (e *epoch) longest() int64 {
	return (e.line.dts-e.line.segStart)*5/(4*media.ClockRate) + 1
}

// presentation returns the presentation time for which gohlslib finds the wanted decode time. gohlslib takes the way
// from one decode time to the next as a fraction of the way to the presentation time; which one depends on the order
// of the pictures, and can be found by trying on a copy of what it uses. What a loss did to their order it mends first.
func (e *epoch) presentation(u *unit, want int64) (int64, error) {
	if e.ordered {
		var err error
		if u.nalus, err = e.counts.close(u); err != nil {
			return 0, err
		}
	}
	last := e.line.dts
	dts, err := tryOut(e.order, u.nalus, last+probeReach)
	if err != nil {
		return 0, err
	}
	if dts-last <= pauseStep { // the first B-frames are found: the decode time is fixed, the presentation time free
		e.line.frames.reordered = true
		frame := e.line.frames.duration
		shown := e.idrPTS + int64(math.Round(float64(u.time-e.idrTime)/frame)*frame)
		return min(max(shown, dts), dts+int64(maxReordered*frame)), nil
	}
	share := (probeReach + (dts-last)/2) / (dts - last)
	return last + (want-last)*share, nil
}

// tryOut returns the decode time that gohlslib would find for a unit. It reads slices as gohlslib will, with nothing at
// stake: where a damaged one makes it panic, it returns an error, and gohlslib, which holds locks then, never sees it.
func tryOut(order h264.DTSExtractor, nalus [][]byte, pts int64) (dts int64, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("a slice cannot be read: %v", cause)
		}
	}()
	return order.Extract(nalus, pts)
}

func (e *epoch) close() {
	e.playlists.close()
}

func toTicks(d time.Duration) int64 {
	return d.Milliseconds() * media.ClockRate / 1000
}

func toDuration(ticks int64) time.Duration {
	return time.Duration(ticks) * time.Second / media.ClockRate
}
