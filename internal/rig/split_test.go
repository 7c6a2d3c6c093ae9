package rig

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// Whatever k, r, paths and weights: where any spread can keep every path from carrying more than r packets, ours does,
// for segments that are not full, too; and links without weight carry nothing.
func TestSplitSurvivesAnyPath(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for k := 1; k <= isc.MaxSources; k++ {
		for r := 0; r <= isc.MaxParity; r++ {
			for links := 1; links <= 8; links++ {
				for range 2 {
					in := randomLinks(random, links)
					s := newSplitter(in)
					for range 8 {
						requireSpread(t, s, in, 1+random.IntN(k), r)
						requireSpread(t, s, in, k, r)
					}
				}
			}
		}
	}
}

// randomLinks returns links of which some share paths, some are not in use, and some are used much more than others.
func randomLinks(random *rand.Rand, n int) []plan.Link {
	links := make([]plan.Link, n)
	for i := range links {
		links[i].Path = random.IntN(n)
		if random.IntN(4) > 0 {
			links[i].Weight = math.Pow(random.Float64(), 4)
		}
	}
	return links
}

func requireSpread(t *testing.T, s *splitter, in []plan.Link, k, r int) {
	t.Helper()
	n := k + r
	chosen := s.split(nil, n, r)
	paths, carried := map[int]bool{}, map[int]int{}
	for _, l := range in {
		if l.Weight > 0 {
			paths[l.Path] = true
		}
	}
	if len(paths) == 0 {
		require.Empty(t, chosen)
		return
	}
	require.Len(t, chosen, n)
	for _, link := range chosen {
		if in[link].Weight <= 0 {
			t.Fatalf("link %d of %v", link, in)
		}
		carried[in[link].Path]++
	}
	if possible := divideUp(n, len(paths)) <= r; !possible {
		return
	}
	for _, packets := range carried {
		if packets > r {
			t.Fatalf("%d packets of %d+%d over %v", packets, k, r, in)
		}
	}
}

// Where surviving leaves a choice, the weights have it: in the long run each link has its part.
func TestSplitFollowsWeights(t *testing.T) {
	links := []plan.Link{{Path: 0, Weight: 0.4}, {Path: 1, Weight: 0.3}, {Path: 2, Weight: 0.2}, {Path: 3, Weight: 0.1}}
	for _, test := range []struct {
		k, r int
		want []float64
	}{
		{2, 2, []float64{0.4, 0.3, 0.2, 0.1}},     // no path has to carry more than 2 of 4
		{4, 0, []float64{0.4, 0.3, 0.2, 0.1}},     // nothing survives anyway
		{3, 1, []float64{0.25, 0.25, 0.25, 0.25}}, // no choice
		{3, 2, []float64{0.4, 0.3, 0.2, 0.1}},
		{5, 3, []float64{0.375, 0.3, 0.2, 0.1}}, // 3 of 8 at most
	} {
		s := newSplitter(links)
		carried := make([]float64, len(links))
		const segments = 1000
		for range segments {
			for _, link := range s.split(nil, test.k+test.r, test.r) {
				carried[link] += 1 / float64(segments*(test.k+test.r))
			}
		}
		for i, want := range test.want {
			require.InDelta(t, want, carried[i], 0.02, "%d+%d: %v", test.k, test.r, carried)
		}
	}
}

// Links that share a path share its part, and a path with two links carries no more than one with a single link must.
func TestSplitOverSharedPaths(t *testing.T) {
	links := evenly(4)
	links[3].Path = 0
	s := newSplitter(links)
	carried := make([]int, len(links))
	for range 300 {
		for _, link := range s.split(nil, 2+1, 1) {
			carried[link]++
		}
	}
	require.Equal(t, []int{150, 300, 300, 150}, carried)
}

// Parity takes its turn on each link, since a link that carried nothing else would be of less use.
func TestSplitMovesParity(t *testing.T) {
	s := newSplitter(evenly(4))
	parity := map[int]int{}
	for range 400 {
		chosen := s.split(nil, 4, 1)
		parity[chosen[3]]++
	}
	require.Equal(t, map[int]int{0: 100, 1: 100, 2: 100, 3: 100}, parity)
}

func TestSplitAllocatesNothing(t *testing.T) {
	s, dst := newSplitter(evenly(4)), make([]int, 0, 32)
	require.Zero(t, testing.AllocsPerRun(100, func() { dst = s.split(dst[:0], 4, 1) }))
}

// TestMostSources goes through all losses: with as many sources as are allowed, any r packets may be missing; with one
// more, not all of them, so that the limit is no stricter than it must be.
func TestMostSources(t *testing.T) {
	require.Zero(t, mostSources(-1))
	require.Zero(t, mostSources(isc.MaxParity+1))
	for r := 1; r <= isc.MaxParity; r++ {
		most := mostSources(r) // which stands for fewer, too: their losses are among those of most
		require.True(t, allLossesRecoverable(t, most, r), "%d+%d", most, r)
		if most < isc.MaxSources {
			require.False(t, allLossesRecoverable(t, most+1, r), "%d+%d", most+1, r)
		}
	}
}

// allLossesRecoverable tells whether a segment comes back whatever r of its packets are missing.
func allLossesRecoverable(t *testing.T, k, r int) bool {
	t.Helper()
	var whole isc.Segment
	for _, d := range segmentOf(t, k, r) {
		var h isc.Header
		payload, err := isc.Parse(d, &h)
		require.NoError(t, err)
		whole.Number, whole.Lengths = h.Segment, h.Lengths
		if h.IsParity() {
			whole.Parity[h.Row()] = payload
		} else {
			whole.Sources[h.Number] = payload
		}
	}
	var decoder isc.Decoder
	var room [isc.MaxSources][isc.MaxLength]byte
	for lost := range 1 << (k + r) {
		part, missing := whole, 0
		var dst [isc.MaxSources][]byte
		for i := range k + r {
			switch {
			case lost>>i&1 == 0:
				continue
			case i < k:
				part.Sources[i], dst[i] = nil, room[i][:0]
			default:
				part.Parity[i-k] = nil
			}
			missing++
		}
		if missing != r {
			continue
		}
		if _, err := decoder.Recover(&part, isc.Identity{}, &dst); err != nil {
			return false
		}
	}
	return true
}

func segmentOf(t *testing.T, k, r int) [][]byte {
	t.Helper()
	var sources [][]byte
	for i := range k {
		sources = append(sources, rtpPacket(uint16(i))[:rtpHeaderSize])
	}
	var encoder isc.Encoder
	datagrams, err := encoder.Encode(sources, r)
	require.NoError(t, err)
	return datagrams
}
