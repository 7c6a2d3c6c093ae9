package web

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// holdings is what a process can fail to give back.
type holdings struct {
	goroutines, files int
	heap              uint64
}

func holds(tb testing.TB) holdings {
	tb.Helper()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil && !os.IsNotExist(err) { // there is no such folder elsewhere
		require.NoError(tb, err)
	}
	return holdings{runtime.NumGoroutine(), len(files), memory.HeapAlloc}
}

// session is what a viewer does: it exchanges the key, fetches the page and video, follows the events, and is gone
// without a word.
func session(tb testing.TB, address string) {
	tb.Helper()
	connection, err := net.Dial("tcp", address)
	require.NoError(tb, err)
	defer func() { _ = connection.Close() }()
	reader := bufio.NewReader(connection)
	cookie := ""
	ask := func(path string) {
		_, failed := io.WriteString(connection, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nCookie: "+cookie+"\r\n\r\n")
		require.NoError(tb, failed)
	}
	for _, path := range []string{"/?key=" + testKey, "/", "/hls/rig1/index.m3u8"} {
		ask(path)
		response, failed := http.ReadResponse(reader, nil)
		require.NoError(tb, failed)
		if cookie == "" {
			cookie, _, _ = strings.Cut(response.Header.Get("Set-Cookie"), ";")
		} else {
			require.Equal(tb, http.StatusOK, response.StatusCode)
		}
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(tb, err)
		require.NoError(tb, response.Body.Close())
	}
	ask("/api/v1/events")
	for line := ""; !strings.HasPrefix(line, "event: status"); {
		line, err = reader.ReadString('\n')
		require.NoError(tb, err)
	}
}

// comeAndGo lets viewers come and go, 50 at a time, and requires that nothing stays behind of them.
func comeAndGo(tb testing.TB, sessions int) (before, after holdings) {
	tb.Helper()
	s := newTestServer(testKey)
	s.limits.Viewers, s.viewers.limit = 2*sessions, 2*sessions
	listener, err := Listen("127.0.0.1:0")
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, listener) }()
	session(tb, listener.Addr().String()) // what is set up once is set up
	awaitStreams(tb, s)
	before = holds(tb)

	var left atomic.Int64
	left.Store(int64(sessions))
	var clients sync.WaitGroup
	for range 50 {
		clients.Go(func() {
			for left.Add(-1) >= 0 {
				session(tb, listener.Addr().String())
			}
		})
	}
	clients.Wait()
	awaitStreams(tb, s)
	s.sweep(time.Now().Add(2 * viewerSpan))
	require.Eventually(tb, func() bool {
		after = holds(tb)
		return after.goroutines <= before.goroutines+2 && after.files <= before.files+2 && after.heap <= before.heap+4<<20
	}, 20*time.Second, 50*time.Millisecond, "before %+v, after %+v", before, after)
	require.Empty(tb, s.viewers.channels)
	cancel()
	require.NoError(tb, <-ran)
	return before, after
}

// awaitStreams waits until all event streams have ended: the server notices with the next event that a client is gone.
func awaitStreams(tb testing.TB, s *Server) {
	tb.Helper()
	require.Eventually(tb, func() bool {
		s.streams.mu.Lock()
		defer s.streams.mu.Unlock()
		return s.streams.open == 0
	}, 20*time.Second, 10*time.Millisecond)
}

func TestViewersLeaveNothingBehind(t *testing.T) { comeAndGo(t, 500) }

// go test -run '^$' -bench Sessions -benchtime 40000x ./internal/web
func BenchmarkSessions(b *testing.B) {
	before, after := comeAndGo(b, b.N)
	b.ReportMetric(float64(after.goroutines-before.goroutines), "goroutines-left")
	b.ReportMetric(float64(after.files-before.files), "files-left")
	b.ReportMetric((float64(after.heap)-float64(before.heap))/1024, "KiB-left")
}
