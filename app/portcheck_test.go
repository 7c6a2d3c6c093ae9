package app

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckPorts(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells who has a port")
	}
	page, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, page.Close()) }()
	link, err := net.ListenPacket("udp", ":0")
	require.NoError(t, err)
	taken := link.LocalAddr().(*net.UDPAddr).Port

	cfg := Default()
	cfg.HTTP.Address = page.Addr().String()
	old, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, old.Close()) }()
	cfg.HTTP.LegacyHLSAddress = old.Addr().String()
	cfg.Channels[0].Ports = Ports{taken, 0}
	cfg.Channels = append(cfg.Channels, DefaultChannel(), DefaultChannel())
	cfg.Channels[1].Source, cfg.Channels[1].Ports = SourceCapture, Ports{taken}
	cfg.Channels[2].Ports = Ports{taken}
	checks := CheckPorts(cfg)
	require.Equal(t, PortUse{Port: page.Addr().(*net.TCPAddr).Port, Taken: true, Ours: true}, checks.HTTP)
	require.Equal(t, PortUse{Port: old.Addr().(*net.TCPAddr).Port, Taken: true, Ours: true}, checks.Legacy)
	ours := PortUse{Port: taken, Taken: true, Ours: true}
	require.Equal(t, [][]PortUse{{ours, {}}, nil, {ours}}, checks.Channels)
	require.False(t, checks.Service())

	// Another program that has inherited the socket, while this one no longer has it.
	file, err := link.(*net.UDPConn).File()
	require.NoError(t, err)
	other := exec.Command("sleep", "60")
	other.ExtraFiles = []*os.File{file}
	require.NoError(t, other.Start())
	defer func() {
		require.NoError(t, other.Process.Kill())
		require.Error(t, other.Wait())
	}()
	require.NoError(t, file.Close())
	require.NoError(t, link.Close())
	use := CheckPorts(cfg).Channels[0][0]
	require.True(t, use.Taken)
	require.False(t, use.Ours)
	require.Regexp(t, `^sleep \(pid \d+\)$`, use.Owner)

	cfg.HTTP.Address, cfg.HTTP.LegacyHLSAddress = "nonsense", ""
	require.Equal(t, PortUse{}, CheckPorts(cfg).HTTP)
	require.Equal(t, PortUse{}, CheckPorts(cfg).Legacy)
	require.True(t, PortChecks{Channels: [][]PortUse{nil, {{}, {Service: true}}}}.Service())
	require.True(t, PortChecks{HTTP: PortUse{Service: true}}.Service())
	require.True(t, PortChecks{Legacy: PortUse{Service: true}}.Service())
}
