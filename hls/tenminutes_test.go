package hls

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

const testFrame = 3600 // ticks: 25 frames a second

// encoded returns ten seconds of video that ffmpeg makes, with options of its encoder.
func encoded(t testing.TB, options ...string) []media.AccessUnit {
	t.Helper()
	arguments := append([]string{
		"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=10",
		"-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "scenecut=0", "-pix_fmt", "yuv420p",
	}, options...)
	ts, err := exec.CommandContext(t.Context(), "ffmpeg", append(arguments, "-f", "mpegts", "-")...).Output()
	require.NoError(t, err)
	reader := &mpegts.Reader{R: bytes.NewReader(ts)}
	require.NoError(t, reader.Initialize())
	var units []media.AccessUnit
	reader.OnDataH264(reader.Tracks()[0], func(pts, _ int64, nalus [][]byte) error {
		units = append(units, media.AccessUnit{NALUs: nalus, Time: pts, IDR: h264.IsRandomAccess(nalus)})
		return nil
	})
	for err == nil {
		err = reader.Read()
	}
	require.Len(t, units, 250)
	return units
}

// loop plays units over and over, as a camera.
type loop struct {
	units []media.AccessUnit
	n     int
	base  int64 // ticks that its clock is ahead by
	run   int
	bare  bool // parameter sets come once alone
	now   time.Time
}

func (l *loop) next() media.AccessUnit {
	u := l.units[l.n%len(l.units)]
	u.Time += l.base + int64(l.n/len(l.units)*len(l.units))*testFrame
	u.Run, u.Arrival = l.run, l.now
	if l.bare && l.n > 0 {
		u.NALUs = slices.DeleteFunc(slices.Clone(u.NALUs), func(nalu []byte) bool {
			_, ok := parseParameterSet(nalu)
			return ok
		})
	}
	l.n++
	l.now = l.now.Add(40 * time.Millisecond)
	return u
}

// away has the rig gone for a while, and back as another stream whose clock says anything, in the middle of a GOP.
func (l *loop) away(gone time.Duration) {
	l.now = l.now.Add(gone)
	l.run++
	l.base = int64(l.run) * 0x1234567
	l.n += 7
}

// lose loses units.
func (l *loop) lose(n int) {
	for range n {
		l.next()
	}
}

// toIDR goes on to the next IDR unit, whose turn it is then.
func (l *loop) toIDR() {
	for !l.units[l.n%len(l.units)].IDR {
		l.next()
	}
}

// accidents are what happens, by the second of the stream. They return whether units are missing.
var accidents = map[int]func(l *loop) bool{
	31:  func(l *loop) bool { l.lose(1); return true },
	45:  func(l *loop) bool { l.lose(12); return true },
	62:  func(l *loop) bool { l.away(60 * time.Second); return false },
	121: func(l *loop) bool { l.toIDR(); l.lose(1); return true },
	150: func(l *loop) bool { l.toIDR(); l.lose(40); return true },
	183: func(l *loop) bool { l.base += 5 * 90000; return false },
	211: func(l *loop) bool { l.base -= 3 * 90000; return false },
	240: func(l *loop) bool { l.base += 1 << 40; return false },
	272: func(l *loop) bool { l.away(10 * time.Minute); return false },
	300: func(l *loop) bool { l.lose(20 * 25); return true },
	331: func(l *loop) bool { l.away(2 * time.Second); return false },
	333: func(l *loop) bool { l.away(2 * time.Second); return false },
	360: func(l *loop) bool { l.now = l.now.Add(20 * time.Second); l.base += 20 * 90000; return false },
	395: func(l *loop) bool { l.toIDR(); l.lose(3); return true },
	396: func(l *loop) bool { l.toIDR(); l.lose(1); return true },
	451: func(l *loop) bool { l.lose(5); return true },
	500: func(l *loop) bool { l.away(time.Hour); return false },
}

// TestTenMinutes follows real video for ten minutes through outages, restarts, losses and jumps of its clock, in
// simulated time. One viewer sees one playlist, which keeps the rules at each look, and each segment goes through
// ffprobe.
func TestTenMinutes(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	for name, options := range map[string][]string{
		"keyframes each second": {"-g", "25", "-bf", "0"},
		"keyframes 10 s apart":  {"-g", "250", "-bf", "0"},
		"B-frames":              {"-g", "50", "-bf", "3", "-b_strategy", "0"},
	} {
		units := encoded(t, options...)
		for _, variant := range variants {
			t.Run(name+"/"+variant, func(t *testing.T) {
				t.Parallel()
				l := &loop{units: units, run: 1, now: epochZero, bare: name != "B-frames"}
				r := tenMinutes(t, publisher(t, variant), l)
				probe(t, r, variant)
			})
		}
	}
}

// tenMinutes publishes and looks at what viewers get, and returns what they saw.
func tenMinutes(t *testing.T, p *Publisher, l *loop) *rules {
	t.Helper()
	var r *rules
	var at string
	for i := range 10 * 60 * 25 {
		hole := false
		if happens := accidents[i/25]; happens != nil && i%25 == 0 {
			hole = happens(l)
		}
		u := l.next()
		u.Hole = hole
		require.NoError(t, p.WriteUnit(u))
		if i < 25*25 || i%10 != 0 { // two segments of 10 s come before there is something to play
			continue
		}
		if r == nil {
			<-p.epoch.playlists.playable
			at = checkMaster(t, "/1000/index.m3u8", get(p, "/1000/index.m3u8").Body.String())
			r = newRules(t, func(uri string) (int, []byte) {
				w := get(p, path.Join(path.Dir(at), uri))
				return w.Code, w.Body.Bytes()
			})
		}
		w := get(p, at)
		require.Equal(t, 200, w.Code)
		r.look(w.Body.String())
	}
	require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status(), "one epoch from beginning to end")
	return r
}

// probe has ffprobe read all segments, joined as players join them.
func probe(t *testing.T, r *rules, variant string) {
	t.Helper()
	var joined []byte
	begins := make(map[int]bool) // where segments do
	if uri := strings.Trim(strings.TrimPrefix(r.once["#EXT-X-MAP"], "URI="), `"`); uri != "" {
		code, init := r.fetch(uri)
		require.Equal(t, 200, code)
		joined = init
	}
	for _, segment := range r.complete {
		begins[len(joined)] = true
		joined = append(joined, segment...)
	}
	command := exec.CommandContext(t.Context(), "ffprobe", "-v", "warning", "-of", "json", "-show_entries",
		"packet=pts,dts,flags,pos", "-")
	var complaints bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(joined), &complaints
	output, err := command.Output()
	require.NoError(t, err)
	require.Empty(t, complaints.String())
	var probed struct {
		Packets []struct {
			PTS, DTS   int64
			Flags, Pos string
		}
	}
	require.NoError(t, json.Unmarshal(output, &probed))
	require.Greater(t, len(probed.Packets), 9*60*25)
	keyframes := 0
	for i, packet := range probed.Packets {
		if strings.HasPrefix(packet.Flags, "K") {
			keyframes++
		}
		if at, err := strconv.Atoi(packet.Pos); variant == "mpegts" && err == nil && begins[at] {
			require.True(t, strings.HasPrefix(packet.Flags, "K"), "a segment begins without a keyframe")
		}
		require.GreaterOrEqual(t, packet.PTS, packet.DTS)
		if i > 0 {
			step := packet.DTS - probed.Packets[i-1].DTS
			require.Positive(t, step, "packet %d", i)
			require.LessOrEqual(t, step, int64(18000), "packet %d: a gap in media time", i)
		}
	}
	require.GreaterOrEqual(t, keyframes, len(r.complete))
	t.Logf("%d playlists, %d segments, %d packets: 0 faults", r.playlists, len(r.complete), len(probed.Packets))
}
