package hls

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/mediacommon/v2/pkg/bits"
	"github.com/google/gopacket/pcapgo"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

var epochZero = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// camera makes a stream whose NAL units have true headers and nothing behind them.
type camera struct {
	frame  int64   // ticks between frames
	gop    int     // frames from IDR to IDR
	order  []int   // of a mini GOP in decoding order, as {4, 2, 1, 3}; nil: no B-frames
	poc    bool    // pictures carry an order count even without B-frames
	step   int     // of that from one picture to the next, 2 by default
	width  int     // in macroblocks, 20 by default
	pps    byte    // pic_init_qp, to change the PPS alone
	bare   bool    // IDR units without parameter sets, but the first
	size   int     // of a slice
	jitter []int64 // ticks, by turns

	stopped bool // all units have the same time

	n    int // units made
	time int64
	run  int
	now  time.Time
}

// next makes the next unit.
func (c *camera) next() media.AccessUnit {
	if c.now.IsZero() {
		c.now, c.run = epochZero, max(c.run, 1)
	}
	i := c.n % c.gop
	shown := i
	if c.order != nil && i > 0 {
		mini := (i - 1) / len(c.order)
		shown = mini*len(c.order) + c.order[(i-1)%len(c.order)]
	}
	au := media.AccessUnit{Run: c.run, Arrival: c.now, IDR: i == 0}
	au.Time = c.time + int64(shown-i)*c.frame
	if c.stopped {
		au.Time = 0
	}
	if len(c.jitter) > 0 {
		au.Time += c.jitter[c.n%len(c.jitter)]
	}
	if i == 0 && (!c.bare || c.n == 0) {
		au.NALUs = append(au.NALUs, c.sps(), c.ppsNALU())
	}
	au.NALUs = append(au.NALUs, c.slice(i == 0, i, shown))
	c.n++
	c.time += c.frame
	c.now = c.now.Add(toDuration(c.frame))
	return au
}

// skip loses units.
func (c *camera) skip(n int) {
	for range n {
		c.next()
	}
}

// wait lets time pass without frames.
func (c *camera) wait(d time.Duration) {
	c.time += toTicks(d)
	c.now = c.now.Add(d)
}

func (c *camera) hasOrder() bool { return c.poc || c.order != nil }

type bitWriter struct {
	buf []byte
	pos int
}

func (b *bitWriter) u(v uint64, n int) *bitWriter {
	for len(b.buf)*8 < b.pos+n {
		b.buf = append(b.buf, 0)
	}
	bits.WriteBitsUnsafe(b.buf, &b.pos, v, n)
	return b
}

func (b *bitWriter) ue(v uint64) *bitWriter {
	n := 0
	for (v+1)>>(n+1) > 0 {
		n++
	}
	return b.u(v+1, 2*n+1)
}

// sps makes an SPS of main profile (ITU-T H.264, 7.3.2.1.1).
func (c *camera) sps() []byte {
	width := c.width
	if width == 0 {
		width = 20
	}
	b := (&bitWriter{}).u(0x674D001E, 32).ue(0).ue(4) // level 3, id, log2_max_frame_num 8
	if c.hasOrder() {
		b.ue(0).ue(4) // an order count of 8 bits
	} else {
		b.ue(2)
	}
	b.ue(4).u(0, 1).ue(uint64(width-1)).ue(14).u(1, 1).u(1, 1).u(0, 1).u(0, 1) // frames only, no cropping, no VUI
	return b.u(1, 1).buf
}

func (c *camera) ppsNALU() []byte {
	b := (&bitWriter{}).u(0x68, 8).ue(0).ue(0).u(0, 2).ue(0).ue(0).ue(0).u(0, 3).ue(uint64(c.pps)).ue(0).ue(0)
	return b.u(0, 3).u(1, 1).buf
}

func (c *camera) slice(idr bool, decoded, shown int) []byte {
	b := &bitWriter{}
	if idr {
		b.u(0x65, 8).ue(0).ue(7)
	} else {
		b.u(0x41, 8).ue(0).ue(5)
	}
	b.ue(0).u(uint64(decoded&0xFF), 8)
	if idr {
		b.ue(0)
	}
	if c.hasOrder() {
		b.u(uint64(cmp.Or(c.step, 2)*shown)&0xFF, 8)
	}
	return append(b.u(1, 1).buf, bytes.Repeat([]byte{0xA5}, c.size+40)...)
}

// recorded reads the access units of a capture of the repository.
func recorded(t testing.TB, path string) []media.AccessUnit {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)

	var decoder rtph264.Decoder
	require.NoError(t, decoder.Init())
	var units []media.AccessUnit
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return units
		}
		require.NoError(t, err)
		var packet rtp.Packet
		require.NoError(t, packet.Unmarshal(data[14+20+8:]))
		nalus, err := decoder.Decode(&packet)
		if err != nil {
			require.ErrorIs(t, err, rtph264.ErrMorePacketsNeeded)
			continue
		}
		_, _, idr := videoUnit(nalus)
		units = append(units, media.AccessUnit{
			NALUs: nalus, Time: int64(packet.Timestamp), Run: 1, Arrival: info.Timestamp, IDR: idr,
		})
	}
}
