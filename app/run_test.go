package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	patience = 30 * time.Second // for what must come
	stopTime = 3 * time.Second  // for a run to end
)

// testConfig is a run on free ports of this machine alone.
func testConfig(t testing.TB) Config {
	t.Helper()
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	cfg := Default()
	cfg.HTTP.Address = "127.0.0.1:0"
	cfg.Channels[0].Ports = Ports{0, 0, 0, 0}
	return cfg
}

func begin(t testing.TB, cfg Config) *Run {
	t.Helper()
	r, err := Start(cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// end closes a run and fails the test where that takes too long.
func end(t testing.TB, r *Run) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stopTime)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.Close() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		buffer := make([]byte, 1<<20)
		t.Fatalf("Close takes too long:\n%s", buffer[:runtime.Stack(buffer, true)])
		return nil
	}
}

// browser is an http.Client that leaves no connection behind.
func browser(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func get(t testing.TB, client *http.Client, address string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, string(content)
}

// events opens the event stream and calls each with the snapshots until that returns true, then returns the stream.
func events(t testing.TB, client *http.Client, base string, each func(status.Snapshot) bool) io.ReadCloser {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/v1/events", http.NoBody)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		var s status.Snapshot
		require.NoError(t, json.Unmarshal([]byte(data), &s))
		if each(s) {
			return response.Body
		}
	}
	require.NoError(t, lines.Err())
	t.Fatal("the event stream has ended")
	return nil
}

// TestDemo runs the demonstration through all that there is, and stops it while viewers are connected.
func TestDemo(t *testing.T) {
	leak.None(t)
	player, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, player.Close()) }()

	cfg := testConfig(t)
	cfg.Demo = true
	cfg.Channels[0].RTPTo = player.LocalAddr().String()
	r := begin(t, cfg)
	client := browser(t)
	base := strings.TrimSuffix(r.ViewerURL(), "/")
	require.Equal(t, AccessLocal, r.Viewers().Access, "only this machine can reach it")

	stream := events(t, client, base, func(s status.Snapshot) bool {
		require.True(t, s.Demo)
		require.Len(t, s.Channels, 1)
		c := s.Channels[0]
		require.Equal(t, "rig1", c.ID)
		return c.HLS.Ready && c.Packets.Delivered > 100 && c.Verdict.Code == status.VerdictOK
	})
	var packet rtp.Packet
	buffer := make([]byte, 2000)
	require.NoError(t, player.SetReadDeadline(time.Now().Add(patience)))
	n, err := player.Read(buffer)
	require.NoError(t, err)
	require.NoError(t, packet.Unmarshal(buffer[:n]))

	s := r.Snapshot()
	require.Equal(t, Version, s.Version)
	require.Equal(t, status.ChannelLive, s.Channels[0].State)
	require.Equal(t, packet.SSRC, s.Channels[0].Stream.SSRC)
	code, playlist := get(t, client, base+s.Channels[0].HLS.Path)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, playlist, "#EXTM3U")
	code, body := get(t, client, base+"/readyz")
	require.Equal(t, http.StatusOK, code, body)

	// A request that waits for a part that has not come, and the event stream: both end with the run.
	waiting := make(chan error, 1)
	media := fmt.Sprintf("%s/hls/rig1/%d/video1_stream.m3u8?_HLS_msn=9", base, s.Channels[0].HLS.Epoch)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, media, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("User-Agent", "another viewer")
	go func() {
		response, failed := client.Do(request)
		if failed == nil {
			_, failed = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close() // it was only read
		}
		waiting <- failed
	}()
	for r.Snapshot().Channels[0].Viewers < 2 {
		runtime.Gosched()
	}
	require.NoError(t, end(t, r))
	_, err = io.Copy(io.Discard, stream)
	require.NoError(t, err, "the event stream ends as it should")
	require.NoError(t, stream.Close())
	require.NoError(t, <-waiting)

	require.Equal(t, status.ChannelStopped, r.Snapshot().Channels[0].State)
	require.NoError(t, r.Err())
	require.NoError(t, r.Close(), "again does nothing")
	_, err = net.Dial("tcp", r.listener.Addr().String())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestSwitchesOfARun(t *testing.T) {
	leak.None(t)
	r := begin(t, testConfig(t))
	defer func() { require.NoError(t, end(t, r)) }()
	require.True(t, r.Snapshot().Channels[0].HLS.Enabled)
	require.Equal(t, status.VerdictNoPackets, r.Snapshot().Channels[0].Verdict.Code)
	r.SetHLS("rig1", false)
	require.False(t, r.Snapshot().Channels[0].HLS.Enabled)
	r.SetHLS("rig1", true)
	require.True(t, r.Snapshot().Channels[0].HLS.Enabled)

	client := browser(t)
	wanted := map[time.Duration]float64{0: 20, 500 * time.Millisecond: 500, time.Hour: 5000}
	for budget, want := range wanted {
		r.SetLatency("rig1", budget)
		stream := events(t, client, strings.TrimSuffix(r.ViewerURL(), "/"), func(s status.Snapshot) bool {
			return s.Channels[0].LatencyMS == want
		})
		require.NoError(t, stream.Close())
	}

	r.SetHLS("none", false)
	r.SetLatency("none", time.Second)
	picture, number, _ := r.Frame("rig1")
	require.Nil(t, picture)
	require.Zero(t, number)
	require.NoError(t, r.PreviewError("rig1"))
	code, _ := get(t, client, strings.TrimSuffix(r.ViewerURL(), "/")+"/hls/none/index.m3u8")
	require.Equal(t, http.StatusNotFound, code)
}

// freePort returns a port that was free a moment ago.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.LocalAddr().(*net.UDPAddr).Port
}

func TestPortTaken(t *testing.T) {
	leak.None(t)
	program := filepath.Base(os.Args[0])
	owner := fmt.Sprintf("is in use by %.15s (pid %d). Close it or choose other ports.", program, os.Getpid())
	taken, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	cfg := testConfig(t)
	page, first := freePort(t), freePort(t)
	cfg.HTTP.Address = fmt.Sprintf("127.0.0.1:%d", page)
	cfg.Channels[0].Ports = Ports{first, taken.LocalAddr().(*net.UDPAddr).Port}
	_, err = Start(cfg, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	if runtime.GOOS == "linux" {
		require.EqualError(t, err, fmt.Sprintf("UDP port %d %s", cfg.Channels[0].Ports[1], owner))
	}

	// Nothing is left open: the same again, without the port that was taken.
	cfg.Channels[0].Ports = Ports{first}
	r := begin(t, cfg)

	cfg.Channels[0].Ports = Ports{0}
	_, err = Start(cfg, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	if runtime.GOOS == "linux" {
		require.EqualError(t, err, fmt.Sprintf("Port %d %s", page, strings.Replace(owner, "other ports", "another port", 1)))
	}
	require.NoError(t, end(t, r))
	require.NoError(t, end(t, begin(t, cfg)), "the port is free again")
}

func TestStartErrors(t *testing.T) {
	leak.None(t)
	for _, c := range []struct {
		want   string
		change func(*Config)
	}{
		{
			"The page cannot be served at 192.0.2.1:0: cannot assign requested address. Choose another address.",
			func(c *Config) { c.HTTP.Address = "192.0.2.1:0" },
		},
		{
			"wrong setting: hls.segment: 1ms is out of range; 200ms to 1m0s are possible\n" +
				"wrong setting: hls.part: 200ms is out of range; 50ms to 1ms, the segment's length, are possible",
			func(c *Config) { c.HLS.Segment = Duration(time.Millisecond) },
		},
		{
			`wrong setting: channel.source: "tcp" is unknown; write udp or capture`,
			func(c *Config) { c.Channels[0].Source = "tcp" },
		},
	} {
		cfg := testConfig(t)
		c.change(&cfg)
		_, err := Start(cfg, slog.New(slog.DiscardHandler))
		require.EqualError(t, err, c.want)
	}
}

// TestMissingInterface starts before the interface is there.
func TestMissingInterface(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Channels[0].Interface = "nope0"
	r := begin(t, cfg)
	require.Contains(t, r.Warnings(), "The network interface nope0 is not there, or has no address. Connect it, and "+
		"reception begins by itself; or choose another one, or all.")
	await(t, r, func(s status.Snapshot) bool { return s.Channels[0].Links[0].State == status.LinkDown })
	require.Contains(t, r.Snapshot().Channels[0].Links[0].Error, "nope0")
	require.NoError(t, end(t, r))
}

// TestEndByItself takes the listener away from a run.
func TestEndByItself(t *testing.T) {
	leak.None(t)
	r := begin(t, testConfig(t))
	require.NoError(t, r.Err())
	require.NoError(t, r.listener.Close())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-r.Done():
	case <-ctx.Done():
		t.Fatal("the run goes on")
	}
	require.ErrorIs(t, r.Err(), net.ErrClosed)
	require.ErrorIs(t, end(t, r), net.ErrClosed)
}
