package hls

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

var variants = []string{"low-latency", "fmp4", "mpegts"}

const clip = "../testdata/c-rtp.pcap"

func publisher(t testing.TB, variant string) *Publisher {
	t.Helper()
	p, err := newPublisher(Config{Variant: variant}, func() time.Time { return time.Unix(1000, 0) })
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestPlays(t *testing.T) {
	units := recorded(t, clip)
	for _, variant := range variants {
		t.Run(variant, func(t *testing.T) {
			p := publisher(t, variant)
			for _, u := range units {
				require.NoError(t, p.WriteUnit(u))
			}
			<-p.epoch.playlists.playable
			require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status())
			require.Contains(t, get(p, "/1000/index.m3u8").Body.String(), "RESOLUTION=320x240")
		})
	}
}

func TestNew(t *testing.T) {
	for _, cfg := range []Config{
		{Variant: "dash"},
		{Segment: time.Millisecond},
		{Segment: -time.Second},
		{Segment: time.Hour},
		{Part: time.Millisecond},
		{Part: 2 * time.Second},
		{Files: 2},
	} {
		_, err := New(cfg)
		require.ErrorIs(t, err, ErrConfig, "%+v", cfg)
	}
	before := int(time.Now().Unix())
	p, err := New(Config{Segment: 500 * time.Millisecond})
	require.NoError(t, err)
	defer p.Close()
	require.Equal(t, Status{Enabled: true}, p.Status())
	require.GreaterOrEqual(t, p.number, before)
}

func TestClose(t *testing.T) {
	for _, variant := range variants {
		for _, units := range []int{0, 1, 20, 30, 100} {
			p, c := publisher(t, variant), plain()
			for range units {
				require.NoError(t, p.WriteUnit(c.next()))
			}
			p.Close()
			p.Close()
			for range 50 {
				require.ErrorIs(t, p.WriteUnit(c.next()), ErrClosed)
			}
			p.SetEnabled(false)
			p.SetEnabled(true)
			require.False(t, p.Status().Ready)
			w := get(p, "/index.m3u8")
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Contains(t, w.Body.String(), "closed")
		}
	}
}

func TestSetEnabled(t *testing.T) {
	for _, variant := range variants {
		p, c := publisher(t, variant), plain()
		play(t, p, c, 90)
		p.SetEnabled(true)
		require.Equal(t, 1000, p.Status().Epoch)

		p.SetEnabled(false)
		require.Equal(t, Status{Epoch: 1000}, p.Status())
		for range 20 {
			require.NoError(t, p.WriteUnit(c.next()))
		}
		for _, path := range []string{"/index.m3u8", "/1000/index.m3u8"} {
			w := get(p, path)
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Contains(t, w.Body.String(), "switched off")
		}

		p.SetEnabled(true)
		require.NoError(t, p.WriteUnit(c.next()))
		require.Equal(t, Status{Enabled: true, Epoch: 1000}, p.Status())
		play(t, p, c, 100)
		require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1001}, p.Status())
		require.Equal(t, http.StatusNotFound, get(p, "/1000/index.m3u8").Code)
		require.Equal(t, http.StatusOK, get(p, "/1001/index.m3u8").Code)
	}
}

func TestNewParameterSets(t *testing.T) {
	for name, change := range map[string]func(c *camera){
		"another width": func(c *camera) { c.width = 40 },
		"another PPS":   func(c *camera) { c.pps = 4 },
	} {
		for _, variant := range variants {
			t.Run(name+"/"+variant, func(t *testing.T) {
				p, c := publisher(t, variant), plain()
				play(t, p, c, 85)
				change(c)
				for c.n%25 != 0 {
					require.NoError(t, p.WriteUnit(c.next()))
				}
				require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status())
				require.NoError(t, p.WriteUnit(c.next()))
				require.Equal(t, Status{Enabled: true, Epoch: 1001}, p.Status())
				require.Equal(t, http.StatusNotFound, get(p, "/1000/index.m3u8").Code)
				play(t, p, c, 110)
				resolution := fmt.Sprintf("RESOLUTION=%dx240", max(c.width, 20)*16)
				require.Contains(t, get(p, "/1001/index.m3u8").Body.String(), resolution)
			})
		}
	}
}

// TestParameterSetsInFront wants them in front of every IDR picture, whatever the sender does.
func TestParameterSetsInFront(t *testing.T) {
	p, c := publisher(t, "fmp4"), plain()
	c.bare = true
	first := c.next()
	require.NoError(t, p.WriteUnit(media.AccessUnit{NALUs: first.NALUs[2:], IDR: true, Run: 1}))
	require.Zero(t, p.Status().Epoch, "no parameter sets yet")
	require.NoError(t, p.WriteUnit(media.AccessUnit{NALUs: first.NALUs[:1], Run: 1}))
	require.NoError(t, p.WriteUnit(media.AccessUnit{NALUs: first.NALUs[1:2], Run: 1}))
	require.Zero(t, p.Status().Epoch, "no picture yet")
	for range 200 {
		u := c.next()
		u.NALUs = append([][]byte{{}, {9, 0xF0}, nil}, append(u.NALUs, []byte{12, 0xFF, 0x80}, []byte{})...)
		require.NoError(t, p.WriteUnit(u))
	}
	v := newViewer(t, p)
	v.complete = 2
	v.look()
	require.NotEmpty(t, v.payloads)
	for i, payload := range v.payloads {
		var units h264.AVCC
		require.NoError(t, units.Unmarshal(payload))
		var types []h264.NALUType
		for _, nalu := range units {
			types = append(types, naluType(nalu))
		}
		if v.samples[i].sync {
			require.Equal(t, []h264.NALUType{h264.NALUTypeSPS, h264.NALUTypePPS, h264.NALUTypeIDR}, types)
		} else {
			require.Equal(t, []h264.NALUType{h264.NALUTypeNonIDR}, types)
		}
	}
}

// TestRecovers has streams that gohlslib gives up on.
func TestRecovers(t *testing.T) {
	for name, spoil := range map[string]func(c *camera){
		"no IDR picture for long": func(c *camera) { c.n, c.gop = 1, 100_000 },
		"huge pictures":           func(c *camera) { c.size = 10_000 },
	} {
		for _, variant := range variants {
			t.Run(name+"/"+variant, func(t *testing.T) {
				var log bytes.Buffer
				p, err := newPublisher(Config{Variant: variant, Log: slog.New(slog.NewTextHandler(&log, nil))}, time.Now)
				require.NoError(t, err)
				defer p.Close()
				p.maxSize = 10_000
				c := plain()
				play(t, p, c, 90)
				number := p.Status().Epoch
				spoil(c)
				for range 400 {
					require.NoError(t, p.WriteUnit(c.next()))
				}
				require.False(t, p.Status().Ready)
				require.Contains(t, p.Status().Error, "maximum segment size")
				require.Equal(t, 1, strings.Count(log.String(), "level=WARN"))
				c.n, c.gop, c.size = 0, 25, 0
				play(t, p, c, 110)
				require.True(t, p.Status().Ready)
				require.Empty(t, p.Status().Error)
				require.Greater(t, p.Status().Epoch, number)
			})
		}
	}
}

// TestGathersLittle wants no more kept back for the frame rate than a segment may have.
func TestGathersLittle(t *testing.T) {
	p, c := publisher(t, ""), plain()
	p.maxSize, c.size = 10_000, 6_000
	for range 5 {
		require.NoError(t, p.WriteUnit(c.next()))
	}
	require.Contains(t, p.Status().Error, "maximum segment size")
}

// TestKeyframesMoreSeldom wants one new epoch where segments become longer than the playlist could say.
func TestKeyframesMoreSeldom(t *testing.T) {
	for _, variant := range variants {
		p, c := publisher(t, variant), plain()
		play(t, p, c, 100)
		require.EqualValues(t, 4, p.epoch.playlists.target())
		c.n, c.gop = 0, 250
		for range 251 {
			require.NoError(t, p.WriteUnit(c.next()))
		}
		require.Equal(t, "hls: keyframes come more seldom than before", p.Status().Error)
		play(t, p, c, 1000)
		require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1001}, p.Status())
		require.Greater(t, p.epoch.playlists.target(), int64(10))
	}
}

// TestOrderNotSupported wants a reason for the stream that gohlslib cannot put in order.
func TestOrderNotSupported(t *testing.T) {
	p, c := publisher(t, ""), plain()
	u := c.next()
	b := (&bitWriter{}).u(0x674D001E, 32).ue(0).ue(4).ue(1).u(0, 1).ue(0).ue(0).ue(0)
	u.NALUs[0] = b.ue(4).u(0, 1).ue(19).ue(14).u(1, 1).u(1, 1).u(0, 1).u(0, 1).u(1, 1).buf
	require.NoError(t, p.WriteUnit(u))
	require.Contains(t, p.Status().Error, "pic_order_cnt_type 1")
	play(t, p, &camera{frame: 3600, gop: 25}, 90)
	require.Empty(t, p.Status().Error)
}

func FuzzWriteUnit(f *testing.F) {
	c := camera{frame: 3600, gop: 5, order: []int{2, 1}, size: -36}
	var seed []byte
	for range 20 {
		u := c.next()
		seed = append(seed, byte(len(u.NALUs)), 16)
		for _, nalu := range u.NALUs {
			seed = append(seed, byte(len(nalu)))
			seed = append(seed, nalu...)
		}
	}
	for i := range variants {
		f.Add(byte(i), seed)
	}
	f.Fuzz(func(t *testing.T, variant byte, data []byte) {
		p := publisher(t, variants[int(variant)%len(variants)])
		p.maxSize = 4000
		take := func(n int) []byte {
			n = min(n, len(data))
			out := data[:n:n]
			data = data[n:]
			return out
		}
		var at, run int64
		for len(data) >= 2 {
			head := take(2)
			at += int64(int8(head[1])) * 225
			if head[1] == 0x7F {
				at *= 0x7F0F
			}
			run += int64(head[0] >> 7)
			u := media.AccessUnit{Time: at, Run: int(run), Hole: head[0]&0x40 != 0, Arrival: epochZero}
			for range head[0] & 7 {
				if length := take(1); len(length) == 1 {
					u.NALUs = append(u.NALUs, take(int(length[0])))
				}
			}
			require.NoError(t, p.WriteUnit(u))
			if e := p.epoch; e != nil && e.playlists.ready() {
				require.Equal(t, http.StatusFound, get(p, "/index.m3u8").Code)
			}
		}
	})
}

// TestKeyframesMoreSeldomWithLoss does the same where something of each segment is lost.
func TestKeyframesMoreSeldomWithLoss(t *testing.T) {
	for _, variant := range variants {
		p, c := publisher(t, variant), plain()
		play(t, p, c, 100)
		c.n, c.gop = 0, 250
		for i := range 10 * 250 {
			if i%250 == 20 {
				c.skip(1)
			}
			u := c.next()
			u.Hole = i%250 == 20
			require.NoError(t, p.WriteUnit(u))
		}
		<-p.epoch.playlists.playable
		require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1001}, p.Status(), variant)
		require.Greater(t, p.epoch.playlists.target(), int64(10))
	}
}

// TestUnreadableSPS has an SPS that is cut off, which is said until another one comes.
func TestUnreadableSPS(t *testing.T) {
	p, c := publisher(t, ""), plain()
	u := c.next()
	sps := u.NALUs[0]
	u.NALUs[0] = u.NALUs[2]
	require.NoError(t, p.WriteUnit(u))
	require.Equal(t, Status{Enabled: true}, p.Status(), "one may still come")
	u.NALUs[0] = sps[:6]
	require.NoError(t, p.WriteUnit(u))
	require.Equal(t, Status{Enabled: true, Error: errSets.Error()}, p.Status())
	play(t, p, plain(), 90)
	require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status())
}
