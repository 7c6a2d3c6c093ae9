package app

import (
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// shorten writes the first second of a capture of ours to a new file, with ports that are the test's own.
func shorten(t testing.TB, from string, ports map[uint16]uint16) (path string, datagrams int) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "short.pcap")
	w, err := source.CreateFile(path)
	require.NoError(t, err)
	all, records := payloads(t, from)
	for i, r := range records {
		if r.Time.Sub(records[0].Time).Seconds() > 1.5 {
			break
		}
		to := r.To
		if port, ok := ports[to.Port()]; ok {
			to = netip.AddrPortFrom(to.Addr(), port)
		}
		require.NoError(t, w.Write(r.Time, r.From, to, all[i]))
		datagrams++
	}
	require.NoError(t, w.Close())
	return path, datagrams
}

// TestPlayback plays a capture in the first channel while another receives, with the page and a preview.
func TestPlayback(t *testing.T) {
	leak.None(t)
	taken, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	busy := uint16(taken.LocalAddr().(*net.UDPAddr).Port)

	cfg := testConfig(t)
	path, datagrams := shorten(t, testdata+"c-k3r1.pcap", map[uint16]uint16{5078: busy})
	cfg.Preview = true
	cfg.Capture = path
	cfg.Channels[0].Ports = Ports{int(busy), 5079, 5080, 5081} // it opens none of them
	cfg.Channels = append(cfg.Channels, other("b", 0, 0))
	r := begin(t, cfg)
	p, ok := r.Playback()
	require.True(t, ok)
	require.Equal(t, path, p.Path)
	c := r.Snapshot().Channels[0]
	require.Equal(t, "file", c.Source)
	require.True(t, c.ListenOnly)
	_, err = r.StartDump("rig1", "")
	require.ErrorContains(t, err, "What plays is in a file already: "+path)

	stream(t, r.channel("b").ports, 2)
	await(t, r, func(s status.Snapshot) bool {
		img, _, _ := r.Frame("rig1")
		p, _ = r.Playback()
		return img != nil && s.Channels[0].HLS.Ready && p.Done && find(t, s, "b").HLS.Ready
	})
	require.NoError(t, p.Err)
	require.Equal(t, p.Size, p.Read)
	c = r.Snapshot().Channels[0]
	require.Equal(t, status.ChannelStopped, c.State)
	require.Equal(t, status.Verdict{
		Code: status.VerdictStopped, Text: "The capture has been played to its end.",
	}, c.Verdict)
	require.Empty(t, c.Error)
	require.EqualValues(t, datagrams, c.Datagrams.Received)
	require.Zero(t, c.Packets.Lost)
	require.Equal(t, status.ChannelLive, r.Snapshot().Channels[1].State, "the others go on")

	// Channels come and go beside it, too.
	require.NoError(t, r.SetChannels(cfg.Channels[:1]))
	p, ok = r.Playback()
	require.True(t, ok)
	require.True(t, p.Done)
	require.NoError(t, end(t, r))

	r = begin(t, testConfig(t))
	_, ok = r.Playback()
	require.False(t, ok)
	require.NoError(t, end(t, r))
}

func TestPlaybackErrors(t *testing.T) {
	leak.None(t)
	short, _ := shorten(t, testdata+"c-k3r1.pcap", nil)
	whole, err := os.ReadFile(short)
	require.NoError(t, err)
	write := func(name string, data []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	empty := whole[:24] // the header of a pcap file
	broken := append([]byte(nil), whole[:len(whole)-700]...)
	broken = append(broken, strings.Repeat("\xFF", 100)...)
	for name, c := range map[string]struct {
		path, want string
		ports      Ports
		state      status.ChannelState
	}{
		"other ports": {
			path: short, ports: Ports{6000, 6001}, state: status.ChannelFailed,
			want: "Nothing in the capture goes to UDP 6000,6001, but to UDP 5078-5081. Choose these ports.",
		},
		"no packets": {
			path: write("empty.pcap", empty), state: status.ChannelFailed,
			want: "There are no UDP packets in the capture. Choose another one.",
		},
		"cut off": {
			path: write("cut.pcap", whole[:len(whole)-5]), state: status.ChannelStopped,
			want: "The capture ends in the middle of a packet. What is before was played.",
		},
		"broken": {
			path: write("broken.pcap", broken), state: status.ChannelFailed,
			want: "broken.pcap begins well, but is broken further on. Capture it again, or copy it again.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.Capture, cfg.Channels[0].Ports = c.path, Ports{5078, 5079, 5080, 5081}
			if c.ports != nil {
				cfg.Channels[0].Ports = c.ports
			}
			r := begin(t, cfg)
			await(t, r, func(status.Snapshot) bool {
				p, _ := r.Playback()
				return p.Done
			})
			p, _ := r.Playback()
			require.ErrorContains(t, p.Err, c.want)
			s := r.Snapshot().Channels[0]
			require.Equal(t, c.state, s.State)
			require.Contains(t, s.Verdict.Text, c.want)
			require.NoError(t, end(t, r))
		})
	}

	// What cannot even be opened is an error of the start.
	for path, want := range map[string]string{
		"/no/such/file":               "The capture file cannot be read: ",
		write("notes.txt", empty[4:]): "notes.txt is no capture file. Give a file that tcpdump or Wireshark wrote",
	} {
		cfg := testConfig(t)
		cfg.Capture = path
		_, err := Start(cfg, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, want)
	}
}
