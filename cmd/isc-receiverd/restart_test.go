//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	receptionBack = 2 * time.Second // after a restart, from the signal on, beside what any start takes
	pictureBack   = 6 * time.Second // of viewers, likewise
)

// TestRestart stops the program while a rig sends and viewers watch, as an upgrade does, and starts it again.
func TestRestart(t *testing.T) {
	ports, flag := make([]netip.AddrPort, 4), make([]string, 4)
	for i := range ports {
		port := freePort(t)
		ports[i], flag[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)), strconv.Itoa(port)
	}
	ctx, stop := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	go func() {
		sent <- rig.RunDemo(ctx, rig.DemoConfig{To: ports, Seed: 1, Log: slog.New(slog.DiscardHandler)})
	}()
	args := []string{"--ports", strings.Join(flag, ","), "--http", freeAddress(t), "--log-level", "error"}
	began := time.Now()
	p := startProgram(t, args...)
	start := time.Since(began) // longer where the machine has other work, too, as all is then
	p.shows(t)
	sleeper := p.doNotRead(t) // which takes a while: the others are answered in a second or two
	ended := []<-chan time.Time{p.hold(t, "api/v1/events"), p.hold(t, p.coming(t)), p.hold(t, p.coming(t))}

	signalled := time.Now()
	p.end(t, syscall.SIGTERM)
	stopped := time.Since(signalled)
	for _, end := range ended {
		require.GreaterOrEqual(t, <-end, signalled, "it was held until then")
	}
	require.NoError(t, sleeper.Close())

	p = startProgram(t, args...)
	receiving := func() bool { return p.channels(t)[0].State == status.ChannelLive }
	require.Eventually(t, receiving, patience, 5*time.Millisecond)
	receives := time.Since(signalled)
	p.shows(t)
	plays := time.Since(signalled)
	t.Logf("ended after %v, receives after %v, plays after %v; a start alone takes %v", stopped, receives, plays, start)
	require.Less(t, receives-start, receptionBack)
	require.Less(t, plays-start, pictureBack)
	p.end(t, syscall.SIGTERM)
	stop()
	require.NoError(t, <-sent)
}

// freeAddress returns an address of this machine that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().String()
}

// hold asks for a path that is answered for long, or later. When the answer ended comes from the channel.
func (p *program) hold(t *testing.T, path string) <-chan time.Time {
	t.Helper()
	ended, asked := make(chan time.Time, 1), make(chan struct{})
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(asked) }}
	request, err := http.NewRequestWithContext(
		httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, p.address+path, http.NoBody)
	require.NoError(t, err)
	go func() {
		response, err := new(http.Transport).RoundTrip(request)
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body) // it may be cut off
			_ = response.Body.Close()
		}
		ended <- time.Now()
	}()
	<-asked
	return ended
}

// doNotRead asks for more video than the system keeps for a client, and takes none.
func (p *program) doNotRead(t *testing.T) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(p.address, "http:"), "/"))
	require.NoError(t, err)
	var segment string
	path, playlist := p.playlist(t)
	for line := range strings.Lines(playlist) {
		if name, isMap := strings.CutPrefix(line, `#EXT-X-MAP:URI="`); isMap {
			segment, _, _ = strings.Cut(name, `"`)
		}
		if line[0] != '#' {
			segment = strings.TrimSpace(line)
		}
	}
	request := fmt.Sprintf("GET /%s/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", filepath.Dir(path), segment)
	for err == nil { // until the program, which waits for the client to read, reads no more either
		require.NoError(t, connection.SetWriteDeadline(time.Now().Add(time.Second)))
		_, err = io.WriteString(connection, strings.Repeat(request, 1000))
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	return connection
}

// shows waits until a player finds something to play.
func (p *program) shows(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, playlist := p.playlist(t)
		return strings.Contains(playlist, "#EXTINF:")
	}, patience, 20*time.Millisecond)
}

// playlist returns the path of a playlist with segments and what is in it, or nothing as long as there is none.
func (p *program) playlist(t *testing.T) (path, text string) {
	t.Helper()
	path = "hls/rig1/index.m3u8"
	for range 2 { // the list of variants, then that of the segments
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.address+path, http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		if response.StatusCode != http.StatusOK {
			return "", ""
		}
		if text = string(body); strings.Contains(text, "#EXT-X-TARGETDURATION") {
			return path, text
		}
		lines := strings.Fields(text)
		path = filepath.Join(filepath.Dir(response.Request.URL.Path), lines[len(lines)-1])[1:]
	}
	return "", ""
}

// coming returns the path of the playlist as it will be in more than a segment's time, until which the program waits.
func (p *program) coming(t *testing.T) string {
	t.Helper()
	path, playlist := p.playlist(t)
	_, rest, _ := strings.Cut(playlist, "#EXT-X-MEDIA-SEQUENCE:")
	first, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return fmt.Sprintf("%s?_HLS_msn=%d", path, first+strings.Count(playlist, "#EXTINF:")+1)
}
