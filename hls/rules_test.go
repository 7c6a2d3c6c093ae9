package hls

import (
	"fmt"
	"math"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rules hold the media playlists of one stream, as they are fetched one after the other, against RFC 8216 and its draft
// successor 8216bis. They read the text alone and know nothing of the package.
type rules struct {
	t     testing.TB
	fetch func(uri string) (code int, body []byte)

	once      map[string]string   // tags that must never change: target durations, version, init section
	segments  map[int]ruleSegment // all that were seen
	parts     map[string]bool     // fetched
	hint      string
	sequence  int // of the first segment in the list
	last      int // the newest segment seen
	complete  [][]byte
	playlists int
}

type ruleSegment struct {
	uri, date string
	duration  float64
	gap       bool
}

// ruleTags are the tags that a media playlist may have here.
var ruleTags = []string{
	"#EXTM3U", "#EXT-X-VERSION", "#EXT-X-ALLOW-CACHE", "#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF",
	"#EXT-X-MEDIA-SEQUENCE", "#EXT-X-MAP", "#EXT-X-GAP", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-PART", "#EXTINF",
	"#EXT-X-PRELOAD-HINT",
}

var attribute = regexp.MustCompile(`([A-Z-]+)=("[^"]*"|[^,]*)`)

func newRules(t testing.TB, fetch func(string) (int, []byte)) *rules {
	t.Helper()
	return &rules{
		t: t, fetch: fetch, once: make(map[string]string), segments: make(map[int]ruleSegment),
		parts: make(map[string]bool), last: -1,
	}
}

func (r *rules) number(text string) float64 {
	r.t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(r.t, err)
	return v
}

// look checks the next playlist, and fetches what is new in it.
func (r *rules) look(text string) {
	r.t.Helper()
	r.playlists++
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	require.Equal(r.t, "#EXTM3U", lines[0])
	var list []ruleSegment
	var parts [][]float64
	var next ruleSegment
	var open []float64 // the parts of the segment that comes next
	var hints []string
	seen := make(map[string]string)
	for _, line := range lines {
		tag, value, _ := strings.Cut(line, ":")
		if !strings.HasPrefix(line, "#") {
			next.uri = line
			list, parts = append(list, next), append(parts, open)
			next, open = ruleSegment{}, nil
			continue
		}
		require.Contains(r.t, ruleTags, tag)
		attributes := make(map[string]string)
		for _, m := range attribute.FindAllStringSubmatch(value, -1) {
			attributes[m[1]] = strings.Trim(m[2], `"`)
		}
		switch tag {
		case "#EXTINF":
			next.duration = r.number(strings.TrimSuffix(value, ","))
		case "#EXT-X-GAP":
			next.gap = true
		case "#EXT-X-PROGRAM-DATE-TIME":
			next.date = value
		case "#EXT-X-PART":
			open = append(open, r.number(attributes["DURATION"]))
			r.part(attributes["URI"], attributes["INDEPENDENT"] == "YES", len(open) == 1)
		case "#EXT-X-PRELOAD-HINT":
			require.Equal(r.t, "PART", attributes["TYPE"])
			hints = append(hints, attributes["URI"])
		default:
			require.NotContains(r.t, seen, tag, "twice")
			seen[tag] = value
		}
	}
	r.head(seen)
	r.listed(int(r.number(seen["#EXT-X-MEDIA-SEQUENCE"])), list)
	if seen["#EXT-X-PART-INF"] != "" {
		r.partLengths(list, append(parts, open))
		require.Len(r.t, hints, 1)
		require.False(r.t, r.parts[hints[0]], "the hint is about a part that is there")
		r.hint = hints[0]
	} else {
		require.Empty(r.t, append(hints, strings.Repeat("x", len(open)))[0])
	}
}

// head checks what is about the whole playlist: it never changes (RFC 8216, section 6.2.1).
func (r *rules) head(seen map[string]string) {
	for _, tag := range []string{
		"#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-PART-INF", "#EXT-X-MAP",
		"#EXT-X-SERVER-CONTROL",
	} {
		if old, known := r.once[tag]; known {
			require.Equal(r.t, old, seen[tag], "%s has changed", tag)
		}
		r.once[tag] = seen[tag]
	}
	version := r.number(seen["#EXT-X-VERSION"])
	require.GreaterOrEqual(r.t, version, 3.0, "durations are fractions")
	require.True(r.t, version >= 6 || seen["#EXT-X-MAP"] == "", "an init section")
	if partInf := seen["#EXT-X-PART-INF"]; partInf != "" {
		target := r.number(strings.TrimPrefix(partInf, "PART-TARGET="))
		control := seen["#EXT-X-SERVER-CONTROL"]
		require.Contains(r.t, control, "CAN-BLOCK-RELOAD=YES")
		_, back, _ := strings.Cut(control, "PART-HOLD-BACK=")
		require.GreaterOrEqual(r.t, r.number(back), 2*target)
		require.GreaterOrEqual(r.t, r.number(seen["#EXT-X-TARGETDURATION"]), target)
	}
}

// listed checks the segments of a list, and fetches those that are new.
func (r *rules) listed(sequence int, list []ruleSegment) {
	target := r.number(r.once["#EXT-X-TARGETDURATION"])
	require.GreaterOrEqual(r.t, sequence, r.sequence)
	total := 0.0
	for i, s := range list {
		n := sequence + i
		total += s.duration
		require.Positive(r.t, s.duration)
		require.LessOrEqual(r.t, math.Round(s.duration), target)
		old, known := r.segments[n]
		if known {
			if s.date == "" { // it may be left out of what is older
				s.date = old.date
			}
			require.Equal(r.t, old, s, "segment %d has changed", n)
			continue
		}
		require.True(r.t, r.last == -1 || n == r.last+1, "segment %d after %d", n, r.last)
		r.last = n
		r.segments[n] = s
		if s.gap {
			require.Empty(r.t, r.complete, "a gap after the beginning")
			continue
		}
		r.dates(n)
		code, body := r.fetch(s.uri)
		require.Equal(r.t, http.StatusOK, code, s.uri)
		require.NotEmpty(r.t, body)
		r.complete = append(r.complete, body)
	}
	if sequence > r.sequence { // RFC 8216, section 6.2.2
		require.GreaterOrEqual(r.t, total, 3*target, "removed too early")
		oldest := list[slices.IndexFunc(list, func(s ruleSegment) bool { return !s.gap })]
		code, _ := r.fetch(oldest.uri)
		require.Equal(r.t, http.StatusOK, code, "the oldest segment in the list")
	}
	r.sequence = sequence
}

// dates wants programme date time to go on, and by what the segment before lasts or more.
func (r *rules) dates(n int) {
	if r.playlists == 1 {
		return // older segments may be without
	}
	date, err := time.Parse(time.RFC3339Nano, r.segments[n].date)
	require.NoError(r.t, err, "segment %d", n)
	before := r.segments[n-1]
	former, err := time.Parse(time.RFC3339Nano, before.date)
	require.NoError(r.t, err)
	require.Greater(r.t, date.Sub(former).Seconds(), before.duration-0.3, "programme date time of segment %d", n)
}

// part checks a part, and fetches it where it is new.
func (r *rules) part(uri string, independent, first bool) {
	require.True(r.t, independent || !first, "a segment begins with a keyframe")
	if r.parts[uri] {
		return
	}
	code, body := r.fetch(uri)
	require.Equal(r.t, http.StatusOK, code, uri)
	require.NotEmpty(r.t, body)
	r.parts[uri] = true
}

// partLengths checks the parts of each segment, and those of the one that is made (8216bis, section 4.4.4.9).
func (r *rules) partLengths(list []ruleSegment, parts [][]float64) {
	target := r.number(strings.TrimPrefix(r.once["#EXT-X-PART-INF"], "PART-TARGET="))
	for i, lengths := range parts {
		total := 0.0
		for j, length := range lengths {
			total += length
			require.LessOrEqual(r.t, length, target)
			require.True(r.t, length >= 0.85*target || j == len(lengths)-1 && i < len(list), "%v of %v", length, target)
		}
		if i < len(list) && len(lengths) > 0 {
			require.InDelta(r.t, list[i].duration, total, 0.0005)
		}
		bare := len(lengths) == 0 && i >= len(list)-2 && i < len(list) && !list[i].gap
		require.False(r.t, bare, "a recent segment has no parts")
	}
}

// master checks the multivariant playlist and returns the path of the media playlist.
func checkMaster(t testing.TB, at, text string) string {
	t.Helper()
	require.True(t, strings.HasPrefix(text, "#EXTM3U\n"))
	require.Contains(t, text, "\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	require.Regexp(t, `\n#EXT-X-STREAM-INF:BANDWIDTH=[1-9]\d*,AVERAGE-BANDWIDTH=[1-9]\d*,CODECS="avc1\.[0-9a-f]{6}",`+
		`RESOLUTION=\d+x\d+`, text)
	uris := regexp.MustCompile(`(?m)^[^#\n].*$`).FindAllString(text, -1)
	require.Len(t, uris, 1)
	return path.Join(path.Dir(at), uris[0])
}

func (s ruleSegment) String() string { return fmt.Sprintf("%s %s %.3f", s.uri, s.date, s.duration) }
