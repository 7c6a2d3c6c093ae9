package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	viewersVariable = "ISC_VIEWERS" // how many watch, such as 1000, for viewersLong; with 500 stalled and 2,000 half open
	viewersDefault  = 40            // without it, with 20 and 80
	viewersLong     = 30 * time.Second
	droppedAfter    = 15 * time.Second // is a reader who stalls
	busy            = 3 * time.Second  // more, where the machine has other work, too
	memoryLimit     = 256 << 20
)

// TestManyViewers lets viewers watch over TLS as the page does, 1 Mb/s each, while others stall and more connections
// are half open. The receiver, a process of its own, loses no packet, stays small, drops who stalls, and fails nobody.
// What it takes, and how late viewers get each part, is printed.
func TestManyViewers(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	count, stalled, halfOpen, length := viewersDefault, 20, 80, droppedAfter+busy
	if text := os.Getenv(viewersVariable); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
		stalled, halfOpen, length = 500, 2000, viewersLong
	}
	clip := drawClip(t, "1280x720", "1000k")
	address, ports := freeAddress(t), freePorts(t, 4)
	receiver := startPublic(t, address, t.TempDir(),
		publicAt("https://"+address+"/")+"[tls]\nself_signed = true\n", "--ports", ports)
	key := keyOf(t, receiver.url)
	r, stopRig := startLive(t, ports)
	r.play(clip)
	until(t, startTime, "something to play", func() bool { return figuresAt(t, address, key).HLS.Ready })

	idle := watch(t, receiver.pid, time.Second)
	crowd := startCrowd(t, crowdPlan{
		Address: address, Key: key, Viewers: count, Stalled: stalled, HalfOpen: halfOpen, Length: length,
	})
	loaded := watch(t, receiver.pid, length)
	seen := crowd.end()
	stopRig()
	var c status.Channel
	until(t, startTime, "all that was sent", func() bool {
		c = figuresAt(t, address, key)
		return c.Datagrams.Received+c.Datagrams.KernelDropped == r.datagrams.Load()
	})

	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(what, format string, values ...any) { fmt.Fprintf(w, what+"\t"+format+"\n", values...) }
	line("viewers, and those that failed", "%d, %d", count, sumOf(seen.Faults))
	line("half-open connections, and ended ones", "%d, %d", seen.HalfOpen, seen.Ended)
	line("stalled readers, and dropped ones", "%d, %d", seen.Stalled, seen.Dropped)
	line("packets delivered, recovered, lost", "%d, %d, %d", c.Packets.Delivered, c.Packets.Recovered, c.Packets.Lost)
	line("datagrams late, and dropped by the kernel", "%d, %d", c.Datagrams.Late, c.Datagrams.KernelDropped)
	line("processor of the receiver", "%.0f %% of a core", 100*loaded.cores)
	line("resident memory without viewers, and at most", "%d, %d MiB", idle.most>>20, loaded.most>>20)
	line("delivered", "%.0f Mb/s, %d parts", seen.Megabits, seen.Parts)
	line("parts behind their end, half, 99 of 100, all", "%v, %v, %v", seen.Half, seen.Most, seen.All)
	line("viewers with each part within a second", "%.1f %%", 100*float64(seen.Punctual)/float64(count))
	line("parts that viewers left out", "%d", seen.Missed)
	require.NoError(t, w.Flush())
	t.Logf("\n%s", &b)
	require.Empty(t, seen.Faults)
	require.Zero(t, seen.Failed)
	require.Equal(t, seen.Stalled, seen.Dropped, "readers who stall are dropped within %v", droppedAfter)
	require.Less(t, loaded.most, memoryLimit)
	require.Zero(t, c.Packets.Lost)
	receiver.stop(syscall.SIGTERM)
}

func sumOf(faults map[string]int) (n int) {
	for _, of := range faults {
		n += of
	}
	return n
}

// figuresAt asks a receiver that takes a key for the state of its first channel, over TLS.
func figuresAt(t *testing.T, address, key string) status.Channel {
	t.Helper()
	c, err := dialH2(t.Context(), address, "127.0.0.1")
	require.NoError(t, err)
	defer func() { require.NoError(t, c.close()) }()
	a, err := c.get("/api/v1/status?key=" + key)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.status)
	var snapshot status.Snapshot
	require.NoError(t, json.Unmarshal(a.body.Bytes(), &snapshot))
	return snapshot.Channels[0]
}
