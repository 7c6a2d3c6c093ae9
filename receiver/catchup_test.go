package receiver

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// The time for which nothing runs in TestChannelCatchesUp, and what passes from when one reader runs again to the next.
const (
	stallFrom  = 500 * time.Millisecond
	stallUntil = 1300 * time.Millisecond
	stallStep  = 2 * time.Millisecond
)

// stalledSource delivers what arrives while nothing runs afterwards, one link after the other.
type stalledSource struct{ fakeSource }

func (s *stalledSource) Run(ctx context.Context, in *inbox.Inbox) error {
	began := time.Now()
	var links [testLinks][]event
	deliver := func(e event) { in.Deliver(ctx, s.datagram(e, began.Add(e.at.Sub(epoch)))) }
	for _, e := range s.events {
		at := e.at.Sub(epoch)
		if at > stallFrom && at < stallUntil {
			links[e.link] = append(links[e.link], e)
			continue
		}
		<-time.After(time.Until(began.Add(at)))
		for link, waiting := range links {
			for _, old := range waiting {
				deliver(old)
			}
			if waiting != nil {
				<-time.After(stallStep)
			}
			links[link] = nil
		}
		deliver(e)
	}
	<-ctx.Done()
	return nil
}

// TestChannelCatchesUp has the process not run for longer than the budget: what lay in the sockets meanwhile is neither
// lost nor out of order.
func TestChannelCatchesUp(t *testing.T) {
	for _, r := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			packets := rtpPackets(1, 65000, equalLengths(4500, 100))
			s := &stalledSource{}
			s.events = encode(t, packets, paced(epoch, len(packets), 500*time.Microsecond), fixed(3, r))
			c := New(testConfig(), s, &s.pool, slog.New(slog.DiscardHandler))
			var got [][]byte
			c.SendPackets(packetFunc(func(rtp []byte, _ time.Time) error {
				got = append(got, bytes.Clone(rtp))
				return nil
			}))
			end := start(c)
			<-time.After(4 * time.Second)
			require.NoError(t, end())
			require.Zero(t, c.Snapshot().Packets.Lost)
			require.Equal(t, sequences(packets), sequences(got))
		})
	}
}

// TestCatchUpEnds has the readers never come up: waits end all the same.
func TestCatchUpEnds(t *testing.T) {
	var k catchUp
	now := epoch
	ends, takes := 0, 0
	for range 1000 {
		take, end := k.step(now, now.Add(-time.Minute), true)
		takes += btoi(take)
		ends += btoi(end)
		at, ok := k.next(time.Time{}, false)
		require.True(t, ok)
		require.True(t, at.After(now), "no progress")
		now = at
	}
	require.Equal(t, 999, takes)
	require.Greater(t, ends, 800)
	take, end := k.step(now, now, true)
	require.True(t, take && end, "they have come up")
	_, ok := k.next(time.Time{}, false)
	require.False(t, ok)
}
