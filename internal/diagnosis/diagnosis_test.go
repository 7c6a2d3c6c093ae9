package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/host"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// bench is a machine made up, which counts how often it is asked.
type bench struct {
	mu       sync.Mutex
	channels []Channel
	heard    uint64 // what nobody took
	asked    int    // for interfaces
	read     []string
	slow     time.Duration // that reading the firewall takes
}

func (b *bench) list() []Channel {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Channel(nil), b.channels...)
}

func (b *bench) examiner() *Examiner {
	e := New()
	e.machine = machine{
		interfaces: func(device string) ([]host.Interface, int, error) {
			b.asked++
			if device == "secret" {
				return nil, 0, errors.New("not known")
			}
			return []host.Interface{{Name: "eth0", Up: true, Linked: true}}, 0, nil
		},
		firewall: func(ctx context.Context, ports []int) host.Firewall {
			b.read = append(b.read, fmt.Sprint(ports))
			select {
			case <-ctx.Done():
				return host.Firewall{}
			case <-time.After(b.slow):
				return host.Firewall{Text: fmt.Sprintf("Reading %d.", len(b.read))}
			}
		},
		unheard: func() (uint64, bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.heard, true
		},
	}
	return e
}

func (b *bench) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

var noPackets = status.Verdict{Code: status.VerdictNoPackets, Text: "Nothing arrives."}

// TestOnlyWhileItIsQuiet wants nothing to be asked of the machine for channels that have packets, and the firewall once
// in 30 s for one that has none.
func TestOnlyWhileItIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{channels: []Channel{{ID: "a", Ports: []int{5078}}}}
		e := b.examiner()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { e.Run(ctx, b.list) })
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Zero(t, b.asked)
		require.Empty(t, b.read)
		require.Equal(t, noPackets, e.Explain("a", noPackets), "nothing is known yet")

		b.set(func() { b.channels[0].Quiet = true })
		time.Sleep(95 * time.Second)
		synctest.Wait()
		require.Len(t, b.read, 4)
		require.Equal(t, 95, b.asked)
		v := e.Explain("a", noPackets)
		require.Equal(t, []string{
			"The receiver listens on UDP 5078 of all network interfaces: eth0 (no address).", "Reading 4.",
		}, v.Evidence)
		require.NotEmpty(t, v.Advice)
		live := status.Verdict{Code: status.VerdictOK, Text: "The picture is live."}
		require.Equal(t, live, e.Explain("a", live))
		require.Equal(t, noPackets, e.Explain("b", noPackets))

		// A channel whose packets come and go is no reason to read more often.
		for range 30 {
			b.set(func() { b.channels[0].Quiet = !b.channels[0].Quiet })
			time.Sleep(time.Second)
		}
		synctest.Wait()
		require.LessOrEqual(t, len(b.read), 5)

		b.set(func() { b.channels = nil })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Empty(t, e.files)
		cancel()
		running.Wait()
	})
}

// TestManyChannels wants the firewall to be read for one channel at a time, in turn, and not for one that captures.
func TestManyChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{slow: 2 * time.Second}
		for i := range 20 {
			b.channels = append(b.channels, Channel{ID: fmt.Sprint(i), Ports: []int{i + 1}, Quiet: true, Watches: i == 7})
		}
		e := b.examiner()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { e.Run(ctx, b.list) })
		time.Sleep(59 * time.Second)
		synctest.Wait()
		require.LessOrEqual(t, b.asked, 60, "once for all")
		read := map[string]int{}
		for _, ports := range b.read {
			read[ports]++
		}
		require.Len(t, read, 19)
		require.NotContains(t, read, "[8]")
		for ports, times := range read {
			require.LessOrEqual(t, times, 2, ports)
		}

		// One that hangs is given up, and the end of the context does not wait for it.
		b.set(func() { b.slow = time.Hour })
		time.Sleep(time.Minute)
		cancelled := time.Now()
		cancel()
		running.Wait()
		require.Less(t, time.Since(cancelled), time.Second)
	})
}

func TestUnheard(t *testing.T) {
	var s stray
	start := time.Unix(1000, 0)
	at := func(seconds int, count, unwanted uint64) uint64 {
		return s.over(start.Add(time.Duration(seconds)*time.Second), count, unwanted)
	}
	require.Zero(t, at(0, 100, 0), "what came before is no news")
	require.EqualValues(t, 5, at(1, 105, 0))
	require.EqualValues(t, 10, at(10, 110, 0))
	require.EqualValues(t, 5, at(11, 110, 0), "what is older than 10 s is left out")
	require.Zero(t, at(25, 110, 0))
	require.Zero(t, at(26, 120, 3), "some were ours")
	require.Zero(t, at(30, 130, 3))
	require.EqualValues(t, 10, at(36, 130, 3))
	require.Zero(t, at(37, 7, 3), "the count has begun anew")
	require.LessOrEqual(t, len(s), 6)
}

func TestFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{channels: []Channel{{ID: "a", Interface: "secret", Ports: []int{1}, Quiet: true}}}
		e := b.examiner()
		var s stray
		e.look(t.Context(), b.list(), &s)
		b.heard = 20
		e.look(t.Context(), b.list(), &s)
		v := e.Explain("a", noPackets)
		require.Equal(t, []string{
			"Reading 1.", "In the last 10 s, 20 datagrams came to UDP ports where no program listens.",
		}, v.Evidence)
		b.channels[0].Quiet = false
		e.look(t.Context(), b.list(), &s)
		require.Empty(t, s)
	})
}

// TestThisMachine asks the real one.
func TestThisMachine(t *testing.T) {
	e := New()
	var s stray
	e.look(t.Context(), []Channel{{ID: "a", Interface: "lo", Ports: []int{5078}, Quiet: true}}, &s)
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.files["a"].facts
	require.True(t, f.known)
	for _, i := range f.interfaces {
		require.Equal(t, "lo", i.Name)
		require.Contains(t, i.Addresses, netip.MustParseAddr("127.0.0.1"))
	}
}
