package ledger

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

var (
	started = time.Unix(1_700_000_000, 0)
	rig     = netip.MustParseAddrPort("10.77.0.2:40000")
	other   = netip.MustParseAddrPort("10.77.0.3:40000")
)

func snapshot(l *Ledger, now time.Duration) status.Channel {
	var c status.Channel
	l.Snapshot(now, started, &c)
	return c
}

// hear reports a packet that was sent when the rig's clock said so and took that long.
func hear(l *Ledger, at time.Duration, on int, timestamp int) {
	l.Datagram(at, on, Source, 100)
	l.Sender(at, on, rig, true)
	l.Heard(at, on, rig, uint16(timestamp), started.Add(at))
}

// stamp is a true clock's timestamp for a packet that arrives at that time and was so long under way.
func stamp(at, delay time.Duration) int {
	t := started.Add(at - delay)
	return int(t.UnixMilli() / 10 % 10_000)
}

func TestPackets(t *testing.T) {
	l := New(1)
	l.Delivered(0, 0, 100)
	l.Delivered(10*s, 0, 100)
	l.Recovered(15*s, 100)
	l.Lost(16*s, 7)
	l.Lost(16500*ms, 2)
	c := status.Channel{Packets: status.Packets{Pending: 5}}
	l.Snapshot(17*s, started, &c)
	require.Equal(t, status.Packets{Delivered: 2, Recovered: 1, Lost: 9, Pending: 5}, c.Packets)
	require.Equal(t, map[string]status.Recent{
		"1s":  {Lost: 2, LongestGapMS: 2000},
		"8s":  {Delivered: 1, Recovered: 1, Lost: 9, LongestGapMS: 10_000},
		"60s": {Delivered: 2, Recovered: 1, Lost: 9, LongestGapMS: 10_000},
	}, c.Recent)
	_, packets := l.Counts()
	require.Equal(t, status.Packets{Delivered: 2, Recovered: 1, Lost: 9}, packets)

	require.Equal(t, status.Recent{LongestGapMS: 62_000}, snapshot(l, 77*s).Recent["60s"])
	require.Equal(t, packets, snapshot(l, time.Hour).Packets, "counters since the start stay")
}

func TestWindow(t *testing.T) {
	w := newWindow(1)
	sum := func(now, span time.Duration) (n uint64) {
		w.over(now, span, func(b *bucket) { n += b.pictures })
		return n
	}
	require.Zero(t, sum(0, time.Minute))
	require.Zero(t, sum(-s, time.Minute))
	for i := range 4000 { // 16 minutes, one in each bucket, several times around the ring
		at := time.Duration(i) * bucketSpan
		w.at(at).pictures++
		require.EqualValues(t, min(i+1, 4), sum(at, s))
		require.EqualValues(t, min(i+1, 240), sum(at+bucketSpan-1, time.Minute))
	}
	// What comes late counts where it belongs; what is too late counts in the oldest bucket, not in a newer one.
	w.at(900 * s).pictures += 10
	require.EqualValues(t, 4, sum(4000*bucketSpan-1, s))
	w.at(0).pictures += 100
	require.EqualValues(t, 4, sum(4000*bucketSpan-1, s))
	require.EqualValues(t, 240, sum(4000*bucketSpan-1, time.Minute))
	w.at(-time.Hour).pictures++
	// After a long pause nothing old is left.
	w.at(5000*s).pictures++
	require.EqualValues(t, 1, sum(5000*s, time.Minute))
	require.Zero(t, sum(5100*s, time.Minute))
}

func TestRates(t *testing.T) {
	l := New(3)
	for i := range 1000 { // 10 s: 100 packets a second, three of four on link 0; 25 pictures a second
		at := time.Duration(i) * 10 * ms
		on := 0
		if i%4 == 3 {
			on = 1
		}
		l.Datagram(at, on, Source, 1250)
		l.Delivered(at, 0, 1000)
		if i%4 == 0 {
			l.Picture(at)
		}
	}
	c := snapshot(l, 10*s)
	require.InDelta(t, 100*1000*8, c.Stream.BitrateBPS, 0)
	require.InDelta(t, 25, c.Stream.FPS, 0)
	require.InDelta(t, 75, c.Links[0].RatePPS, 1)
	require.InDelta(t, 75*1250*8, c.Links[0].BitrateBPS, 1250*8)
	require.InDelta(t, 25*1250*8, c.Links[1].BitrateBPS, 1250*8)
	require.InDelta(t, 0.75, c.Links[0].Share, 0.011)
	require.Zero(t, c.Links[2].Share)
	require.InDelta(t, 1, c.Links[0].Share+c.Links[1].Share, 0.001)

	c = snapshot(l, 12*s)
	require.Zero(t, c.Stream.BitrateBPS)
	require.Zero(t, c.Links[0].RatePPS)
	require.Zero(t, c.Links[0].Share)
	require.Zero(t, snapshot(New(2), 0).Stream.FPS)
}

func TestWaitBins(t *testing.T) {
	last := 0
	for us := int64(0); us < 70_000_000; us += 1 + us/50 {
		bin := waitBin(time.Duration(us) * time.Microsecond)
		require.GreaterOrEqual(t, bin, last, "%d us", us)
		require.LessOrEqual(t, bin, last+1, "%d us", us)
		if bin < waitBins-1 {
			require.Greater(t, waitOf(bin)*1000, float64(us))
			require.LessOrEqual(t, waitOf(bin)*1000, float64(us)*1.125+1, "an eighth too much at most")
		}
		last = bin
	}
	require.Equal(t, waitBins-1, last)
	require.Equal(t, waitBins-1, waitBin(time.Hour))
	require.Zero(t, waitBin(-s))
	for bin := 1; bin < waitBins; bin++ {
		require.Greater(t, waitOf(bin), waitOf(bin-1))
	}
}

func TestWaits(t *testing.T) {
	var w waits
	require.Zero(t, w.summary(0))
	for i := range 1000 { // 1 to 1000 ms
		w.add(time.Duration(i)*8*ms, time.Duration(i+1)*ms)
	}
	got := w.summary(7999 * ms)
	require.InEpsilon(t, 500, got.P50, 0.13)
	require.InEpsilon(t, 990, got.P99, 0.13)
	require.InEpsilon(t, 1000, got.Max, 0.13)

	// One in a hundred is the 99th percentile's business, one in a thousand the maximum's.
	w = waits{}
	for i := range 1000 {
		wait := 100 * time.Microsecond
		if i == 500 {
			wait = 2 * s
		}
		w.add(s, wait)
	}
	got = w.summary(2 * s)
	require.InDelta(t, 0.1, got.P50, 0.02)
	require.InDelta(t, 0.1, got.P99, 0.02)
	require.InEpsilon(t, 2000, got.Max, 0.13)
	require.Zero(t, w.summary(9*s), "after 8 s it is forgotten")
	w.add(9*s, 5*ms)
	require.InDelta(t, 5, w.summary(9*s).Max, 0.7, "the ring's next turn begins empty")
	w.add(-s, 5*ms) // taken as the first second's
}

func TestSurvives(t *testing.T) {
	for _, c := range []struct {
		k       int
		perLink []uint8
		want    int
	}{
		{3, []uint8{1, 1, 1, 1}, 1},
		{3, []uint8{2, 1, 1, 0}, 0}, // the busiest carries more than the coding spares
		{2, []uint8{1, 1, 1, 1}, 2},
		{1, []uint8{1, 1, 1, 1}, 3},
		{1, []uint8{1, 1, 1, 1, 1, 1}, maxSurvives},
		{3, []uint8{3, 0, 0, 0}, 0},
		{3, []uint8{1, 1, 0, 0}, 0}, // not even whole
		{5, []uint8{2, 2, 2, 2}, 1},
		{4, []uint8{4, 4, 0, 0}, 1},
		{2, []uint8{0, 3, 2, 1}, 1},
		{2, []uint8{0, 2, 2, 1}, 1},
		{2, []uint8{0, 2, 1, 2, 1}, 2},
		{0, []uint8{}, 0},
	} {
		require.Equal(t, c.want, survives(c.k, c.perLink), "%d %v", c.k, c.perLink)
	}
}

func TestSurvivesLinks(t *testing.T) {
	l := New(4)
	require.Zero(t, snapshot(l, 0).SurvivesLinks)
	full, less := []uint8{1, 1, 1, 1}, []uint8{2, 1, 1, 0}
	segments := func(from time.Duration, n int, perLink []uint8) {
		for i := range n {
			l.Segment(from+time.Duration(i)*10*ms, 3, 1, perLink)
		}
	}
	segments(0, 100, full)
	require.Equal(t, 1, snapshot(l, s).SurvivesLinks)
	segments(s, 5, less)
	require.Equal(t, 1, snapshot(l, 1100*ms).SurvivesLinks, "5 of 105 are not above one in twenty")
	segments(1100*ms, 1, less)
	require.Equal(t, 0, snapshot(l, 1200*ms).SurvivesLinks)
	segments(1500*ms, 300, full)
	require.Equal(t, 1, snapshot(l, 4500*ms).SurvivesLinks, "only the last 2 s count")
	for range 50 {
		l.Segment(10*s, 0, 4, full)
	}
	require.Equal(t, maxSurvives, snapshot(l, 10*s).SurvivesLinks)
	require.Zero(t, snapshot(l, 20*s).SurvivesLinks)
}

func TestLinkStates(t *testing.T) {
	l := New(2)
	c := snapshot(l, 5*s)
	require.Equal(t, status.LinkSilent, c.Links[0].State)
	require.True(t, started.Equal(c.Links[0].Since.Time))
	require.Empty(t, c.Links[0].From)
	require.False(t, l.From(0).IsValid())

	hear(l, 6*s, 0, 0)
	c = snapshot(l, 6999*ms)
	require.Equal(t, status.LinkUp, c.Links[0].State)
	require.Equal(t, rig.String(), c.Links[0].From)
	require.Equal(t, rig, l.From(0))
	require.Equal(t, 1, c.Links[1].Index)
	require.Equal(t, status.LinkSilent, c.Links[1].State)

	c = snapshot(l, 7*s)
	require.Equal(t, status.LinkSilent, c.Links[0].State)
	require.True(t, started.Add(6*s).Equal(c.Links[0].Since.Time))
	require.Equal(t, rig.String(), c.Links[0].From, "where it was last heard stays")

	// One that is read late does not turn the time back.
	hear(l, 5*s, 0, 0)
	require.True(t, started.Add(6*s).Equal(snapshot(l, 8*s).Links[0].Since.Time))
}
