package netsim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	ms = time.Millisecond
	s  = time.Second
)

// send sends n datagrams of 972 bytes, a thousand with headers, a millisecond apart and returns their arrivals.
func send(link *Link, n int) [][]time.Time {
	arrivals := make([][]time.Time, n)
	for i := range arrivals {
		arrivals[i] = link.Send(nil, start.Add(time.Duration(i)*ms), 972)
	}
	return arrivals
}

// requireSum requires that the counts of a link add up.
func requireSum(t *testing.T, c Counts) {
	t.Helper()
	require.Equal(t, c.Sent, c.Carried+c.Lost+c.Burst+c.Outage+c.Full, "%+v", c)
}

func TestPerfectLink(t *testing.T) {
	link := NewLink(LinkConfig{}, start, 1)
	for i, arrivals := range send(link, 100) {
		require.Equal(t, []time.Time{start.Add(time.Duration(i) * ms)}, arrivals)
	}
	require.Equal(t, Counts{Sent: 100, Carried: 100, Bytes: 97_200}, link.Counts())
}

func TestSendAppends(t *testing.T) {
	link := NewLink(LinkConfig{Delay: s}, start, 1)
	require.Equal(t, []time.Time{start, start.Add(s)}, link.Send([]time.Time{start}, start, 1))
}

// everything is a link with all that a link can have.
func everything() LinkConfig {
	return LinkConfig{
		Delay: 20 * ms, Jitter: 10 * ms, Rate: 9_000_000, Queue: 20_000, Loss: 0.05, Repeat: 0.02,
		Burst:    Burst{Good: 500 * ms, Bad: 100 * ms, Loss: 0.5, Rate: 4_000_000},
		Reorder:  Reorder{Share: 0.05, By: 15 * ms},
		Dropouts: Dropouts{Up: 2 * s, Down: 200 * ms},
	}
}

func TestSameSeedSameLink(t *testing.T) {
	config := everything()
	want := NewLink(config, start, 7)
	arrivals := send(want, 10_000)
	again, other := NewLink(config, start, 7), NewLink(config, start, 8)
	require.Equal(t, arrivals, send(again, 10_000))
	require.Equal(t, want.Counts(), again.Counts())
	require.NotEqual(t, arrivals, send(other, 10_000))

	c := want.Counts()
	requireSum(t, c)
	for name, n := range map[string]uint64{
		"lost": c.Lost, "burst": c.Burst, "outage": c.Outage, "full": c.Full, "repeated": c.Repeated,
		"reordered": c.Reordered,
	} {
		require.NotZero(t, n, name)
	}
}

// What befalls a datagram does not depend on an outage before it, nor on how much others send.
func TestOutageChangesNothingAfterIt(t *testing.T) {
	config := LinkConfig{Delay: s, Jitter: s, Loss: 0.2, Repeat: 0.2, Reorder: Reorder{Share: 1}}
	want := send(NewLink(config, start, 7), 1000)
	config.Outages = []Outage{{After: 100 * ms, For: 100 * ms}}
	got := send(NewLink(config, start, 7), 1000)
	require.Equal(t, want[:100], got[:100])
	require.Equal(t, want[200:], got[200:])
	for _, arrivals := range got[100:200] {
		require.Empty(t, arrivals)
	}
}

func TestRates(t *testing.T) {
	const n = 40_000
	config := LinkConfig{
		Delay: 20 * ms, Jitter: 10 * ms, Loss: 0.05, Repeat: 0.02, Reorder: Reorder{Share: 0.1, By: 5 * ms},
	}
	link := NewLink(config, start, 3)
	var none, twice, overtaken int
	var sum time.Duration
	var last time.Time
	for i, arrivals := range send(link, n) {
		switch len(arrivals) {
		case 0:
			none++
			continue
		case 2:
			twice++
			require.False(t, arrivals[1].Before(arrivals[0]))
		}
		delay := arrivals[0].Sub(start.Add(time.Duration(i) * ms))
		require.GreaterOrEqual(t, delay, 20*ms)
		require.Less(t, delay, 35*ms)
		sum += delay
		if arrivals[0].Before(last) {
			overtaken++
		}
		last = arrivals[0]
	}
	require.InDelta(t, 0.05, float64(none)/n, 0.005)
	require.InDelta(t, 0.02*0.95, float64(twice)/n, 0.003)
	require.NotZero(t, overtaken)
	c := link.Counts()
	requireSum(t, c)
	require.EqualValues(t, none, c.Lost)
	require.EqualValues(t, twice, c.Repeated)
	require.InDelta(t, 0.1*0.95, float64(c.Reordered)/n, 0.005)
}

// Jitter alone delays and never reorders.
func TestJitterKeepsTheOrder(t *testing.T) {
	var last time.Time
	for _, arrivals := range send(NewLink(LinkConfig{Jitter: 50 * ms}, start, 1), 10_000) {
		require.False(t, arrivals[0].Before(last))
		last = arrivals[0]
	}
}

// A link of 4 Mb/s takes 2 ms for each datagram of 1,000 bytes. One comes each millisecond, and five may wait.
func TestRateAndQueue(t *testing.T) {
	link := NewLink(LinkConfig{Delay: 10 * ms, Rate: 4_000_000, Queue: 5000}, start, 1)
	arrived := 0
	for i, arrivals := range send(link, 1000) {
		if len(arrivals) == 0 {
			continue
		}
		arrived++
		require.Equal(t, start.Add(time.Duration(arrived)*2*ms+10*ms), arrivals[0], "the link is never idle")
		require.LessOrEqual(t, arrivals[0].Sub(start.Add(time.Duration(i)*ms)), 20*ms, "no wait is longer than the queue")
	}
	c := link.Counts()
	requireSum(t, c)
	require.InDelta(t, 500, arrived, 6)
	require.EqualValues(t, 1000-arrived, c.Full)
	waiting, wait := link.Waiting(start.Add(999 * ms))
	require.Greater(t, waiting, 3000)
	require.LessOrEqual(t, waiting, 5000)
	require.Greater(t, wait, 6*ms)
	waiting, wait = link.Waiting(start.Add(2 * s))
	require.Zero(t, waiting)
	require.Zero(t, wait)
}

func TestBurst(t *testing.T) {
	const n = 500_000
	config := LinkConfig{Loss: 0.01, Burst: Burst{Good: 450 * ms, Bad: 50 * ms, Loss: 0.5}}
	link := NewLink(config, start, 5)
	send(link, n)
	c := link.Counts()
	requireSum(t, c)
	require.InDelta(t, 0.9*0.01, float64(c.Lost)/n, 0.001)
	require.InDelta(t, 0.1*0.5, float64(c.Burst)/n, 0.008)
}

// While the link is bad it has the rate of that, too: datagrams wait then and none is lost.
func TestBurstRate(t *testing.T) {
	config := LinkConfig{Rate: 80_000_000, Burst: Burst{Good: 500 * ms, Bad: 50 * ms, Rate: 2_000_000}}
	link := NewLink(config, start, 5)
	quick, slow := 0, 0
	for i, arrivals := range send(link, 20_000) {
		if arrivals[0].Sub(start.Add(time.Duration(i)*ms)) <= ms/10 {
			quick++
		} else {
			slow++
		}
	}
	require.Greater(t, quick, 12_000)
	require.Greater(t, slow, 500)
}

func TestOutage(t *testing.T) {
	tests := []struct {
		name     string
		outages  []Outage
		down, up []time.Duration
	}{
		{"none", nil, nil, []time.Duration{-s, 0, s}},
		{"none, though repeated", []Outage{{Every: s}}, nil, []time.Duration{-s, 0, s}},
		{
			"once",
			[]Outage{{After: 2 * s, For: 3 * s}},
			[]time.Duration{2 * s, 5*s - 1},
			[]time.Duration{0, 2*s - 1, 5 * s, 9 * s},
		},
		{
			"again and again",
			[]Outage{{After: 2 * s, Every: 10 * s, For: 3 * s}},
			[]time.Duration{2 * s, 5*s - 1, 12 * s, 104 * s},
			[]time.Duration{-8 * s, 0, 5 * s, 12*s - 1, 15 * s, 105 * s},
		},
		{
			"two",
			[]Outage{{After: 2 * s, For: 3 * s}, {After: 8 * s, For: s}},
			[]time.Duration{2 * s, 5*s - 1, 8 * s},
			[]time.Duration{0, 5 * s, 9 * s},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, at := range test.down {
				link := NewLink(LinkConfig{Outages: test.outages}, start, 1)
				require.True(t, link.Down(start.Add(at)), at)
				require.Empty(t, link.Send(nil, start.Add(at), 1), at)
				require.Equal(t, Counts{Sent: 1, Outage: 1}, link.Counts())
			}
			for _, at := range test.up {
				link := NewLink(LinkConfig{Outages: test.outages}, start, 1)
				require.False(t, link.Down(start.Add(at)), at)
				require.Len(t, link.Send(nil, start.Add(at), 1), 1, at)
			}
		})
	}
}

// What is sent in outages that hold arrives after the last of them, in its order, as far as the queue takes it.
func TestOutageThatHolds(t *testing.T) {
	link := NewLink(LinkConfig{
		Queue: 30_000,
		Outages: []Outage{
			{After: 10 * ms, For: 50 * ms, Hold: true},
			{After: 55 * ms, For: 10 * ms, Hold: true},
		},
	}, start, 1)
	for i, arrivals := range send(link, 100) {
		at := start.Add(time.Duration(i) * ms)
		switch {
		case i < 10 || i >= 65:
			require.Equal(t, []time.Time{at}, arrivals)
		case i < 40:
			require.Equal(t, []time.Time{start.Add(65 * ms)}, arrivals)
		default:
			require.Empty(t, arrivals)
		}
	}
	require.EqualValues(t, 25, link.Counts().Full)
}

func TestDropouts(t *testing.T) {
	const n = 40_000
	for _, hold := range []bool{false, true} {
		link := NewLink(LinkConfig{Dropouts: Dropouts{Up: 450 * ms, Down: 50 * ms, Hold: hold}}, start, 2)
		down := 0
		for i, arrivals := range send(link, n) {
			at := start.Add(time.Duration(i) * ms)
			if !link.Down(at) {
				require.Equal(t, []time.Time{at}, arrivals)
				continue
			}
			if down++; !hold {
				require.Empty(t, arrivals)
				continue
			}
			require.True(t, arrivals[0].After(at))
			require.False(t, link.Down(arrivals[0]))
		}
		require.InDelta(t, 0.1, float64(down)/n, 0.03)
	}
}

// Random weather is the same whenever it is looked at, also a while later; and how much of it is kept is bounded.
func TestSpells(t *testing.T) {
	a, b := newSpells(s, 100*ms, 1, 2), newSpells(s, 100*ms, 1, 2)
	const step, n = 500 * ms, 20_000
	ahead := make([]bool, n)
	for i := range ahead {
		ahead[i], _ = a.at(time.Duration(i) * step)
		require.LessOrEqual(t, len(a.changes), spellsKept)
		if late := i - 100; late >= 0 {
			bad, until := a.at(time.Duration(late) * step)
			require.Equal(t, ahead[late], bad)
			require.Greater(t, until, time.Duration(late)*step)
		}
	}
	for i := n - 1; i > n-100; i-- {
		bad, _ := b.at(time.Duration(i) * step)
		require.Equal(t, ahead[i], bad)
	}
}
