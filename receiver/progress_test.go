package receiver

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// TestChannelStuck has the pipeline hang, then an output.
func TestChannelStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{events: pictures(t, 1000, 50, 10*time.Millisecond)}
		slow := &unitOutput{blocked: make(chan struct{})}
		c := newChannel(s, &unitOutput{}, slow)
		hang := make(chan struct{})
		c.SendPackets(packetFunc(func([]byte, time.Time) error {
			<-hang
			return nil
		}))
		<-time.After(time.Minute)
		require.Zero(t, c.Stuck(time.Now()), "it does not run yet")
		end := start(c)
		<-time.After(5 * time.Second)
		require.Greater(t, c.Stuck(time.Now()), 4*time.Second, "it hangs from the first packets on")

		close(hang)
		<-time.After(time.Second)
		require.InDelta(t, time.Second, c.Stuck(time.Now()), float64(snapshotEvery), "now it is the output")
		close(slow.blocked)
		<-time.After(time.Second)
		require.LessOrEqual(t, c.Stuck(time.Now()), snapshotEvery)
		<-time.After(time.Minute)
		require.LessOrEqual(t, c.Stuck(time.Now()), snapshotEvery, "silence is no standstill")
		require.NoError(t, end())
		<-time.After(time.Minute)
		require.Zero(t, c.Stuck(time.Now()), "it has ended")
	})
}

// TestQueueBytes wants no more memory held for an output that takes nothing than there is for all.
func TestQueueBytes(t *testing.T) {
	const size, fit = 3 << 20, queueBytes / (3 << 20)
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(&unitOutput{}, slog.New(slog.DiscardHandler))
		unit := media.AccessUnit{NALUs: [][]byte{make([]byte, size-1), {0x65}}, IDR: true}
		for range 20 {
			q.put(unit)
		}
		require.Len(t, q.units, fit)
		require.EqualValues(t, 20-fit, q.dropped.Load())

		go q.run(context.Background())
		synctest.Wait()
		for range fit {
			q.put(unit)
		}
		require.EqualValues(t, 20-fit, q.dropped.Load(), "there is room again")
		close(q.units)
		synctest.Wait()
		require.Zero(t, q.held.Load())
	})
}
