package web

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConnectionsAreLimited(t *testing.T) {
	const limit = 6
	l := newTestServer("").newPlaces(limit)
	stranger, neighbour := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	local := netip.IPv6Loopback()
	for range limit / 2 {
		require.True(t, l.enter(stranger))
	}
	require.False(t, l.enter(stranger), "one address gets half")
	for range limit/2 - 1 {
		require.True(t, l.enter(neighbour))
	}
	require.True(t, l.enter(local))
	require.False(t, l.enter(local), "all are taken")
	l.leave(stranger)
	require.True(t, l.enter(local))
	for range limit/2 - 1 {
		l.leave(stranger)
		l.leave(neighbour)
	}
	l.leave(local)
	l.leave(local)
	require.Zero(t, l.open)
	require.Empty(t, l.by)
}

// TestProxyTakesAllConnections has a proxy that is trusted by its one address, while its neighbours share half.
func TestProxyTakesAllConnections(t *testing.T) {
	s := newTestServer("")
	s.cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("2001:db8::5/128")}
	l := s.newPlaces(4)
	connect := func(from string) bool {
		return l.enter(remoteOf(addressed{remote: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}))
	}
	require.True(t, connect("[2001:db8::6]:1"))
	require.True(t, connect("[2001:db8::7]:1"))
	require.False(t, connect("[2001:db8::8]:1"))
	require.True(t, connect("[2001:db8::5]:1"))
	require.True(t, connect("[2001:db8::5]:2"))
	require.False(t, connect("[2001:db8::5]:3"), "all are taken")
	for range 4 {
		l.leave(netip.MustParseAddr("2001:db8::5"))
	}
	require.Empty(t, l.by)
}

// addressed is a connection from an address.
type addressed struct {
	net.Conn
	remote net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.remote }

func TestConnectionsBeyondTheLimitAreClosed(t *testing.T) {
	s := newTestServer("")
	s.limits.Connections = 2
	listener, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, listener) }()

	ask := func(connection net.Conn) error {
		_, err := io.WriteString(connection, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		return err
	}
	dial := func() net.Conn {
		connection, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = connection.Close() })
		return connection
	}
	first, second := dial(), dial()
	require.NoError(t, ask(first))
	require.NoError(t, ask(second))
	require.Error(t, ask(dial()))
	require.NoError(t, ask(first), "those who are there go on")
	require.NoError(t, second.Close())
	require.Eventually(t, func() bool { return ask(dial()) == nil }, 5*time.Second, 10*time.Millisecond, "a place is free")
	cancel()
	require.NoError(t, <-ran)
}

// Who connects and says nothing, or too slowly, is dropped.
func TestHalfOpenConnectionsAreDropped(t *testing.T) {
	for name, said := range map[string]string{"nothing": "", "half a request": "GET / HTTP/1.1\r\nHost: a"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer("")
				listener, stop := startRun(t, s)
				client, server := net.Pipe()
				listener.connections <- server
				if said != "" {
					_, err := io.WriteString(client, said)
					require.NoError(t, err)
				}
				began := time.Now()
				_, err := io.ReadAll(client)
				require.NoError(t, err)
				require.Equal(t, s.limits.HeaderTime, time.Since(began))
				require.NoError(t, client.Close())
				stop()
			})
		})
	}
}

func TestHeadersAreLimited(t *testing.T) {
	s := newTestServer("")
	listener, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, listener) }()
	for size, code := range map[int]int{1 << 10: http.StatusOK, 64 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequest(http.MethodGet, "http://"+listener.Addr().String()+"/healthz", nil)
		require.NoError(t, err)
		r.Header.Set("X-Padding", strings.Repeat("x", size))
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, code, response.StatusCode)
	}
	cancel()
	require.NoError(t, <-ran)
}

func TestConnectionsFitTheSystem(t *testing.T) {
	for _, test := range []struct {
		files  uint64
		wanted int
		want   int
	}{
		{1 << 20, 8000, 8000},
		{8256, 8000, 8000},
		{8255, 8000, 7999},
		{4096, 8000, 3840},
		{1024, 8000, 768},
		{256, 8000, 128},
		{10, 8000, 5},
		{0, 8000, 0},
		{1 << 63, 8000, 8000},
	} {
		require.Equal(t, test.want, connectionsFor(test.files, test.wanted), test)
	}
	files, known := openFiles()
	if !known {
		return
	}
	var log bytes.Buffer
	s := newTestServer("")
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	s.limits.Connections = int(files)
	require.Less(t, s.connections(), int(files))
	require.Contains(t, log.String(), "Raise LimitNOFILE of the service")
	log.Reset()
	s.limits.Connections = int(files / 2)
	require.Equal(t, int(files/2), s.connections())
	require.Empty(t, log.String())
}
