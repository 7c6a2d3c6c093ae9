//go:build browser

package e2e

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
)

const (
	outageTime = 20 * time.Second
	rigBack    = 3 * time.Second // from when a rig sends again until the page shows it
)

// backTime is how long a page may take for a receiver that was started again: one that looks every second sees it, and
// the receiver needs the first second of video.
const backTime = 8 * time.Second

// startKeyed starts the demonstration at an address, whose page takes a key as it would for viewers elsewhere. Its
// state is below folder.
func startKeyed(t *testing.T, address, ports, folder string) daemon {
	t.Helper()
	return startPublic(t, address, folder, publicAt("http://"+address+"/"), "--demo", "--ports", ports)
}

// A page that is open comes back by itself after the receiver was killed and started again, and its key is still good.
func TestPageComesBack(t *testing.T) {
	ports, address, folder := freePorts(t, 4), freeAddress(t), t.TempDir()
	receiver := startKeyed(t, address, ports, folder)
	link, err := url.Parse(receiver.url)
	require.NoError(t, err)
	require.NotEmpty(t, link.Query().Get("key"), "the page takes a key")
	p := openPage(t, receiver.url)
	p.await("a live picture", look.isLive)

	receiver.stop(syscall.SIGKILL)
	gone := p.says("No connection")
	require.Equal(t, "No connection to the receiver", gone.What)
	require.Regexp(t, `^since \d\d:\d\d:\d\d$`, gone.Since)
	require.True(t, gone.Dim && gone.Still, "the last picture stands there, dimmed: %+v", gone)
	again := startKeyed(t, address, ports, folder)
	started := time.Now()
	require.Equal(t, receiver.url, again.url, "the link is the same")
	back := p.await("a live picture", func(l look) bool {
		require.NotEqual(t, "No access", l.State)
		return l.isLive()
	})
	t.Logf("live again %d ms after the receiver was back", back.at().Sub(started).Milliseconds())
	require.Less(t, back.at().Sub(started), backTime)
	p.close()
	again.stop(syscall.SIGTERM)
}

// A rig that is gone for 20 s and comes back as another sender goes on in the page that is open, which says what is
// missing and since when, above the last picture.
func TestPageSurvivesTheRig(t *testing.T) {
	ports := freePorts(t, 4)
	receiver := startDaemon(t, build(t), "--http", "127.0.0.1:0", "--ports", ports)
	p := openPage(t, receiver.url)
	p.says("Waiting")
	stopRig := startRig(t, ports, 1)
	p.await("a live picture", look.isLive)
	stopRig()
	stopped := time.Now()
	silent := p.says("No signal")
	t.Logf("no signal %d ms after the rig was gone", silent.at().Sub(stopped).Milliseconds())
	seconds := regexp.MustCompile(`^for \d+ s$`)
	looks, _ := p.during(outageTime)
	for _, l := range append(looks, silent) {
		require.Equal(t, "No signal", l.State)
		require.Equal(t, "No signal", l.What)
		require.Regexp(t, seconds, l.Since)
		require.True(t, l.Dim && l.Still, "the last picture stands there, dimmed: %+v", l)
		require.Regexp(t, "^Last picture", l.Clock)
	}
	require.GreaterOrEqual(t, len(looks), int(outageTime/time.Second)/2, "the seconds go on")

	started := time.Now()
	stopRig = startRig(t, ports, 2)
	back := p.await("a live picture", look.isLive)
	t.Logf("live again %d ms after the rig was back", back.at().Sub(started).Milliseconds())
	require.Less(t, back.at().Sub(started), rigBack)
	stopRig()
	p.close()
	receiver.stop(syscall.SIGTERM)
}

// startRig simulates a rig that sends to ports of this machine, until it is stopped.
func startRig(t *testing.T, ports string, seed uint64) (stop func()) {
	t.Helper()
	config := rig.DemoConfig{Seed: seed, Log: slog.New(slog.DiscardHandler)}
	for text := range strings.SplitSeq(ports, ",") {
		config.To = append(config.To, netip.MustParseAddrPort("127.0.0.1:"+text))
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- rig.RunDemo(ctx, config) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}
