package feed

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/await"
)

func TestValidate(t *testing.T) {
	good := Default()
	good.TestPicture = true
	require.NoError(t, good.Validate())
	for name, change := range map[string]func(*Config){
		"no source":     func(c *Config) { c.TestPicture = false },
		"two sources":   func(c *Config) { c.File = "clip.mp4" },
		"odd size":      func(c *Config) { c.Width = 641 },
		"no size":       func(c *Config) { c.Height = 0 },
		"no rate":       func(c *Config) { c.Rate = 0 },
		"no bitrate":    func(c *Config) { c.Bitrate = 0 },
		"enormous rate": func(c *Config) { c.Rate = 1000 },
	} {
		c := good
		change(&c)
		require.ErrorIs(t, c.Validate(), ErrConfig, name)
	}
}

func TestArguments(t *testing.T) {
	to := netip.MustParseAddrPort("127.0.0.1:1234")
	for name, change := range map[string]func(*Config){
		"-f v4l2 -framerate 25 -video_size 640x360 -i /dev/video0": func(c *Config) { c.Camera = "/dev/video0" },
		"-re -stream_loop -1 -i file:-odd name.mp4":                func(c *Config) { c.File = "-odd name.mp4" },
		"-re -f lavfi -i testsrc2=size=640x360:rate=25":            func(c *Config) { c.TestPicture = true },
	} {
		c := Default()
		change(&c)
		line := strings.Join(c.arguments(to, 500_000), " ")
		require.Contains(t, line, name)
		require.Contains(t, line, "-tune zerolatency")
		require.Contains(t, line, "-g 25 -keyint_min 25 -sc_threshold 0 -x264-params repeat-headers=1")
		require.Contains(t, line, "-b:v 500000 -maxrate 500000 -bufsize 250000")
		require.True(t, strings.HasSuffix(line, "rtp://127.0.0.1:1234?rtcpport=1234&pkt_size=1200"))
	}
}

// eye watches what a feed sends.
type eye struct {
	t      *testing.T
	socket *net.UDPConn
	splice Splice
	feed   *Feed // told of what comes, if not nil
	buffer [2048]byte
}

func newEye(t *testing.T) *eye {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, socket.Close()) })
	require.NoError(t, socket.SetReadBuffer(1<<20)) // while others have the processors
	return &eye{t: t, socket: socket}
}

func (e *eye) address() netip.AddrPort { return e.socket.LocalAddr().(*net.UDPAddr).AddrPort() }

// next returns the next RTP packet, as the splice passes it on, and when it came.
func (e *eye) next() ([]byte, time.Time) {
	e.t.Helper()
	for {
		require.NoError(e.t, e.socket.SetReadDeadline(time.Now().Add(20*time.Second)))
		n, err := e.socket.Read(e.buffer[:])
		require.NoError(e.t, err)
		packet := e.buffer[:n]
		if e.feed != nil {
			e.feed.Came(packet)
		}
		if isReport := packet[1] >= 192 && packet[1] <= 223; isReport {
			continue
		}
		if now := time.Now(); e.splice.Pass(packet, now) {
			return packet, now
		}
	}
}

// nalu returns the type of the NAL unit that a packet begins or is, and 0 for what continues one (RFC 6184, section 5).
func nalu(packet []byte) byte {
	kind := packet[12] & 0x1f
	if kind == 28 { // FU-A
		if packet[13]&0x80 == 0 {
			return 0
		}
		kind = packet[13] & 0x1f
	}
	return kind
}

func run(t *testing.T, f *Feed) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
}

// TestTestPicture has ffmpeg send: packets that fit, and an IDR picture each second, whose parameter sets come before
// it. Another bitrate and the death of the child show as no more than a pause, and the pictures go on with an IDR
// picture.
func TestTestPicture(t *testing.T) {
	needFFmpeg(t)
	e := newEye(t)
	config := Default()
	config.TestPicture, config.PacketSize = true, 700
	f := New(config, e.address(), slog.New(slog.DiscardHandler))
	e.feed = f
	stop := run(t, f)

	var idrs []uint32
	var last struct {
		sequence uint16
		at       time.Time
	}
	sets := map[byte]bool{}
	longest := 0
	watch := func(until func() bool) (hole time.Duration) {
		for !until() {
			packet, at := e.next()
			longest = max(longest, len(packet))
			sequence := binary.BigEndian.Uint16(packet[2:])
			if !last.at.IsZero() {
				require.Equal(t, last.sequence+1, sequence)
				hole = max(hole, at.Sub(last.at))
			}
			last.sequence, last.at = sequence, at
			switch kind := nalu(packet); kind {
			case 7, 8:
				sets[kind] = true
			case 24: // STAP-A with both
				sets[7], sets[8] = true, true
			case 5:
				stamp := binary.BigEndian.Uint32(packet[4:])
				if n := len(idrs); n > 0 && idrs[n-1] == stamp {
					break // another slice of the same
				}
				require.Len(t, sets, 2, "the parameter sets come before each IDR picture")
				clear(sets)
				idrs = append(idrs, stamp)
			}
		}
		return hole
	}
	watch(func() bool { return len(idrs) == 4 })
	require.InDelta(t, 700, longest, 20)
	require.LessOrEqual(t, longest, 700)
	for i := 1; i < len(idrs); i++ {
		require.Equal(t, uint32(clock), idrs[i]-idrs[i-1], "a second")
	}
	require.True(t, f.Status().Running)

	f.SetBitrate(300_000)
	before := len(idrs)
	hole := watch(func() bool { return len(idrs) > before+1 })
	require.Equal(t, uint64(2), f.Status().Starts)
	require.Equal(t, 300_000, f.Status().Bitrate)
	require.Empty(t, f.Status().Error)
	t.Logf("the longest pause at a change of the bitrate: %v", hole)
	stop()
	require.False(t, f.Status().Running)
}

// TestFileLoops plays a short file again and again.
func TestFileLoops(t *testing.T) {
	needFFmpeg(t)
	e := newEye(t)
	config := Default()
	config.File = filepath.Join(t.TempDir(), "clip.mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-loglevel", "error", "-f", "lavfi",
		"-i", "testsrc2=size=320x240:rate=10", "-t", "0.5", "-c:v", "libx264", config.File).CombinedOutput()
	require.NoError(t, err, "%s", out)
	f := New(config, e.address(), slog.New(slog.DiscardHandler))
	e.feed = f
	run(t, f)
	first, _ := e.next()
	begin := binary.BigEndian.Uint32(first[4:])
	for {
		packet, _ := e.next()
		if binary.BigEndian.Uint32(packet[4:])-begin > 2*clock {
			break
		}
	}
	require.Equal(t, uint64(1), f.Status().Starts)
}

// newFake returns a feed whose ffmpeg is a shell script.
func newFake(t *testing.T, script string) *Feed {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ffmpeg"), []byte("#!/bin/sh\n"+script), 0o700))
	t.Setenv("PATH", folder+":/bin:/usr/bin")
	config := Default()
	config.TestPicture = true
	return New(config, netip.MustParseAddrPort("127.0.0.1:9"), slog.New(slog.DiscardHandler))
}

// TestChildIsStartedAgain has a child that fails: it is started again, later each time, and its last words are kept.
func TestChildIsStartedAgain(t *testing.T) {
	f := newFake(t, "echo first >&2\necho /dev/video0: no such camera >&2\nexit 1\n")
	run(t, f)
	began := time.Now()
	await.Until(t, "a third start", func() bool { return f.Status().Starts >= 3 })
	require.GreaterOrEqual(t, time.Since(began), firstPause+2*firstPause)
	require.Equal(t, "ffmpeg says: /dev/video0: no such camera", f.Status().Error)
}

// TestHungChild has a child that neither ends nor sends anything, as with a camera that hangs: it is ended and another
// one is started; one whose packets come is left alone.
func TestHungChild(t *testing.T) {
	f := newFake(t, "echo waiting for a frame >&2\nexec sleep 1000\n")
	f.silent = time.Second
	run(t, f)
	starts := uint64(1)
	for began, last := time.Now(), time.Now(); time.Since(began) < 3500*time.Millisecond; last = time.Now() {
		<-time.After(10 * time.Millisecond)
		f.Came(packet(1, uint16(time.Since(began)), 0))
		if time.Since(last) > f.silent/2 {
			began = time.Now() // others have the processors: it was silent indeed
		}
		if time.Since(began) < f.silent {
			starts = f.Status().Starts
		}
	}
	require.Equal(t, starts, f.Status().Starts)
	await.Until(t, "another start", func() bool { return f.Status().Starts > starts })
	require.Contains(t, f.Status().Error, "ffmpeg sent nothing any more")
	require.Contains(t, f.Status().Error, "before that, ffmpeg says: waiting for a frame")
}

func TestNoFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	config := Default()
	config.TestPicture = true
	f := New(config, netip.MustParseAddrPort("127.0.0.1:9"), slog.New(slog.DiscardHandler))
	still, err := f.runChild(t.Context(), nil)
	require.ErrorIs(t, err, ErrNoProgram)
	require.Nil(t, still)
}
