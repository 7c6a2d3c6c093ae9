package app

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// other returns the settings of a channel beside the first.
func other(id string, ports ...int) Channel {
	c := DefaultChannel()
	c.ID, c.Name, c.Ports = id, "The "+id, ports
	return c
}

// lastSegment returns the number of the last segment in a media playlist.
func lastSegment(t *testing.T, client *http.Client, base string, c status.Channel) int {
	t.Helper()
	code, playlist := get(t, client, fmt.Sprintf("%s/hls/%s/%d/video1_stream.m3u8", base, c.ID, c.HLS.Epoch))
	require.Equal(t, http.StatusOK, code)
	first := regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)`).FindStringSubmatch(playlist)
	require.NotNil(t, first, playlist)
	n, err := strconv.Atoi(first[1])
	require.NoError(t, err)
	return n + strings.Count(playlist, "#EXTINF")
}

// TestChannelsComeAndGo adds, changes and removes channels beside one that is live, which loses nothing by it and whose
// viewers keep watching.
func TestChannelsComeAndGo(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	r := begin(t, cfg)
	client := browser(t)
	base := strings.TrimSuffix(r.ViewerURL(), "/")
	first := r.channel("rig1")
	stream(t, first.ports, 1)
	await(t, r, func(s status.Snapshot) bool { return s.Channels[0].HLS.Ready })
	before := r.Snapshot().Channels[0]
	segment := lastSegment(t, client, base, before)

	// One more.
	cfg.Channels = append(cfg.Channels, other("b", 0, 0))
	require.NoError(t, r.SetChannels(cfg.Channels))
	b := r.channel("b")
	stop := stream(t, b.ports, 2)
	await(t, r, func(s status.Snapshot) bool { return find(t, s, "b").HLS.Ready })
	require.Equal(t, uint32(2), find(t, r.Snapshot(), "b").Stream.SSRC, "no rig gets into another's channel")
	stop()

	// Changed, on the ports that it has: the old one has to go first.
	cfg.Channels[1].Ports, cfg.Channels[1].Name = b.ports, "Another name"
	require.NoError(t, r.SetChannels(cfg.Channels))
	changed := r.channel("b")
	require.NotSame(t, b, changed)
	require.Equal(t, b.ports, changed.ports)
	require.Equal(t, "Another name", find(t, r.Snapshot(), "b").Name)
	stream(t, changed.ports, 3)
	await(t, r, func(s status.Snapshot) bool { return find(t, s, "b").Packets.Delivered > 0 })

	// Its budget alone: nothing is opened anew.
	cfg.Channels[1].Latency = Duration(time.Second)
	require.NoError(t, r.SetChannels(cfg.Channels))
	require.Same(t, changed, r.channel("b"))
	await(t, r, func(s status.Snapshot) bool { return find(t, s, "b").LatencyMS == 1000 })
	r.SetLatency("b", 2*time.Second)
	await(t, r, func(s status.Snapshot) bool { return find(t, s, "b").LatencyMS == 2000 })
	require.NoError(t, r.SetChannels(cfg.Channels))
	await(t, r, func(s status.Snapshot) bool { return find(t, s, "b").LatencyMS == 1000 })

	// In another order, and away.
	cfg.Channels[0], cfg.Channels[1] = cfg.Channels[1], cfg.Channels[0]
	require.NoError(t, r.SetChannels(cfg.Channels))
	require.Equal(t, "b", r.Snapshot().Channels[0].ID)
	require.NoError(t, r.SetChannels(cfg.Channels[1:]))
	require.Len(t, r.Snapshot().Channels, 1)
	code, _ := get(t, client, base+"/hls/b/index.m3u8")
	require.Equal(t, http.StatusNotFound, code)
	again, err := net.ListenUDP("udp", &net.UDPAddr{Port: changed.ports[0]})
	require.NoError(t, err, "its ports are free")
	require.NoError(t, again.Close())

	require.Same(t, first, r.channel("rig1"))
	await(t, r, func(s status.Snapshot) bool { return lastSegment(t, client, base, s.Channels[0]) > segment+1 })
	after := r.Snapshot().Channels[0]
	require.Equal(t, before.HLS.Epoch, after.HLS.Epoch)
	require.WithinDuration(t, before.Since.Time, after.Since.Time, time.Second/10, "it was live all the time")
	require.Zero(t, after.Packets.Lost)
	require.Zero(t, after.Packets.Saved, "nor did the coding have to stand in for anything")
	require.Zero(t, after.Packets.Unusable)
	require.Zero(t, after.OutputDropped)

	require.NoError(t, end(t, r))
	require.ErrorIs(t, r.SetChannels(cfg.Channels), ErrEnded)
}

// TestChannelsThatCannotBe wants everything to stay as it is where a channel cannot be opened.
func TestChannelsThatCannotBe(t *testing.T) {
	leak.None(t)
	taken, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	busy := taken.LocalAddr().(*net.UDPAddr).Port

	cfg := testConfig(t)
	cfg.Channels = append(cfg.Channels, other("b", 0))
	r := begin(t, cfg)
	before := r.list()
	own := before[1].ports[0]
	stream(t, before[1].ports, 1)
	await(t, r, func(s status.Snapshot) bool { return s.Channels[1].State == status.ChannelLive })

	for name, channels := range map[string][]Channel{
		"a port of another program": {cfg.Channels[0], other("c", 0), other("d", busy)},
		"that and one of ours":      {cfg.Channels[0], other("b", own, busy)},
		"a wrong setting":           {cfg.Channels[0], other("b", own), other("b", 0)},
		"none at all":               nil,
	} {
		for i := range channels {
			channels[i].fill()
		}
		err := r.SetChannels(channels)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, ErrEnded)
		require.Equal(t, before, r.list(), name)
		if strings.Contains(name, "program") {
			require.ErrorIs(t, err, syscall.EADDRINUSE)
			require.ErrorContains(t, err, fmt.Sprintf("The d: UDP port %d is in use by ", busy))
		}
	}
	received := r.Snapshot().Channels[1].Datagrams.Received
	await(t, r, func(s status.Snapshot) bool { return s.Channels[1].Datagrams.Received > received })
	require.Zero(t, r.Snapshot().Channels[1].Packets.Lost)
	require.NoError(t, end(t, r))
}

// TestReopen has another program take a port between the look at it and its opening.
func TestReopen(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Channels = append(cfg.Channels, other("b", 0))
	r := begin(t, cfg)
	b := r.channel("b")
	halt([]*channel{b})
	require.Equal(t, status.ChannelStopped, find(t, r.Snapshot(), "b").State)
	require.NoError(t, r.reopen([]*channel{b}))
	require.NotSame(t, b, r.channel("b"))
	require.Equal(t, status.ChannelWaiting, find(t, r.Snapshot(), "b").State)

	b = r.channel("b")
	halt([]*channel{b})
	taken, err := net.ListenUDP("udp", &net.UDPAddr{Port: b.ports[0]})
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	b.plan.Ports = b.ports
	require.ErrorIs(t, r.reopen([]*channel{b}), syscall.EADDRINUSE)
	require.Equal(t, status.ChannelStopped, find(t, r.Snapshot(), "b").State)
	require.NoError(t, end(t, r))
}

// TestSeveralChannels wants a start with several channels to be whole or not at all, and to say which is at fault.
func TestSeveralChannels(t *testing.T) {
	leak.None(t)
	taken, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	busy := taken.LocalAddr().(*net.UDPAddr).Port
	cfg := testConfig(t)
	free := freePort(t)
	cfg.Channels = []Channel{other("a", free), other("b", busy)}
	_, err = Start(cfg, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, fmt.Sprintf("The b: UDP port %d is in use by ", busy))
	if runtime.GOOS == "linux" {
		require.ErrorContains(t, err, fmt.Sprintf("(pid %d)", syscall.Getpid()))
	}
	require.NoError(t, taken.Close())
	r := begin(t, cfg)
	require.Equal(t, Ports{free}, r.channel("a").ports)

	// Whom a channel listens to is for each to say.
	require.NoError(t, end(t, r))
	cfg.Channels[0].Allow = []string{"192.0.2.0/24"}
	r = begin(t, cfg)
	for id, c := range map[string]*channel{"a": r.channel("a"), "b": r.channel("b")} {
		require.Equal(t, id, c.plan.ID)
		stream(t, c.ports, 7)
	}
	await(t, r, func(s status.Snapshot) bool {
		return find(t, s, "b").State == status.ChannelLive && find(t, s, "a").Datagrams.Refused > 0
	})
	a := find(t, r.Snapshot(), "a")
	require.Equal(t, status.ChannelWaiting, a.State)
	require.Equal(t, a.Datagrams.Received, a.Datagrams.Refused)
	require.Equal(t, "udp", a.Source)
	require.False(t, a.ListenOnly)
	require.NoError(t, end(t, r))
}
