package netsim

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// written is what a sink was given, and when.
type written struct {
	after time.Duration
	text  string
}

// sink notes what is written to it. It fails every write, as UDP sometimes does.
type sink struct {
	start time.Time
	got   []written
}

func (s *sink) Write(p []byte) (int, error) {
	s.got = append(s.got, written{time.Since(s.start), string(p)})
	return 0, errors.New("connection refused")
}

// bubble runs f beside a running pump, in virtual time, and fails if the pump does not end with its context.
func bubble(t *testing.T, limit int, f func(p *Pump, out *sink)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		pump := NewPump(limit)
		done := make(chan struct{})
		go func() {
			defer close(done)
			pump.Run(ctx)
		}()
		f(pump, &sink{start: time.Now()})
		cancel()
		<-done
	})
}

func TestPumpWritesWhenDue(t *testing.T) {
	bubble(t, 10, func(p *Pump, out *sink) {
		now := time.Now()
		add := func(after time.Duration, text string) { require.True(t, p.Add(now.Add(after), []byte(text), out)) }
		add(30*time.Millisecond, "third")
		add(10*time.Millisecond, "second")
		add(30*time.Millisecond, "fourth")
		add(-time.Second, "first")
		time.Sleep(20 * time.Millisecond)
		add(25*time.Millisecond, "between")
		add(time.Hour, "never")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []written{
			{0, "first"},
			{10 * time.Millisecond, "second"},
			{25 * time.Millisecond, "between"},
			{30 * time.Millisecond, "third"},
			{30 * time.Millisecond, "fourth"},
		}, out.got)
	})
}

func TestPumpCopies(t *testing.T) {
	bubble(t, 10, func(p *Pump, out *sink) {
		buffer := []byte("before")
		require.True(t, p.Add(time.Now().Add(time.Second), buffer, out))
		copy(buffer, "after!")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []written{{time.Second, "before"}}, out.got)
	})
}

func TestPumpIsBounded(t *testing.T) {
	bubble(t, 2, func(p *Pump, out *sink) {
		due := time.Now().Add(time.Second)
		require.True(t, p.Add(due, nil, out))
		require.True(t, p.Add(due, nil, out))
		require.False(t, p.Add(due, nil, out))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, out.got, 2)
		require.True(t, p.Add(due, nil, out), "there is room again")
		synctest.Wait()
		require.Len(t, out.got, 3)
	})
}
