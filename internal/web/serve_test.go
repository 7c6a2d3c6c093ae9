package web

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/portowner"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

func TestListenSaysWhoHasThePort(t *testing.T) {
	first, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, first.Close()) }()
	port := first.Addr().(*net.TCPAddr).Port

	_, err = Listen(first.Addr().String())
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	var inUse *PortInUseError
	require.ErrorAs(t, err, &inUse)
	require.Equal(t, port, inUse.Port)
	if runtime.GOOS == "linux" {
		require.Contains(t, err.Error(), " (pid "+strconv.Itoa(os.Getpid())+"). ")
	}
}

func TestPortInUseSentence(t *testing.T) {
	known := &PortInUseError{Port: 5076, Owner: portowner.Owner{Held: true, Program: "python3", PID: 812}}
	require.Equal(t, "Port 5076 is in use by python3 (pid 812). Close it or choose another port.", known.Error())
	unknown := &PortInUseError{Port: 5076}
	require.Equal(t, "Port 5076 is in use by another program. Close it or choose another port.", unknown.Error())
	service := &PortInUseError{Port: 5076, Owner: portowner.Owner{Held: true, Service: true}}
	require.Equal(t, "Port 5076 is in use by the ISC Receiver service. "+
		"Stop it with sudo systemctl stop isc-receiverd, or choose another port.", service.Error())
}

func TestListenOtherErrors(t *testing.T) {
	for _, address := range []string{"nonsense", "127.0.0.1:99999", "192.0.2.1:0"} {
		_, err := Listen(address)
		require.ErrorContains(t, err, "web: ", address)
		var inUse *PortInUseError
		require.NotErrorAs(t, err, &inUse, address)
	}
}

// readEvent returns the data of the next event.
func readEvent(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	named := false
	for lines.Scan() {
		line := lines.Text()
		named = named || line == "event: status"
		if data, found := strings.CutPrefix(line, "data: "); found {
			require.True(t, named)
			return data
		}
	}
	require.NoError(t, lines.Err())
	require.Fail(t, "the stream ended")
	return ""
}

func TestRunEndsEventStreams(t *testing.T) {
	s := newTestServer("")
	listener, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, listener) }()

	response, err := http.Get("http://" + listener.Addr().String() + "/api/v1/events")
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	require.Contains(t, readEvent(t, lines), `"id":"rig1"`)

	cancel()
	require.NoError(t, <-ran)
	for lines.Scan() { // what was on the way
	}
	require.NoError(t, lines.Err(), "the stream ends in order")
	_, err = net.Dial("tcp", listener.Addr().String())
	require.Error(t, err)
}

func TestRunReturnsTheListenersError(t *testing.T) {
	listener, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	require.ErrorIs(t, newTestServer("").Run(t.Context(), listener), net.ErrClosed)
}

// pipeListener hands out one end of in-memory connections, which synctest can wait on.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial connects to a Run within a synctest bubble and sends a request for a path.
func (l *pipeListener) dial(t *testing.T, path string) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	l.connections <- server
	_, err := io.WriteString(client, "GET "+path+" HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n")
	require.NoError(t, err)
	return client
}

func startRun(t *testing.T, s *Server) (listener *pipeListener, stop func()) {
	t.Helper()
	listener = &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, listener) }()
	return listener, func() {
		cancel()
		require.NoError(t, <-ran)
	}
}

func TestEventsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var taken, state atomic.Int64
		s := newTestServer("")
		s.cfg.Snapshot = func() status.Snapshot {
			taken.Add(1)
			snapshot := exampleSnapshot()
			snapshot.Channels[0].HLS.Epoch = int(state.Load())
			return snapshot
		}
		listener, stop := startRun(t, s)
		const clients = 5
		var events atomic.Int64
		for range clients {
			connection := listener.dial(t, "/api/v1/events")
			go func() {
				for lines := bufio.NewScanner(connection); lines.Scan(); {
					if strings.HasPrefix(lines.Text(), "data: ") {
						events.Add(1)
					}
				}
			}()
		}
		time.Sleep(100 * time.Millisecond)
		require.EqualValues(t, clients, events.Load(), "each gets one at once")

		time.Sleep(10 * time.Second)
		require.EqualValues(t, clients*11, events.Load(), "and then one a second")
		require.LessOrEqual(t, taken.Load(), int64(41), "of one snapshot a tick for all")

		before := events.Load()
		for range 40 { // the state changes ten times a second
			time.Sleep(100 * time.Millisecond)
			state.Add(1)
		}
		require.Equal(t, before+clients*16, events.Load(), "four a second at most")
		stop()
	})
}

func TestDeadClientsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		returned := make(chan error, 1)
		s := newTestServer("")
		s.cfg.HLS = func(string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, err := w.Write(make([]byte, 4<<20))
				returned <- err
			})
		}
		listener, stop := startRun(t, s)
		connection := listener.dial(t, "/hls/rig1/part.mp4")
		_, err := io.ReadFull(connection, make([]byte, 1<<20))
		require.NoError(t, err)
		asked := time.Now()
		require.ErrorIs(t, <-returned, os.ErrDeadlineExceeded)
		require.Equal(t, s.limits.WriteTime, time.Since(asked))
		require.NoError(t, connection.Close())
		stop()
	})
}

func TestSlowClientsAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		s := newTestServer("")
		s.cfg.HLS = func(string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) })
		}
		listener, stop := startRun(t, s)
		connection := listener.dial(t, "/hls/rig1/part.mp4")
		started := time.Now()
		piece := make([]byte, 32<<10)
		for read := 0; read < size; {
			n, err := connection.Read(piece)
			require.NoError(t, err)
			read += n
			time.Sleep(time.Duration(n) * time.Second / (8 << 10)) // 64 kbit/s
		}
		require.Greater(t, time.Since(started), 2*time.Minute)
		require.NoError(t, connection.Close())
		stop()
	})
}

func TestRunCutsOffWhatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer("")
		s.cfg.HLS = func(string) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}
		listener, stop := startRun(t, s)
		connection := listener.dial(t, "/hls/rig1/index.m3u8")
		synctest.Wait()
		asked := time.Now()
		stop()
		require.LessOrEqual(t, time.Since(asked), 2*time.Second)
		require.NoError(t, connection.Close())
	})
}

func TestTooManyStreams(t *testing.T) {
	s := newTestServer("")
	s.Close() // so that streams end
	for range s.limits.Streams / 2 {
		require.True(t, s.streams.enter(netip.MustParseAddr("192.0.2.9")))
	}
	refused := request{path: "/api/v1/events", from: "192.0.2.9:1"}
	w := refused.do(s)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, request{path: "/api/v1/events"}.do(s).Code, "others have theirs")
	s.streams.leave(netip.MustParseAddr("192.0.2.9"))
	require.Equal(t, http.StatusOK, refused.do(s).Code)
}

// TestTooManyRequests has a viewer hold more requests than it may, as HTTP/2 makes easy.
func TestTooManyRequests(t *testing.T) {
	s := newTestServer(testKey)
	cookie := signIn(t, s)
	for range s.limits.Requests / 2 {
		require.True(t, s.inWork.enter(netip.MustParseAddr("2001:db8::")))
	}
	for _, path := range []string{"/", "/hls/rig1/index.m3u8", "/api/v1/status"} {
		held := request{path: path, cookie: cookie, from: "[2001:db8::7]:1"}
		w := held.do(s)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, http.StatusOK, request{path: path, cookie: cookie}.do(s).Code, "others are served")
	}
	require.Equal(t, http.StatusOK, request{path: "/healthz", from: "[2001:db8::7]:1"}.do(s).Code)
	require.Equal(t, s.limits.Requests/2, s.inWork.open)
}

func TestClosedServerEndsNewStreams(t *testing.T) {
	s := newTestServer("")
	s.Close()
	s.Close()
	require.Equal(t, http.StatusOK, request{path: "/api/v1/events"}.do(s).Code)
}

func TestStreamsEndWithTheirKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends := Key{Secret: "ends", Expires: time.Now().Add(time.Minute)}
		s := newKeyedServer(Key{Secret: "stays"}, Key{Secret: "goes"}, ends)
		listener, stop := startRun(t, s)
		lived := make(map[string]time.Duration)
		var wait sync.WaitGroup
		begun := time.Now()
		var mu sync.Mutex
		for _, secret := range []string{"stays", "goes", "ends"} {
			connection := listener.dial(t, "/api/v1/events?key="+secret)
			wait.Go(func() {
				for lines := bufio.NewScanner(connection); lines.Scan() && lines.Text() != "0"; { // the last chunk
				}
				mu.Lock()
				defer mu.Unlock()
				lived[secret] = time.Since(begun).Round(time.Second)
				_ = connection.Close()
			})
		}
		time.Sleep(10 * time.Second)
		s.SetKeys([]Key{{Secret: "stays"}, ends})
		time.Sleep(110 * time.Second)
		stop()
		wait.Wait()
		require.Equal(t, map[string]time.Duration{
			"goes": 10 * time.Second, "ends": time.Minute, "stays": 2 * time.Minute,
		}, lived)
	})
}
