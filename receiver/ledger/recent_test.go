package ledger

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// entry is a datagram as a test reports it.
type entry struct {
	at     time.Duration
	on     int
	kind   Kind
	reason string
	size   int
}

// tell reports it.
func (e entry) tell(l *Ledger) {
	switch e.kind {
	case Malformed:
		l.Malformed(e.at, e.on, e.reason, e.size)
	case Refused:
		l.Refused(e.at, e.on, e.reason, e.size)
	default:
		l.Datagram(e.at, e.on, e.kind, e.size)
	}
}

// addTo counts it.
func (e entry) addTo(d *status.Datagrams) {
	d.Received++
	*[kinds]*uint64{&d.Source, &d.Parity, &d.Duplicate, &d.Late, &d.Malformed, &d.Refused}[e.kind]++
}

// TestConservation reports random datagrams, a few of them long after they came, and checks at each snapshot that each
// is counted once under what it was: for its link and the channel, since the start and in each window that it is in.
func TestConservation(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	l := New(3)
	var entries []entry
	at := time.Duration(0)
	for range 1500 {
		at += time.Duration(rng.IntN(200)) * ms
		e := entry{at: at, on: rng.IntN(3), kind: Kind(rng.IntN(int(kinds))), size: rng.IntN(1500)}
		e.reason = []string{"short", "number", "ceiling"}[rng.IntN(3)]
		if rng.IntN(10) == 0 {
			e.at = max(at-time.Duration(rng.IntN(3000))*ms, 0)
		}
		entries = append(entries, e)
		e.tell(l)
		requireAccounts(t, snapshot(l, at), at, entries)
	}
	l.KernelDropped(at, 1, 5)
	l.KernelDropped(at+s, 1, 7)
	l.KernelDropped(at+s, 1, 7)
	c := snapshot(l, at+2*s)
	require.EqualValues(t, 7, c.Links[1].Datagrams.KernelDropped)
	require.EqualValues(t, 7, c.Datagrams.KernelDropped)
	require.EqualValues(t, 7, c.Recent["8s"].Datagrams.KernelDropped)
	require.EqualValues(t, 7, c.Links[1].Recent["8s"].Datagrams.KernelDropped)
	c = snapshot(l, at+60500*ms)
	require.EqualValues(t, 2, c.Recent["60s"].Datagrams.KernelDropped)
	require.EqualValues(t, 7, c.Datagrams.KernelDropped)
}

// requireAccounts checks a snapshot against all that was reported.
func requireAccounts(t *testing.T, c status.Channel, now time.Duration, entries []entry) {
	t.Helper()
	for _, w := range spans {
		oldest := now.Truncate(bucketSpan) - w.span + bucketSpan
		var all status.Datagrams
		links := make([]status.LinkRecent, len(c.Links))
		for _, e := range entries {
			if e.at >= oldest {
				e.addTo(&all)
				e.addTo(&links[e.on].Datagrams)
				links[e.on].Bytes += uint64(e.size)
			}
		}
		require.Equal(t, all, c.Recent[w.name].Datagrams, w.name)
		for i := range links {
			require.Equal(t, links[i], c.Links[i].Recent[w.name], w.name)
		}
	}
	var all status.Datagrams
	links := make([]status.Datagrams, len(c.Links))
	malformed, refused := make([]map[string]uint64, len(c.Links)), make([]map[string]uint64, len(c.Links))
	for i := range links {
		malformed[i], refused[i] = map[string]uint64{}, map[string]uint64{}
	}
	for _, e := range entries {
		e.addTo(&all)
		e.addTo(&links[e.on])
		switch e.kind {
		case Malformed:
			malformed[e.on][e.reason]++
		case Refused:
			refused[e.on][e.reason]++
		default:
		}
	}
	require.Equal(t, all, c.Datagrams)
	allMalformed, allRefused := map[string]uint64{}, map[string]uint64{}
	for i, d := range links {
		require.Equal(t, d, c.Links[i].Datagrams)
		require.True(t, maps.Equal(malformed[i], c.Links[i].Malformed))
		require.True(t, maps.Equal(refused[i], c.Links[i].Refused))
		for reason, n := range malformed[i] {
			allMalformed[reason] += n
		}
		for reason, n := range refused[i] {
			allRefused[reason] += n
		}
	}
	require.True(t, maps.Equal(allMalformed, c.Malformed))
	require.True(t, maps.Equal(allRefused, c.Refused))
}

// gaps returns the longest gaps of a link and of the channel over 1 s, 8 s, 60 s and since the start.
func gaps(l *Ledger, now time.Duration) (link, channel [4]float64) {
	c := snapshot(l, now)
	for i, w := range spans {
		link[i], channel[i] = c.Links[0].Recent[w.name].LongestGapMS, c.Recent[w.name].LongestGapMS
	}
	link[3], channel[3] = c.Links[0].LongestGapMS, c.LongestGapMS
	return link, channel
}

func TestLongestGap(t *testing.T) {
	l := New(2)
	both := func(now time.Duration, want ...float64) {
		t.Helper()
		link, channel := gaps(l, now)
		require.Equal(t, [4]float64(want), link, now)
		require.Equal(t, [4]float64(want), channel, now)
	}
	event := func(at time.Duration) {
		hear(l, at, 0, 0)
		if int(at/ms)%2 == 0 {
			l.Delivered(at, 0, 100)
		} else {
			l.Recovered(at, 100)
		}
	}
	both(5*s, 0, 0, 0, 0) // nothing has ever come: no gap has begun
	event(5001 * ms)
	both(5001*ms, 0, 0, 0, 0)
	both(5301*ms, 300, 300, 300, 300) // it goes on
	event(5401 * ms)
	event(5402 * ms)
	both(5402*ms, 400, 400, 400, 400)
	event(6802 * ms)
	both(6802*ms, 1400, 1400, 1400, 1400)
	event(7002 * ms)
	both(7900*ms, 898, 1400, 1400, 1400)
	event(7902 * ms)
	for at := 7902 * ms; at < 80*s; at += 100 * ms {
		event(at)
		if at < 7902*ms+s {
			continue
		}
		link, channel := gaps(l, at)
		require.InDelta(t, 100, link[0], 0.1, at)
		require.Equal(t, link, channel)
		if at == 15202*ms {
			require.Equal(t, [4]float64{100, 900, 1400, 1400}, link)
		}
		if at == 68902*ms {
			require.Equal(t, [4]float64{100, 100, 100, 1400}, link)
		}
	}
	// Told late, it neither ends a gap nor makes one.
	hear(l, 79*s, 0, 0)
	link, _ := gaps(l, 79902*ms)
	require.InDelta(t, 100, link[0], 0.1)
	// A stranger's datagrams and other links' end no gap.
	l.Heard(90*s, 0, other, 0, started)
	hear(l, 90*s, 1, 0)
	link, channel := gaps(l, 100*s)
	require.Equal(t, [4]float64{20098, 20098, 20098, 20098}, link)
	require.Equal(t, link, channel)
}
