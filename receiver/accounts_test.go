package receiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// accountsEvery is after how many steps a harness checks a snapshot.
const accountsEvery = 61

// accounts checks that a snapshot accounts for each datagram that was pushed.
func (h *harness) accounts() {
	h.tb.Helper()
	c := h.pipeline.Snapshot(h.now)
	held := h.undecided() // on probation
	require.Equal(h.tb, h.pushed, c.Datagrams.Received+held, "each datagram is counted once")
	requireConserved(h.tb, c)
	if h.now.Sub(epoch) < 59*time.Second {
		require.Equal(h.tb, c.Datagrams, c.Recent["60s"].Datagrams)
		require.Equal(h.tb, c.Packets.Saved, c.Recent["60s"].Saved)
		require.InDelta(h.tb, c.LongestGapMS, c.Recent["60s"].LongestGapMS, 0)
	}
}

// requireConserved checks that what a snapshot counts adds up.
func requireConserved(tb testing.TB, c status.Channel) {
	tb.Helper()
	requireSum(tb, c.Datagrams)
	sum, saved := status.Datagrams{}, uint64(0)
	malformed, refused := map[string]uint64{}, map[string]uint64{}
	for _, link := range c.Links {
		requireSum(tb, link.Datagrams)
		sum.Add(link.Datagrams)
		saved += link.Saved
		require.Equal(tb, link.Datagrams.Malformed, total(link.Malformed, malformed))
		require.Equal(tb, link.Datagrams.Refused, total(link.Refused, refused))
	}
	require.Equal(tb, sum, c.Datagrams)
	require.LessOrEqual(tb, saved, c.Packets.Saved)
	require.LessOrEqual(tb, c.Packets.Saved, c.Packets.Recovered)
	require.Equal(tb, c.Datagrams.Malformed, total(c.Malformed, nil))
	require.Equal(tb, c.Datagrams.Refused, total(c.Refused, nil))
	for name, n := range malformed {
		require.Equal(tb, n, c.Malformed[name], name)
	}
	for name, n := range refused {
		require.Equal(tb, n, c.Refused[name], name)
	}
	for _, span := range []string{"1s", "8s", "60s"} {
		requireSum(tb, c.Recent[span].Datagrams)
		sum = status.Datagrams{}
		for _, link := range c.Links {
			requireSum(tb, link.Recent[span].Datagrams)
			sum.Add(link.Recent[span].Datagrams)
		}
		require.Equal(tb, sum, c.Recent[span].Datagrams, span)
	}
}

func requireSum(tb testing.TB, d status.Datagrams) {
	tb.Helper()
	require.Equal(tb, d.Received, d.Source+d.Parity+d.Duplicate+d.Late+d.Malformed+d.Refused)
}

// total returns the sum of counts, and adds each to all.
func total(counts, all map[string]uint64) (n uint64) {
	for name, count := range counts {
		n += count
		if all != nil {
			all[name] += count
		}
	}
	return n
}

// TestSavedLinkSilent has one of four links bring nothing from some time on: the packets that the coding gives instead
// are put down to it.
func TestSavedLinkSilent(t *testing.T) {
	packets, times := steady(1, 100, epoch)
	var events []event
	silentFrom := epoch.Add(300 * time.Millisecond)
	lost := 0
	for _, e := range encode(t, packets, times, fixed(3, 1)) {
		if e.link == 2 && e.at.After(silentFrom) {
			if numberIn(e) < 10 && e.at.After(silentFrom.Add(400*time.Millisecond)) {
				lost++
			}
			continue
		}
		events = append(events, e)
	}
	h := requireEach(t, packets, events)
	c := h.pipeline.Snapshot(times[len(times)-1])
	require.GreaterOrEqual(t, c.Links[2].Saved, uint64(lost), "all that was closed half a second after the last packet")
	require.Greater(t, lost, 50)
	for _, i := range []int{0, 1, 3} {
		require.Zero(t, c.Links[i].Saved)
	}
	require.Greater(t, c.Packets.Saved, c.Links[2].Saved, "at first all four may have been the one")
}

// TestSavedThenLate has packets that the coding gave come after all when their segments are closed.
func TestSavedThenLate(t *testing.T) {
	packets, times := steady(1, 100, epoch)
	events := encode(t, packets, times, fixed(3, 1))
	var late [testLinks]uint64
	for i, e := range events {
		if n := int(numberIn(e)); segmentOf(e)%5 == 0 && n == int(segmentOf(e)%4) {
			events[i].at = e.at.Add(300 * time.Millisecond)
			late[e.link]++
		}
	}
	h := requireEach(t, packets, append(events, events[len(events)-1]))
	c := h.pipeline.Snapshot(h.now)
	sum := uint64(0)
	for i := range late {
		require.Equal(t, late[i], c.Links[i].Saved)
		require.Equal(t, late[i], c.Links[i].Datagrams.Late)
		sum += late[i]
	}
	require.Equal(t, sum, c.Packets.Saved)
	require.Greater(t, sum, uint64(20))
}

// TestProbationCountsAsNothing has a stranger's datagrams in neither side of the accounts until they are let go.
func TestProbationCountsAsNothing(t *testing.T) {
	packets, _ := steady(1, 100, epoch)
	other, times := steady(9, 40000, epoch)
	events := encode(t, packets, paced(epoch, len(packets), 8*time.Millisecond), fixed(3, 1))
	h := newHarness(t, 200*time.Millisecond)
	for _, e := range events[:400] {
		h.push(e)
	}
	before := h.pipeline.Snapshot(h.now).Datagrams
	for _, e := range encode(t, other[:3], times, fixed(3, 1)) {
		e.at, e.from = h.now, elsewhere(0)
		h.push(e)
	}
	require.Equal(t, before, h.pipeline.Snapshot(h.now).Datagrams)
	for _, e := range events[400:] {
		h.push(e)
	}
	c := h.pipeline.Snapshot(h.now)
	require.EqualValues(t, len(events)+4, c.Datagrams.Received)
	require.EqualValues(t, 4, c.Datagrams.Refused)
	require.Equal(t, map[string]uint64{"source": 4}, c.Refused)
}
