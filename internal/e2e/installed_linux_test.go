package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// Variables that say what is installed; packaging/package-test.sh sets them.
const (
	installedVariable = "ISC_INSTALLED"       // the link that the service shows viewers
	upgradeVariable   = "ISC_UPGRADE"         // the command that upgrades it
	versionVariable   = "ISC_UPGRADE_VERSION" // the version that it has then
)

const (
	installedPorts = "5078,5079,5080,5081" // as the package sets them
	capturePackets = 819                   // of RTP, in the capture that is sent
	installedRTP   = 4567                  // where its settings have it send RTP
	receivingAgain = 2 * time.Second
	viewersAgain   = 6 * time.Second
	undisturbed    = 3 * time.Second // before and after the upgrade
)

// onlooker watches an installed receiver as a browser does: with the cookie that the link gave it.
type onlooker struct {
	http.Client

	base string // the page's address, without a slash at its end
}

func newOnlooker(t *testing.T, link string) *onlooker {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	base, _, _ := strings.Cut(link, "/?")
	o := &onlooker{Client: http.Client{Jar: jar, Timeout: time.Second}, base: strings.TrimSuffix(base, "/")}
	page, _, err := o.get(t.Context(), strings.TrimPrefix(link, o.base))
	require.NoError(t, err)
	require.Contains(t, page, "<title>ISC Receiver</title>")
	return o
}

// get returns what lies at a path, and the path at which it was in the end.
func (o *onlooker) get(ctx context.Context, at string) (body, found string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+at, nil)
	if err != nil {
		return "", "", err
	}
	response, err := o.Do(request)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), response.Request.URL.Path, err
}

func (o *onlooker) snapshot(t *testing.T) (snapshot status.Snapshot, up bool) {
	t.Helper()
	text, _, err := o.get(t.Context(), "/api/v1/status")
	if err != nil {
		return snapshot, false
	}
	require.NoError(t, json.Unmarshal([]byte(text), &snapshot))
	return snapshot, true
}

// playlist returns the list of media of the first rig, or nothing where there is none now.
func (o *onlooker) playlist(ctx context.Context) string {
	text, at, err := o.get(ctx, "/hls/rig1/index.m3u8")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) {
		if name := strings.TrimSpace(line); strings.HasSuffix(name, ".m3u8") && !strings.HasPrefix(name, "#") {
			if text, _, err = o.get(ctx, path.Join(path.Dir(at), name)); err != nil {
				return ""
			}
			break
		}
	}
	if !strings.Contains(text, "#EXTINF:") && !strings.Contains(text, "#EXT-X-PART:") {
		return "" // there is nothing to play in it yet
	}
	return text
}

// follow asks for the playlist again and again until ctx ends, and returns the longest time in which nothing was added.
func (o *onlooker) follow(ctx context.Context) (longest time.Duration) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	last, since := "", time.Now()
	for {
		select {
		case <-ctx.Done():
			return longest
		case <-ticker.C:
		}
		text := o.playlist(ctx)
		if ctx.Err() != nil {
			return longest
		}
		longest = max(longest, time.Since(since))
		if text != "" && text != last {
			last, since = text, time.Now()
		}
	}
}

// sendCapture sends the datagrams of a capture to their ports, at the pace at which they were captured.
func sendCapture(t *testing.T, file string) {
	t.Helper()
	capture, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, capture.Close()) }()
	reader, err := pcapgo.NewReader(capture)
	require.NoError(t, err)
	sockets := dial(t, installedPorts)
	began, first := time.Now(), time.Time{}
	for {
		data, info, err := reader.ReadPacketData()
		if err == io.EOF { //nolint:errorlint // it is never wrapped
			return
		}
		require.NoError(t, err)
		if first.IsZero() {
			first = info.Timestamp
		}
		packet := gopacket.NewPacket(data, reader.LinkType(), gopacket.NoCopy)
		udp, is := packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
		if !is || udp.DstPort < 5078 || udp.DstPort > 5081 {
			continue
		}
		<-time.After(time.Until(began.Add(info.Timestamp.Sub(first))))
		_, err = sockets[udp.DstPort-5078].Write(udp.Payload)
		require.NoError(t, err)
	}
}

// TestInstalled watches the service that was installed from its package: it receives a capture to the last packet, then
// a live rig, and is upgraded while it does. Its settings send RTP on to a port, where it can be seen what is missing.
func TestInstalled(t *testing.T) {
	link, upgrade, version := os.Getenv(installedVariable), os.Getenv(upgradeVariable), os.Getenv(versionVariable)
	if link == "" {
		t.Skip("make package-test installs what this looks at")
	}
	watcher := newOnlooker(t, link)
	sendCapture(t, filepath.Join(repository, "testdata", "c-k3r1.pcap"))
	var packets status.Packets
	until(t, startTime, "the end of the capture", func() bool {
		snapshot, up := watcher.snapshot(t)
		if up {
			packets = snapshot.Channels[0].Packets
		}
		return packets.Delivered+packets.Recovered+packets.Lost == capturePackets
	})
	t.Logf("of the capture's %d packets: %+v", capturePackets, packets)
	require.Zero(t, packets.Lost)

	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: installedRTP})
	require.NoError(t, err)
	r, stopRig := startLive(t, installedPorts)
	live := func(version string) func() bool {
		return func() bool {
			snapshot, up := watcher.snapshot(t)
			return up && snapshot.Channels[0].Verdict.Code == status.VerdictOK && watcher.playlist(t.Context()) != "" &&
				(version == "" || snapshot.Version == version)
		}
	}
	until(t, startTime, "a live picture", live(""))
	seen := make(chan viewer)
	go func() { seen <- r.view(socket) }()
	ctx, stop := context.WithCancel(t.Context())
	still := make(chan time.Duration)
	go func() { still <- watcher.follow(ctx) }()

	<-time.After(undisturbed)
	began := time.Now()
	output, err := exec.CommandContext(t.Context(), "sh", "-c", upgrade).CombinedOutput()
	require.NoError(t, err, "%s", output)
	took := time.Since(began)
	until(t, startTime, "a live picture of version "+version, live(version))
	snapshot, up := watcher.snapshot(t)
	require.True(t, up)
	require.True(t, snapshot.Started.After(began), "it was started again")
	<-time.After(undisturbed)
	stop()
	viewers := <-still
	stopRig()
	require.NoError(t, socket.Close())
	spectated := <-seen
	t.Logf("the upgrade took %v; reception was gone for %v, the playlist stood still for %v",
		took.Round(time.Millisecond), spectated.gap.Round(time.Millisecond), viewers.Round(time.Millisecond))
	require.Zero(t, spectated.wrong)
	require.Greater(t, spectated.same, uint64(100))
	require.Less(t, spectated.gap, receivingAgain)
	require.Less(t, viewers, viewersAgain)
}
