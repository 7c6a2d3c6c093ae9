package receiver

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

var errSource = errors.New("the source has failed")

// fakeSource delivers events at their times, counted from the call of Run, and then waits for the end or fails.
type fakeSource struct {
	pool   inbox.Pool
	events []event // their times count from epoch
	fail   error   // how Run ends after the last event; nil: it waits for ctx
	down   error   // of link 1
	sent   atomic.Int64
}

func (s *fakeSource) Run(ctx context.Context, in *inbox.Inbox) error {
	began := time.Now()
	for _, e := range s.events {
		if wait := e.at.Sub(epoch) - time.Since(began); wait > 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(wait):
			}
		}
		if d := s.datagram(e, time.Now()); !in.Deliver(ctx, d) {
			s.pool.Put(d)
			return nil
		}
	}
	if s.fail == nil {
		<-ctx.Done()
	}
	return s.fail
}

func (s *fakeSource) datagram(e event, arrival time.Time) *inbox.Datagram {
	d := s.pool.Get()
	d.Link, d.From, d.Arrival = e.link, e.from, arrival
	d.SetSize(copy(d.Buffer(), e.data))
	return d
}

func (s *fakeSource) Send(int, netip.AddrPort, []byte) error {
	s.sent.Add(1)
	return nil
}

func (s *fakeSource) Link(link int) (uint64, error) {
	if link == 1 {
		return 3, s.down
	}
	return 0, nil
}

// unitOutput keeps units; while blocked is open it takes none.
type unitOutput struct {
	units   []media.AccessUnit
	count   atomic.Int64
	blocked chan struct{} // or nil
	err     error
}

func (o *unitOutput) WriteUnit(unit media.AccessUnit) error {
	if o.blocked != nil {
		<-o.blocked
	}
	o.units = append(o.units, unit)
	o.count.Add(1)
	return o.err
}

// packetFunc is a PacketOutput.
type packetFunc func(rtp []byte, now time.Time) error

func (f packetFunc) WritePacket(rtp []byte, now time.Time) error { return f(rtp, now) }

// pictures makes n coded RTP packets, one each step, each of which but the first is an access unit, and one of so many
// an IDR unit.
func pictures(t *testing.T, n, idrEvery int, step time.Duration) []event {
	t.Helper()
	packets := rtpPackets(1, 65000, equalLengths(n, 100))
	for i, p := range packets {
		p[1] |= 0x80
		binary.BigEndian.PutUint32(p[4:], uint32(i)*3000)
		if i%idrEvery == 0 {
			p[12] = 0x65
		}
		p[13] = 0x80
	}
	packets[0][12] = 0x67 // parameter sets first, so that it is plain that the first unit, which gets them, is whole
	return encode(t, packets, paced(epoch, n, step), fixed(1, 0))
}

func newChannel(s *fakeSource, outputs ...Output) *Channel {
	return New(testConfig(), s, &s.pool, slog.New(slog.DiscardHandler), outputs...)
}

// start runs a channel and returns what ends it and waits for that.
func start(c *Channel) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

// fragmentSource is a source that puts fragments together.
type fragmentSource struct{ fakeSource }

func (*fragmentSource) Fragments() (limit, now int, lost uint64) { return 256, 2, 7 }

// TestFragmentsAreCounted checks that what a source gave up in fragments is in the snapshot, where it has any.
func TestFragmentsAreCounted(t *testing.T) {
	var s fragmentSource
	c := New(testConfig(), &s, &s.pool, slog.New(slog.DiscardHandler))
	require.Equal(t, status.Ceiling{Limit: 256, Now: 2, Reached: 7}, c.Snapshot().Ceilings[status.CeilingFragments])
	require.NotContains(t, newChannel(new(fakeSource)).Snapshot().Ceilings, status.CeilingFragments)
}

func TestChannelRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{events: pictures(t, 451, 30, 10*time.Millisecond), down: errSource}
		var good, bad unitOutput
		bad.err = errSource
		c := newChannel(s, &good, &bad)
		require.Equal(t, status.ChannelWaiting, c.Snapshot().State)
		end := start(c)
		<-time.After(2900 * time.Millisecond)
		synctest.Wait()
		live := c.Snapshot()
		require.Equal(t, status.ChannelLive, live.State)
		require.InDelta(t, 290, live.Packets.Delivered, 15)
		require.Equal(t, status.LinkUp, live.Links[0].State)
		require.Equal(t, status.LinkDown, live.Links[1].State)
		require.Equal(t, errSource.Error(), live.Links[1].Error)
		require.EqualValues(t, 3, live.Links[1].Datagrams.KernelDropped)
		<-time.After(3 * time.Second)
		synctest.Wait()
		require.Equal(t, status.ChannelSilent, c.Snapshot().State)
		require.NoError(t, end())
		require.Equal(t, status.ChannelStopped, c.Snapshot().State)
		require.Len(t, good.units, 450)
		require.Len(t, bad.units, 450, "an error of an output ends nothing")
		require.Positive(t, s.sent.Load(), "feedback")
	})
}

func TestChannelSourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{events: pictures(t, 30, 30, 10*time.Millisecond), fail: errSource}
		c := newChannel(s, &unitOutput{})
		require.ErrorIs(t, c.Run(t.Context()), errSource)
		require.Equal(t, status.ChannelFailed, c.Snapshot().State)
		require.EqualValues(t, 30, c.Snapshot().Packets.Delivered, "what arrived is flushed")
	})
}

func TestChannelSlowOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{events: pictures(t, 1001, 50, 10*time.Millisecond)}
		slow, fast := &unitOutput{blocked: make(chan struct{})}, &unitOutput{}
		end := start(newChannel(s, slow, fast))
		<-time.After(6 * time.Second)
		synctest.Wait()
		require.Greater(t, fast.count.Load(), int64(500), "a slow output delays nobody")
		close(slow.blocked)
		<-time.After(6 * time.Second)
		require.NoError(t, end())
		require.Len(t, fast.units, 1000)
		require.Less(t, len(slow.units), 1000)
		whole := 1 + queueSize
		for i, unit := range slow.units[1:whole] {
			require.False(t, unit.Hole, "unit %d", i)
		}
		require.True(t, slow.units[whole].IDR)
		require.True(t, slow.units[whole].Hole)
		require.Equal(t, fast.units[len(fast.units)-1].Time, slow.units[len(slow.units)-1].Time)
	})
}

func TestChannelLatencyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := pictures(t, 60, 30, 10*time.Millisecond)
		events = drop(events, func(segment int, _ uint16) bool { return segment == 40 })
		s := &fakeSource{events: events}
		c := newChannel(s)
		c.SetLatency(time.Minute) // before Run, too
		var last time.Time
		released := 0
		c.SendPackets(packetFunc(func(_ []byte, now time.Time) error {
			released, last = released+1, now
			return nil
		}))
		began := time.Now()
		end := start(c)
		<-time.After(10 * time.Second)
		synctest.Wait()
		require.Equal(t, 40, released, "the rest waits")
		require.InDelta(t, 60_000, c.Snapshot().LatencyMS, 0.1)
		c.SetLatency(300 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, 59, released)
		require.Equal(t, 10*time.Second, last.Sub(began))
		require.NoError(t, end())
	})
}

// floodTurns is how many turns of the channel's loop a flood lasts: it picks what to do next at random.
const floodTurns = 24

// TestChannelFloodDuties keeps the inbox from ever being empty, and wants the other duties done meanwhile.
func TestChannelFloodDuties(t *testing.T) {
	s := &fakeSource{}
	cfg := testConfig()
	cfg.Latency = 5 * time.Millisecond // or the flood would have more segments open than there is room for
	c := New(cfg, s, &s.pool, slog.New(slog.DiscardHandler))
	sources := rtpPackets(1, 0, equalLengths(isc.MaxSources, 40))
	var enc isc.Encoder
	packets, servedAt := 0, 0
	more := func() error { // the last packet of a segment brings another segment
		if packets == 100 {
			c.SetLatency(4 * time.Millisecond)
		}
		if servedAt == 0 && c.pipeline.budget == 4*time.Millisecond {
			servedAt = packets
		}
		packets++
		if packets%len(sources) > 0 || packets > floodTurns*pushMost {
			return nil
		}
		for i, p := range sources {
			binary.BigEndian.PutUint16(p[2:], uint16(packets+i))
		}
		datagrams, err := enc.Encode(sources, 0)
		for _, data := range datagrams {
			c.inbox.Deliver(context.Background(), s.datagram(event{data: data, from: rigAddress(0)}, time.Now()))
		}
		return err
	}
	c.SendPackets(packetFunc(func([]byte, time.Time) error { return more() }))
	for range 2 * len(sources) { // two segments are on their way at any time
		require.NoError(t, more())
	}
	end := start(c)
	require.Eventually(t, func() bool { return c.Snapshot().Packets.Delivered > (floodTurns-1)*pushMost },
		time.Minute, 10*time.Millisecond)
	require.NoError(t, end())
	require.Positive(t, servedAt, "SetLatency waited for the flood to end")
}
