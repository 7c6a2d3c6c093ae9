package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// playerPort returns a port that players of RTP can use: even, and with a free one above it, for RTCP.
func playerPort(t testing.TB) int {
	t.Helper()
	for {
		port := freePort(t) &^ 1
		free := true
		for _, n := range []int{port, port + 1} {
			l, err := net.ListenUDP("udp", &net.UDPAddr{Port: n})
			free = free && err == nil
			if err == nil {
				require.NoError(t, l.Close())
			}
		}
		if free {
			return port
		}
	}
}

// TestRTPOut opens the SDP file with ffmpeg.
func TestRTPOut(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Channels[0].RTPTo = fmt.Sprintf("127.0.0.1:%d", playerPort(t))
	r := begin(t, cfg)
	file := filepath.Join(os.Getenv("STATE_DIRECTORY"), "rig1.sdp")
	require.Contains(t, readText(t, file), "s=Rig 1\r\n")
	require.NotContains(t, readText(t, file), "sprop-parameter-sets")
	stream(t, r.channel("rig1").ports, 1)
	await(t, r, func(s status.Snapshot) bool {
		return s.Channels[0].RTP.Packets > 0 && strings.Contains(readText(t, file), "profile-level-id=")
	})
	rtp := r.Snapshot().Channels[0].RTP
	require.Equal(t, cfg.Channels[0].RTPTo, rtp.To)
	require.Equal(t, file, rtp.SDP)
	require.Zero(t, rtp.Errors)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ffmpeg := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-protocol_whitelist", "file,udp,rtp", "-i", file,
		"-frames:v", "25", "-f", "framecrc", "-")
	output, err := ffmpeg.CombinedOutput()
	require.NoError(t, err, string(output))
	require.GreaterOrEqual(t, strings.Count(string(output), "\n0,"), 25, string(output))

	// A channel that takes another's place takes its file over.
	cfg.Channels[0].Name = "Rig one"
	require.NoError(t, r.SetChannels(cfg.Channels))
	require.Contains(t, readText(t, file), "s=Rig one\r\n")
	require.NoError(t, end(t, r))
	require.NoFileExists(t, file)
}

func TestRTPOutErrors(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Channels[0].RTPTo = "nowhere.invalid:4567"
	_, err := Start(cfg, slog.New(slog.DiscardHandler))
	require.NotErrorIs(t, err, ErrSetting, "a name may be found later, and is worth another try")
	require.ErrorContains(t, err, "RTP packets cannot be sent to nowhere.invalid:4567: ")
	require.ErrorContains(t, err, "Set rtp_to to an address such as 127.0.0.1:4567.")

	// Without a place for its file the packets are sent all the same.
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	t.Setenv("STATE_DIRECTORY", blocked)
	player, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, player.Close()) }()
	cfg.Channels[0].RTPTo = player.LocalAddr().String()
	r := begin(t, cfg)
	require.Contains(t, strings.Join(r.Warnings(), "\n"), "The SDP file for players of the RTP packets was not written: ")
	stream(t, r.channel("rig1").ports, 1)
	_, err = io.ReadAtLeast(player, make([]byte, 2000), 12)
	require.NoError(t, err)
	require.NoError(t, end(t, r))
}
