package netsim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// send sends n datagrams a millisecond apart and returns their arrivals.
func send(link *Link, n int) [][]time.Time {
	arrivals := make([][]time.Time, n)
	for i := range arrivals {
		arrivals[i] = link.Send(nil, start.Add(time.Duration(i)*time.Millisecond))
	}
	return arrivals
}

func TestPerfectLink(t *testing.T) {
	for i, arrivals := range send(NewLink(LinkConfig{}, start, 1), 100) {
		require.Equal(t, []time.Time{start.Add(time.Duration(i) * time.Millisecond)}, arrivals)
	}
}

func TestSendAppends(t *testing.T) {
	link := NewLink(LinkConfig{Delay: time.Second}, start, 1)
	require.Equal(t, []time.Time{start, start.Add(time.Second)}, link.Send([]time.Time{start}, start))
}

func TestSameSeedSameLink(t *testing.T) {
	config := LinkConfig{Delay: time.Second, Jitter: time.Second, Loss: 0.2, Repeat: 0.2}
	want := send(NewLink(config, start, 7), 1000)
	require.Equal(t, want, send(NewLink(config, start, 7), 1000))
	require.NotEqual(t, want, send(NewLink(config, start, 8), 1000))

	config.Outage = Outage{After: 100 * time.Millisecond, For: 100 * time.Millisecond}
	got := send(NewLink(config, start, 7), 1000)
	require.Equal(t, want[:100], got[:100])
	require.Equal(t, want[200:], got[200:], "an outage must not change what comes after it")
	for _, arrivals := range got[100:200] {
		require.Empty(t, arrivals)
	}
}

func TestRates(t *testing.T) {
	const n = 100_000
	config := LinkConfig{Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.05, Repeat: 0.02}
	var none, twice, overtaken int
	var sum time.Duration
	var last time.Time
	for i, arrivals := range send(NewLink(config, start, 3), n) {
		switch len(arrivals) {
		case 0:
			none++
			continue
		case 2:
			twice++
		}
		for _, arrival := range arrivals {
			delay := arrival.Sub(start.Add(time.Duration(i) * time.Millisecond))
			require.GreaterOrEqual(t, delay, 20*time.Millisecond)
			require.Less(t, delay, 30*time.Millisecond)
		}
		sum += arrivals[0].Sub(start.Add(time.Duration(i) * time.Millisecond))
		if arrivals[0].Before(last) {
			overtaken++
		}
		last = arrivals[0]
	}
	require.InDelta(t, 0.05, float64(none)/n, 0.005)
	require.InDelta(t, 0.02*0.95, float64(twice)/n, 0.003)
	require.InDelta(t, 0.025, (sum / time.Duration(n-none)).Seconds(), 0.0002)
	require.NotZero(t, overtaken, "jitter must reorder")
}

func TestOutage(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name     string
		outage   Outage
		down, up []time.Duration
	}{
		{"none", Outage{}, nil, []time.Duration{-s, 0, s}},
		{"none, though repeated", Outage{Every: s}, nil, []time.Duration{-s, 0, s}},
		{
			"once",
			Outage{After: 2 * s, For: 3 * s},
			[]time.Duration{2 * s, 5*s - 1},
			[]time.Duration{0, 2*s - 1, 5 * s, 9 * s},
		},
		{
			"again and again",
			Outage{After: 2 * s, Every: 10 * s, For: 3 * s},
			[]time.Duration{2 * s, 5*s - 1, 12 * s, 104 * s},
			[]time.Duration{-8 * s, 0, 5 * s, 12*s - 1, 15 * s, 105 * s},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			link := NewLink(LinkConfig{Outage: test.outage}, start, 1)
			for _, at := range test.down {
				require.True(t, link.Down(start.Add(at)), at)
				require.Empty(t, link.Send(nil, start.Add(at)), at)
			}
			for _, at := range test.up {
				require.False(t, link.Down(start.Add(at)), at)
				require.Len(t, link.Send(nil, start.Add(at)), 1, at)
			}
		})
	}
}
