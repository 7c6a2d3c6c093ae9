//go:build unix

package sdnotify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/sdnotify"
)

const patience = 30 * time.Second // for a message

// manager is the service manager's end.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	t.Setenv("NOTIFY_SOCKET", path)
	return &manager{t: t, conn: conn}
}

// next returns the next message.
func (m *manager) next() string {
	m.t.Helper()
	require.NoError(m.t, m.conn.SetReadDeadline(time.Now().Add(patience)))
	buffer := make([]byte, 4096)
	n, err := m.conn.Read(buffer)
	require.NoError(m.t, err)
	return string(buffer[:n])
}

// waiting returns how many messages are there now.
func (m *manager) waiting() (n int) {
	m.t.Helper()
	require.NoError(m.t, m.conn.SetReadDeadline(time.Time{}))
	raw, err := m.conn.SyscallConn()
	require.NoError(m.t, err)
	buffer := make([]byte, 4096)
	for err == nil {
		readErr := raw.Read(func(socket uintptr) bool {
			_, _, err = syscall.Recvfrom(int(socket), buffer, syscall.MSG_DONTWAIT)
			return true
		})
		require.NoError(m.t, readErr)
		if err == nil {
			n++
		}
	}
	require.ErrorIs(m.t, err, syscall.EAGAIN)
	return n
}

func idle(time.Duration) error { return nil }

func TestStates(t *testing.T) {
	m := newManager(t)
	s := sdnotify.New(slog.New(slog.DiscardHandler), nil, idle)
	s.Ready()
	require.Equal(t, "READY=1", m.next())
	s.Reloading()
	state, clock, two := strings.Cut(m.next(), "\n")
	require.True(t, two)
	require.Equal(t, "RELOADING=1", state)
	at, ok := strings.CutPrefix(clock, "MONOTONIC_USEC=")
	require.True(t, ok)
	micros, err := strconv.ParseInt(at, 10, 64)
	require.NoError(t, err)
	require.Positive(t, micros)
	s.Stopping()
	require.Equal(t, "STOPPING=1", m.next())
	require.NoError(t, sdnotify.Failed(errors.New("a port is in use\na disk is full")))
	require.Equal(t, "STATUS=a port is in use a disk is full", m.next())
}

func TestStatus(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_USEC", "")
	var calls atomic.Int64
	describe := func() string {
		if calls.Add(1) <= 2 {
			return "none\nlive"
		}
		return "1 of 2 rigs live"
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { sdnotify.New(slog.New(slog.DiscardHandler), describe, idle).Run(ctx) })
	require.Equal(t, "STATUS=none live", m.next())
	require.Equal(t, "STATUS=1 of 2 rigs live", m.next(), "the same is not told again")
	require.GreaterOrEqual(t, calls.Load(), int64(3))
	stop()
	running.Wait()
}

// TestWatchdog has a check fail and succeed again.
func TestWatchdog(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_PID", "")
	t.Setenv("WATCHDOG_USEC", strconv.Itoa(int((80 * time.Millisecond).Microseconds())))
	var stuck atomic.Bool
	failed := make(chan struct{})
	check := func(patience time.Duration) error {
		if patience != 40*time.Millisecond {
			return errors.New("another patience was expected")
		}
		if !stuck.Load() {
			return nil
		}
		failed <- struct{}{}
		return errors.New("the pipeline hangs")
	}
	var log bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		sdnotify.New(slog.New(slog.NewTextHandler(&log, nil)), func() string { return "" }, check).Run(ctx)
	})
	for range 3 {
		require.Equal(t, "WATCHDOG=1", m.next())
	}
	stuck.Store(true)
	<-failed // what was sent before has arrived
	m.waiting()
	for range 8 {
		<-failed
	}
	require.Zero(t, m.waiting(), "no sign of life comes from what is stuck")
	stuck.Store(false)
	for beating := false; !beating; { // the last check that fails may still wait
		select {
		case <-failed:
		default:
			beating = m.waiting() > 0
		}
	}
	stop()
	running.Wait()
	require.Contains(t, log.String(), "the program is stuck")
	require.Contains(t, log.String(), "the pipeline hangs")
}

func TestNoManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "much")
	var log bytes.Buffer
	s := sdnotify.New(slog.New(slog.NewTextHandler(&log, nil)), func() string { return "" }, idle)
	s.Ready()
	s.Stopping()
	require.Empty(t, log.String())
	ended, stop := context.WithCancel(t.Context())
	stop()
	s.Run(ended)
	require.Contains(t, log.String(), "gets no signs of life")

	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	log.Reset()
	s.Ready()
	s.Ready()
	require.Equal(t, 1, strings.Count(log.String(), "cannot be told"), "it is said once")
}
