package app

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"os/exec"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// TestOldAddress has ffprobe read what players of the old server get, and nobody without the key.
func TestOldAddress(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.HTTP.LegacyHLSAddress, cfg.HTTP.PublicURL = "127.0.0.1:0", "https://wards.example/"
	r := begin(t, cfg)
	require.Contains(t, strings.Join(r.Warnings(), " "), "not encrypted", "its players know plain HTTP alone")
	stop := stream(t, r.list()[0].ports, 1)
	await(t, r, func(status.Snapshot) bool { return r.list()[0].plain.Status().Ready })
	client := browser(t)
	address := r.LegacyURL()
	require.True(t, strings.HasSuffix(address, "/"+firstSecret(r)+"/playlist.m3u8"), address)

	code, text := get(t, client, address)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, ".ts")
	command := exec.CommandContext(t.Context(), "ffprobe", "-v", "warning", "-show_entries",
		"format=format_name", "-of", "csv=p=0", address)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	require.NoError(t, err, complaints.String())
	require.Equal(t, "hls", strings.TrimSpace(string(output)))
	require.Empty(t, complaints.String())
	require.Positive(t, r.Snapshot().Channels[0].Viewers)

	u, err := url.Parse(address)
	require.NoError(t, err)
	segment := ""
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			segment, _, _ = strings.Cut(line, "?")
		}
	}
	stranger := browser(t)
	for _, p := range []string{
		"/playlist.m3u8", "/" + segment, "/wrong/playlist.m3u8", "/wrong/" + segment, "/", "/api/v1/status",
	} {
		u.Path = path.Clean(strings.TrimSpace(p))
		code, text := get(t, stranger, u.String())
		require.Equal(t, http.StatusUnauthorized, code, u)
		require.Contains(t, text, "Ask the operator of the receiver")
	}
	stop()
	require.NoError(t, end(t, r))
}

// TestOldAddressOpen wants no key where only this machine can come.
func TestOldAddressOpen(t *testing.T) {
	cfg := testConfig(t)
	cfg.HTTP.LegacyHLSAddress = "127.0.0.1:0"
	r := begin(t, cfg)
	u, err := url.Parse(r.LegacyURL())
	require.NoError(t, err)
	require.Equal(t, "/playlist.m3u8", u.Path)
	code, text := get(t, browser(t), u.String())
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, text, "nothing to play yet")

	again := testConfig(t)
	again.HTTP.LegacyHLSAddress = u.Host
	_, err = Start(again, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "Port "+u.Port()+" is in use by")
	require.NoError(t, end(t, r))
	require.Empty(t, begin(t, testConfig(t)).LegacyURL())
}
