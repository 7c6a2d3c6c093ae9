package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// TestLiveCapture watches what comes to ports that another program has.
func TestLiveCapture(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	rig := &cfg.Channels[0]
	rig.Source, rig.Interface, rig.Ports = SourceCapture, "lo", nil
	for range 4 {
		owner, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		defer func() { require.NoError(t, owner.Close()) }()
		rig.Ports = append(rig.Ports, owner.LocalAddr().(*net.UDPAddr).Port)
	}
	r, err := Start(cfg, slog.New(slog.DiscardHandler))
	if errors.Is(err, source.ErrPermission) {
		t.Skip("this needs CAP_NET_RAW: ", err)
	}
	require.NoError(t, err)
	await(t, r, func(s status.Snapshot) bool {
		return strings.HasPrefix(strings.Join(s.Channels[0].Verdict.Evidence, "\n"), "The receiver watches lo (127.0.0.1")
	})
	stream(t, rig.Ports, 1)
	await(t, r, func(s status.Snapshot) bool { return s.Channels[0].HLS.Ready })
	c := r.Snapshot().Channels[0]
	require.Equal(t, status.ChannelLive, c.State)
	require.Equal(t, "capture", c.Source)
	require.True(t, c.ListenOnly)
	require.Zero(t, c.Packets.Lost)
	require.Zero(t, c.Datagrams.Duplicate, "what goes out by the loopback is not taken twice")
	for i, link := range c.Links {
		require.Zero(t, link.FeedbackSent)
		require.Equal(t, rig.Ports[i], link.Port)
	}

	// It keeps nobody from the ports, and can be saved, too.
	_, err = r.StartDump("rig1", "")
	require.NoError(t, err)
	require.NoError(t, r.StopDump("rig1"))
	require.NoError(t, end(t, r))

	rig.Interface = "nope0" // which may still come
	r = begin(t, cfg)
	await(t, r, func(s status.Snapshot) bool { return s.Channels[0].Verdict.Advice != "" })
	c = r.Snapshot().Channels[0]
	require.Equal(t, status.LinkDown, c.Links[3].State)
	require.Contains(t, c.Verdict.Evidence, "The network interface nope0 is not there.")
	require.Equal(t, "Connect it, or choose another network interface.", c.Verdict.Advice)
	require.NoError(t, end(t, r))
}

func TestNoRightToCapture(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	err = explainLiveCapture(fmt.Errorf("%w: socket", source.ErrPermission))
	require.EqualError(t, err, "Live capture needs a right that this program does not have: CAP_NET_RAW. "+
		"Give it once with: sudo setcap cap_net_raw+ep "+program)
	require.EqualError(t, explainLiveCapture(source.ErrUnsupported),
		"Packets can be captured on Linux only. Set the channel's source to udp.")
	require.EqualError(t, explainLiveCapture(fmt.Errorf("source: %w", syscall.EIO)), "Packets cannot be captured: "+
		"input/output error. Choose another network interface, or set the channel's source to udp.")
	require.Contains(t, noRight("", "/opt/it's here/isc"), `: sudo setcap cap_net_raw+ep '/opt/it'\''s here/isc'`)
	require.Equal(t,
		"Live capture needs a right that this program does not have: CAP_NET_RAW. Give it to the service: enter "+
			`"sudo systemctl edit rigs.service", add the lines [Service] and AmbientCapabilities=CAP_NET_RAW, `+
			`then enter "sudo systemctl restart rigs.service".`,
		noRight("rigs.service", "/usr/bin/isc-receiverd"))
	command := noRight("isc-receiverd.service", "/usr/bin/isc-receiverd")
	for file := range strings.FieldsSeq(command) { // the package installs what the command names
		if strings.HasPrefix(file, "/usr/") {
			require.FileExists(t, filepath.Join("../packaging/deb/isc-receiverd", file))
		}
	}
	require.Contains(t, command, "/usr/share/isc-receiverd/live-capture.conf ")
}
