package feedback

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

var (
	rig    = netip.MustParseAddrPort("10.77.0.2:40000")
	rig6   = netip.MustParseAddrPort("[2001:db8::2]:40000")
	victim = netip.MustParseAddrPort("192.0.2.9:53")
)

// send sends a datagram if it may go, and tells whether it went.
func send(g *Gate, at time.Duration, size int) bool {
	_, open := g.Open(at, size)
	if open {
		g.Passed(at, size)
	}
	return open
}

func TestGate(t *testing.T) {
	for _, c := range []struct {
		name  string
		heard func(g *Gate)
		at    time.Duration
		size  int
		open  bool
	}{
		{"nobody was ever heard", func(*Gate) {}, 0, 1, false},
		{"the sender is there", func(g *Gate) { g.Heard(s, rig, 100) }, s, 50, true},
		{"heard just now", func(g *Gate) { g.Heard(s, rig, 100) }, 3*s - 1, 50, true},
		{"heard 2 s ago", func(g *Gate) { g.Heard(s, rig, 100) }, 3 * s, 50, false},
		{"as many bytes as came", func(g *Gate) { g.Heard(s, rig, 100) }, s, 100, true},
		{"more bytes than came", func(g *Gate) { g.Heard(s, rig, 100) }, s, 101, false},
		{"as many bytes as came, IPv6", func(g *Gate) { g.Heard(s, rig6, 100) }, s, 100, true},
		{"more bytes than came, IPv6", func(g *Gate) { g.Heard(s, rig6, 100) }, s, 101, false},
		{"told late", func(g *Gate) { g.Heard(s, rig, 100); g.Heard(0, rig, 100) }, 2500 * ms, 50, true},
		{
			"what another sent is not for this one",
			func(g *Gate) { g.Heard(s, rig, 10_000); g.Heard(s, victim, 40) }, s, 41, false,
		},
		{
			"nor what it sent before another did",
			func(g *Gate) { g.Heard(s, victim, 10_000); g.Heard(s, rig, 10_000); g.Heard(s, victim, 40) }, s, 41, false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var g Gate
			c.heard(&g)
			require.Equal(t, c.open, send(&g, c.at, c.size))
			sent, withheld := g.Counts()
			switch {
			case c.open:
				require.EqualValues(t, 1, sent)
				require.Zero(t, withheld)
			case g.to.IsValid():
				require.EqualValues(t, 1, withheld)
			default:
				require.Zero(t, withheld, "there is nobody to withhold it from")
			}
		})
	}
}

// TestGateGoesToTheLastSender checks who is answered.
func TestGateGoesToTheLastSender(t *testing.T) {
	var g Gate
	for _, from := range []netip.AddrPort{rig, rig6, rig} {
		g.Heard(0, from, 100)
		to, open := g.Open(0, 10)
		require.True(t, open)
		require.Equal(t, from, to)
	}
}

// TestGateRate offers a datagram every millisecond: no second has more than 20, wherever it begins.
func TestGateRate(t *testing.T) {
	var g Gate
	var times []time.Duration
	for at := time.Duration(0); at < 5*s; at += ms {
		g.Heard(at, rig, 1000)
		if send(&g, at, 20) {
			times = append(times, at)
		}
	}
	require.Len(t, times, 5*gateRate)
	for i, at := range times[gateRate:] {
		require.GreaterOrEqual(t, at-times[i], s)
	}
	_, withheld := g.Counts()
	require.EqualValues(t, 5000-5*gateRate, withheld)
}

// TestGateIsNoReflector checks that no address ever gets more bytes on the wire, headers included, than came from it,
// and none later than 2 s after, whoever sends what.
func TestGateIsNoReflector(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var g Gate
		at := time.Duration(0)
		balance, heard := map[netip.AddrPort]int{}, map[netip.AddrPort]time.Duration{}
		sent := 0
		for range 2000 {
			at += time.Duration(rng.IntN(40)) * ms
			if rng.IntN(200) == 0 {
				at += 3 * s
			}
			if rng.IntN(3) == 0 {
				from, size := []netip.AddrPort{rig, rig6, victim}[rng.IntN(1+rng.IntN(3))], 38+rng.IntN(60)
				g.Heard(at, from, size)
				balance[from] += size + overhead(from)
				heard[from] = at
			}
			size := 3 + rng.IntN(140)
			if to, open := g.Open(at, size); open {
				g.Passed(at, size)
				sent++
				balance[to] -= size + overhead(to)
				require.GreaterOrEqual(t, balance[to], 0)
				require.Less(t, at-heard[to], 2*s)
			}
		}
		require.Positive(t, sent)
	}
}
