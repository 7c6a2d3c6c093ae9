package loglimit

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// newTest returns a handler that writes to out, without times.
func newTest(perSecond float64, burst int) (h *Handler, out *bytes.Buffer) {
	out = new(bytes.Buffer)
	return New(slog.NewTextHandler(out, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}), perSecond, burst), out
}

func handle(t *testing.T, h slog.Handler, after time.Duration, level slog.Level) {
	t.Helper()
	record := slog.NewRecord(start.Add(after), level, "line", 0)
	record.AddAttrs(slog.Int("n", 1))
	require.NoError(t, h.Handle(t.Context(), record))
}

func TestBurstThenRate(t *testing.T) {
	h, out := newTest(2, 3)
	for range 10 {
		handle(t, h, 0, slog.LevelInfo)
	}
	require.Equal(t, strings.Repeat("level=INFO msg=line n=1\n", 3), out.String())
	require.EqualValues(t, 7, h.Dropped())
	require.Equal(t, 3, h.Used(start))
	require.Equal(t, 1, h.Used(start.Add(time.Second)))
	require.Zero(t, h.Used(start.Add(time.Hour)))

	out.Reset()
	handle(t, h, 400*time.Millisecond, slog.LevelInfo)
	require.Empty(t, out.String(), "no token yet")
	handle(t, h, 500*time.Millisecond, slog.LevelError)
	require.Equal(t, "level=ERROR msg=line n=1 held_back=8\n", out.String())
	handle(t, h, 510*time.Millisecond, slog.LevelError)
	require.EqualValues(t, 9, h.Dropped(), "errors are held back, too")

	out.Reset()
	handle(t, h, time.Hour, slog.LevelInfo)
	handle(t, h, time.Hour, slog.LevelInfo)
	require.Equal(t, "level=INFO msg=line n=1 held_back=1\nlevel=INFO msg=line n=1\n", out.String(), "told once")
}

func TestChildrenShareTheBucket(t *testing.T) {
	h, out := newTest(1, 2)
	child := h.WithAttrs([]slog.Attr{slog.String("channel", "rig1")})
	group := h.WithGroup("g")
	handle(t, child, 0, slog.LevelInfo)
	handle(t, group, 0, slog.LevelInfo)
	handle(t, h, 0, slog.LevelInfo)
	require.Equal(t, "level=INFO msg=line channel=rig1 n=1\nlevel=INFO msg=line g.n=1\n", out.String())
	require.EqualValues(t, 1, child.(*Handler).Dropped())
}

func TestDisabledLevelsTakeNoTokens(t *testing.T) {
	h, out := newTest(0, 1)
	log := slog.New(h)
	for range 5 {
		log.Debug("not wanted")
	}
	log.Info("wanted")
	require.Equal(t, "level=INFO msg=wanted\n", out.String())
	require.Zero(t, h.Dropped())
}

func TestRecordsWithoutTime(t *testing.T) {
	h, out := newTest(1e-9, 1)
	for range 3 {
		require.NoError(t, h.Handle(t.Context(), slog.NewRecord(time.Time{}, slog.LevelInfo, "line", 0)))
	}
	require.Equal(t, "level=INFO msg=line\n", out.String())
}

// counter counts records and adds up what they say was held back.
type counter struct {
	mu     sync.Mutex
	passed uint64
	told   uint64
}

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }
func (c *counter) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *counter) WithGroup(string) slog.Handler            { return c }

func (c *counter) Handle(_ context.Context, record slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passed++
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == heldBack {
			c.told += a.Value.Uint64()
		}
		return true
	})
	return nil
}

func TestConcurrentLinesAreAllAccountedFor(t *testing.T) {
	var out counter
	h := New(&out, 1, 5)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 1000 {
				if err := h.Handle(t.Context(), slog.NewRecord(start, slog.LevelInfo, "line", 0)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	require.EqualValues(t, 5, out.passed)
	handle(t, h, time.Hour, slog.LevelInfo)
	require.EqualValues(t, 8000-5, h.Dropped())
	require.Equal(t, h.Dropped(), out.told)
}
