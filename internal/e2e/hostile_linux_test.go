package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	hostileVariable = "ISC_HOSTILE" // how long the flood is, such as 60s
	hostileDefault  = 10 * time.Second
	hostileRate     = 10_000 // datagrams a second
	hostileWarmUp   = 10 * time.Second
	hostileGrowth   = 8 << 20 // bytes that the receiver may grow by after the first seconds
	clockTicks      = 100     // of /proc, in a second
)

// process returns how much processor time a process has used, and its resident memory in bytes.
func process(t *testing.T, pid int) (cpu time.Duration, resident int) {
	t.Helper()
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	require.NoError(t, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, field := range fields[11:13] { // utime and stime, see proc(5)
		var n int
		n, err = strconv.Atoi(field)
		require.NoError(t, err)
		cpu += time.Duration(n) * time.Second / clockTicks
	}
	pages, err := strconv.Atoi(fields[21])
	require.NoError(t, err)
	return cpu, pages * os.Getpagesize()
}

// usage is what a process used over a stretch of time.
type usage struct {
	cores       float64
	first, most int // resident bytes at the beginning, and the most
}

// watch sees what a process uses for a while.
func watch(t *testing.T, pid int, length time.Duration) usage {
	t.Helper()
	began := time.Now()
	before, resident := process(t, pid)
	u := usage{first: resident, most: resident}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for time.Since(began) < length {
		<-ticker.C
		_, resident = process(t, pid)
		u.most = max(u.most, resident)
	}
	after, _ := process(t, pid)
	u.cores = (after - before).Seconds() / time.Since(began).Seconds()
	return u
}

// TestHostile floods the ports of a receiver with 10,000 datagrams a second, of strangers who do not know the SSRC of
// the live stream that it shows: it loses nothing, does not grow, and accounts for each of them. Its processor time is
// printed. The variable ISC_HOSTILE says how long.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	length := hostileDefault
	if text := os.Getenv(hostileVariable); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	ports := freePorts(t, 4)
	address, view := startViewer(t)
	receiver := startDaemon(t, compile(t), "--http", "127.0.0.1:0", "--ports", ports, "--rtp-to", address)
	r, stopRig := startLive(t, ports)
	stopViewer := view(r)
	until(t, startTime, "a live picture", func() bool {
		return channelAt(t, receiver.url).Verdict.Code == status.VerdictOK
	})
	calm := watch(t, receiver.pid, hostileWarmUp)
	f, stopFlood := startFlood(t, r, ports, hostileRate)
	began := time.Now()
	watch(t, receiver.pid, hostileWarmUp) // memory is collected every few seconds
	flooded := watch(t, receiver.pid, length)
	during := channelAt(t, receiver.url)
	stopFlood()
	rate := float64(f.sent.Load()) / time.Since(began).Seconds()
	stopRig()
	sent := r.datagrams.Load() + f.sent.Load()
	var c status.Channel
	until(t, startTime, "the end of all probation", func() bool {
		c = channelAt(t, receiver.url)
		return c.Datagrams.Received+c.Datagrams.KernelDropped == sent
	})
	seen := stopViewer()
	c.Ceilings = during.Ceilings
	t.Logf("flooded with %.0f datagrams a second for %v", rate, time.Since(began).Round(time.Second))
	report(t, &c, calm, flooded)

	require.Equal(t, c.Datagrams.Received, c.Datagrams.Source+c.Datagrams.Parity+c.Datagrams.Duplicate+
		c.Datagrams.Late+c.Datagrams.Malformed+c.Datagrams.Refused)
	require.Equal(t, c.Datagrams.Malformed, sum(c.Malformed))
	require.Equal(t, c.Datagrams.Refused, sum(c.Refused))
	require.Zero(t, seen.wrong, "packets that the rig did not send")
	if c.Datagrams.KernelDropped > 0 {
		t.Skipf("%d datagrams never came: the machine was too busy to read them", c.Datagrams.KernelDropped)
	}
	require.LessOrEqual(t, flooded.most-flooded.first, hostileGrowth, "resident memory")
	require.Zero(t, c.Packets.Lost)
	require.Equal(t, r.packets.Load(), c.Packets.Delivered+c.Packets.Recovered, "each packet of the rig came out")
	require.Equal(t, r.packets.Load(), seen.same, "to the byte")
	require.Zero(t, seen.behind, "in order")
	receiver.stop(syscall.SIGTERM)
}

func sum(reasons map[string]uint64) (total uint64) {
	for _, n := range reasons {
		total += n
	}
	return total
}

// report prints what the flood did.
func report(t *testing.T, c *status.Channel, calm, flooded usage) {
	t.Helper()
	const mib = 1 << 20
	var b strings.Builder
	line := func(what, format string, values ...any) {
		fmt.Fprintf(&b, "  %-44s %s\n", what, fmt.Sprintf(format, values...))
	}
	line("packets delivered, recovered, lost", "%d, %d, %d", c.Packets.Delivered, c.Packets.Recovered, c.Packets.Lost)
	line("datagrams malformed", "%d %v", c.Datagrams.Malformed, c.Malformed)
	line("datagrams refused", "%d %v", c.Datagrams.Refused, c.Refused)
	line("datagrams dropped by the kernel", "%d", c.Datagrams.KernelDropped)
	line("processor without and with the flood", "%.1f %%, %.1f %% of a core", 100*calm.cores, 100*flooded.cores)
	line("for the refusals alone", "%.1f %% of a core", 100*(flooded.cores-calm.cores))
	line("resident memory before and in the flood", "%d MiB, %d MiB", calm.most/mib, flooded.first/mib)
	line("growth after the first seconds of it", "%.1f MiB", float64(flooded.most-flooded.first)/mib)
	for _, name := range []string{
		status.CeilingSegments, status.CeilingBytes, status.CeilingSources, status.CeilingDecoding,
	} {
		ceiling := c.Ceilings[name]
		line(name, "%d of %d, reached %d times", ceiling.Now, ceiling.Limit, ceiling.Reached)
	}
	t.Logf("\n%s", &b)
}
