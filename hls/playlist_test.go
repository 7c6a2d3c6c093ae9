package hls

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/stretchr/testify/require"
)

type testSegment struct {
	sequence int
	duration float64
	gap      bool
	uri      string
	dated    bool
	parts    []float64
	partURIs []string
}

// testPlaylist is a media playlist, read independently of the package; the last segment has no duration yet.
type testPlaylist struct {
	target     int
	partTarget float64
	segments   []testSegment
}

var quotedURI = regexp.MustCompile(`URI="([^"]*)"`)

func readPlaylist(t testing.TB, text string) testPlaylist {
	t.Helper()
	var p testPlaylist
	var next testSegment
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err, text)
		return v
	}
	for line := range strings.SplitSeq(text, "\n") {
		tag, value, _ := strings.Cut(line, ":")
		switch tag {
		case "#EXT-X-TARGETDURATION":
			p.target = int(number(value))
		case "#EXT-X-PART-INF":
			p.partTarget = number(strings.TrimPrefix(value, "PART-TARGET="))
		case "#EXT-X-MEDIA-SEQUENCE":
			next.sequence = int(number(value))
		case "#EXT-X-GAP":
			next.gap = true
		case "#EXT-X-PROGRAM-DATE-TIME":
			next.dated = true
		case "#EXT-X-PART":
			duration, _, _ := strings.Cut(strings.TrimPrefix(value, "DURATION="), ",")
			next.parts = append(next.parts, number(duration))
			next.partURIs = append(next.partURIs, quotedURI.FindStringSubmatch(value)[1])
		case "#EXTINF":
			next.duration = number(strings.TrimSuffix(value, ","))
		case "":
		default:
			if line[0] != '#' {
				next.uri = line
				p.segments = append(p.segments, next)
				next = testSegment{sequence: next.sequence + 1}
			}
		}
	}
	p.segments = append(p.segments, next)
	return p
}

// check holds a playlist against RFC 8216 and 8216bis (4.4.3.1, 4.4.3.7, 4.4.4.9), and against the promise that parts
// keep one length.
func (p testPlaylist) check(t testing.TB) {
	t.Helper()
	require.GreaterOrEqual(t, p.target, 1)
	last := len(p.segments) - 1
	for i, s := range p.segments {
		if i < last {
			require.Positive(t, s.duration)
			require.LessOrEqual(t, math.Round(s.duration), float64(p.target))
		}
		if s.gap || i == last && len(s.parts) == 0 {
			continue
		}
		if i < last {
			require.Contains(t, s.uri, fmt.Sprintf("_seg%d.", s.sequence))
		}
		total := 0.0
		for j, part := range s.parts {
			total += part
			require.LessOrEqual(t, part, p.partTarget)
			if j < len(s.parts)-1 || i == last {
				require.Greater(t, part, p.partTarget-0.001, "%v", p)
			}
		}
		if i < last && len(s.parts) > 0 {
			require.InDelta(t, s.duration, total, 0.0002)
		}
	}
}

// viewer follows a stream and checks all that it gets.
type viewer struct {
	t    testing.TB
	p    *Publisher
	path string // of the media playlist

	playlists int
	target    int
	part      float64 // PART-TARGET
	sequence  int     // of the first segment in the list
	names     map[int]string
	samples   []testSample
	payloads  [][]byte
	media     int   // the latest segment read
	start     int64 // of the latest segment
	complete  int   // segments
	epoch     *epoch
}

type testSample struct {
	dts, pts, duration int64
	sync               bool
}

func newViewer(t testing.TB, p *Publisher) *viewer {
	t.Helper()
	return &viewer{t: t, p: p, names: make(map[int]string)}
}

// ready tells whether there should be something to play, and waits until there is.
func (v *viewer) ready() bool {
	e := v.p.epoch
	if e == nil || e.line == nil {
		return false
	}
	if v.epoch == nil {
		v.epoch = e
	}
	require.Equal(v.t, v.epoch.number, e.number, "another epoch has begun: %+v", v.p.Status())
	if e.line.segStart != v.start {
		v.start = e.line.segStart
		v.complete++
	}
	if v.complete == 0 || v.p.cfg.Variant == "fmp4" && v.complete == 1 {
		return false
	}
	<-e.playlists.playable
	return true
}

// look fetches the playlist if there is one, and what is new in it.
func (v *viewer) look() {
	t := v.t
	if !v.ready() {
		return
	}
	if v.path == "" {
		name := mediaPlaylist
		if v.p.cfg.Variant == "mpegts" {
			name = "main_stream.m3u8"
		}
		v.path = fmt.Sprintf("/%d/%s", v.p.Status().Epoch, name)
		v.media = -1
	}
	w := get(v.p, v.path)
	require.Equal(t, 200, w.Code, w.Body)
	list := readPlaylist(t, w.Body.String())
	list.check(t)
	v.playlists++
	v.target = list.target
	if v.part != 0 {
		require.Equal(t, v.part, list.partTarget, "the length of parts has changed")
	}
	v.part = list.partTarget
	require.GreaterOrEqual(t, list.segments[0].sequence, v.sequence)
	v.sequence = list.segments[0].sequence
	for _, s := range list.segments[:len(list.segments)-1] {
		if s.gap {
			continue
		}
		if name, known := v.names[s.sequence]; known {
			require.Equal(t, name, s.uri)
			continue
		}
		v.names[s.sequence] = s.uri
		require.True(t, v.media == -1 || s.sequence == v.media+1, "segment %d after %d", s.sequence, v.media)
		v.media = s.sequence
		if strings.Contains(s.uri, ".mp4") {
			v.read(s)
		}
	}
}

// read reads a segment's samples.
func (v *viewer) read(s testSegment) {
	t := v.t
	w := get(v.p, v.path[:strings.LastIndex(v.path, "/")+1]+s.uri)
	require.Equal(t, 200, w.Code)
	var parts fmp4.Parts
	require.NoError(t, parts.Unmarshal(w.Body.Bytes()))
	total := int64(0)
	for _, part := range parts {
		dts := int64(part.Tracks[0].BaseTime)
		for _, sample := range part.Tracks[0].Samples {
			if n := len(v.samples); n > 0 {
				require.Equal(t, v.samples[n-1].dts+v.samples[n-1].duration, dts, "a gap in decode time")
			}
			v.samples = append(v.samples, testSample{
				dts: dts, pts: dts + int64(sample.PTSOffset), duration: int64(sample.Duration),
				sync: !sample.IsNonSyncSample,
			})
			v.payloads = append(v.payloads, sample.Payload)
			dts += int64(sample.Duration)
			total += int64(sample.Duration)
		}
	}
	require.InDelta(t, s.duration, float64(total)/90000, 0.0001)
}

// checkSamples wants the samples shown one after the other, none for longer than a part. Where B-frames are lost, the
// picture that they were coded from may share its time with one of those after the next IDR picture.
func (v *viewer) checkSamples(c *camera, losses int) {
	t := v.t
	shown := slices.Clone(v.samples)
	slices.SortFunc(shown, func(a, b testSample) int { return int(a.pts - b.pts) })
	for i := 1; i < len(shown)-maxReordered; i++ {
		step := shown[i].pts - shown[i-1].pts
		if step == 0 && c.order != nil && losses > 0 {
			losses--
			continue
		}
		require.Positive(t, step, "sample %d", i)
		require.LessOrEqual(t, step, max(2*c.frame, 18000), "sample %d", i)
	}
}
