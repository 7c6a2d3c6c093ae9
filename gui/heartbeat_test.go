//go:build window

package gui

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/rig"
)

const (
	heartbeatRigs  = 9
	heartbeatFor   = 15 * time.Second
	heartbeatTries = 3      // as other programs may be at work now and then
	floodRate      = 20_000 // datagrams a second
)

// TestHeartbeat prints how long the window's goroutine is busy at a stretch while nine rigs' pictures are shown and a
// flood of garbage comes in: the time from asking for a turn to getting it, asked for all the time.
func TestHeartbeat(t *testing.T) {
	for _, tool := range []string{"Xvfb", "ffmpeg"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	busy := overloaded(t)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	display := exec.Command("Xvfb", "-displayfd", "3", "-nolisten", "tcp", "-noreset", "-screen", "0", "1400x900x24")
	display.ExtraFiles = []*os.File{write}
	require.NoError(t, display.Start())
	require.NoError(t, write.Close())
	t.Cleanup(func() {
		require.NoError(t, display.Process.Signal(syscall.SIGTERM))
		_ = display.Wait() // its status says that it was ended
	})
	number, err := bufio.NewReader(read).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, read.Close())

	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, ".cache"), 0o700))
	// Built without the race detector, and with a window where other tests have none.
	program := filepath.Join(home, "gui.test")
	built, err := exec.Command("go", "test", "-c", "-tags", "gles,window", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(built))
	env := append(os.Environ(), "DISPLAY=:"+strings.TrimSpace(number), "WAYLAND_DISPLAY=", "ISC_GUI_STATE=heartbeat",
		"HOME="+home, "XDG_CONFIG_HOME="+home)
	for tries := 1; ; tries++ {
		turns, p99, longest := heartbeats(t, program, env)
		switch {
		case busy:
			t.Logf("not judged: before the test began the machine had more to do than it could")
			return
		case turns > 500 && p99 < 100:
			return
		case tries == heartbeatTries:
			require.Greater(t, turns, 500)
			require.Less(t, p99, 100.0, "the longest was %v ms", longest)
		}
	}
}

// heartbeats runs the window once, and returns how often its goroutine was asked for a turn, and how many milliseconds
// 99 of 100 and the longest took to come.
func heartbeats(t *testing.T, program string, env []string) (turns int, p99, longest float64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env, cmd.Stderr = env, os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	line := string(out)
	t.Log(line)
	var pictures int
	_, err = fmt.Sscanf(line, "turns %d, pictures %d, p99 %f ms, longest %f ms", &turns, &pictures, &p99, &longest)
	require.NoError(t, err, line)
	require.Greater(t, pictures, 20, "there was something to do")
	return turns, p99, longest
}

// overloaded tells whether more has been at work than there are processors, over the last minute.
func overloaded(t *testing.T) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	require.NoError(t, err)
	var load float64
	_, err = fmt.Sscan(string(text), &load)
	require.NoError(t, err)
	return load > float64(runtime.NumCPU())+1
}

// heartbeat shows nine rigs under a flood and prints how the window's goroutine did. It must be called on the main
// goroutine.
func heartbeat() error {
	cfg := app.Default()
	cfg.HTTP.Address, cfg.Preview, cfg.Channels = "127.0.0.1:0", true, nil
	for i := range heartbeatRigs {
		c := app.DefaultChannel()
		c.ID, c.Name, c.Ports = fmt.Sprintf("rig%d", i+1), fmt.Sprintf("Rig %d", i+1), app.Ports{0, 0, 0, 0}
		cfg.Channels = append(cfg.Channels, c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var senders sync.WaitGroup
	defer senders.Wait()
	var received *app.Run
	start := func(cfg app.Config, log *slog.Logger) (run, error) {
		r, err := app.Start(cfg, log)
		if err != nil {
			return nil, err
		}
		received = r
		for i, c := range r.Snapshot().Channels {
			to := make([]netip.AddrPort, 0, len(c.Links))
			for _, l := range c.Links {
				to = append(to, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(l.Port)))
			}
			senders.Go(func() {
				if err := rig.RunDemo(ctx, rig.DemoConfig{To: to, Seed: uint64(i), Log: log}); err != nil {
					log.Error("a rig ended", "error", err)
				}
			})
			if i == 0 {
				senders.Go(func() { flood(ctx, to[0]) })
			}
		}
		return r, nil
	}
	senders.Go(func() {
		defer cancel()
		beat(ctx, func() uint64 { _, number, _ := received.Frame("rig1"); return number })
	})
	return show(ctx, Options{Settings: app.UserSettings{Config: cfg}, Log: slog.New(slog.DiscardHandler)}, start)
}

// beat asks for one turn of the window's goroutine after the other and prints how long each took to come.
func beat(ctx context.Context, pictures func() uint64) {
	var later turns
	turn := func() time.Duration {
		asked, got := time.Now(), make(chan struct{})
		later.do(func() { close(got) })
		select {
		case <-got:
		case <-ctx.Done():
		}
		return time.Since(asked)
	}
	turn() // the window is there
	warm := time.NewTimer(10 * time.Second)
	<-warm.C
	before := pictures()
	var waits []time.Duration
	for begun := time.Now(); time.Since(begun) < heartbeatFor; {
		waits = append(waits, turn())
		pause := time.NewTimer(2 * time.Millisecond)
		<-pause.C
	}
	slices.Sort(waits)
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	fmt.Fprintf(os.Stdout, "turns %d, pictures %d, p99 %.1f ms, longest %.1f ms\n",
		len(waits), pictures()-before, ms(waits[len(waits)*99/100]), ms(waits[len(waits)-1]))
}

// flood sends garbage until the context ends.
func flood(ctx context.Context, to netip.AddrPort) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		slog.Error("the flood did not begin", "error", err)
		return
	}
	defer func() { _ = conn.Close() }() // UDP holds nothing back
	const every = 5 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	garbage := make([]byte, 200)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for range floodRate * int(every) / int(time.Second) {
				_, _ = conn.Write(garbage) // a full buffer is part of a flood
			}
		}
	}
}
