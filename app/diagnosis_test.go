package app

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// TestWhyNothingArrives wants a channel without packets to say where it listens, and a rig that sends to other ports to
// be noticed.
func TestWhyNothingArrives(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Channels[0].Interface = "lo"
	r := begin(t, cfg)
	where := fmt.Sprintf("The receiver listens on UDP %s of lo (127.0.0.1", r.channel("rig1").ports)
	await(t, r, func(s status.Snapshot) bool {
		v := s.Channels[0].Verdict
		return v.Advice != "" && strings.Contains(strings.Join(v.Evidence, "\n"), where)
	})
	require.Equal(t, status.VerdictNoPackets, r.Snapshot().Channels[0].Verdict.Code)

	stray, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: freePort(t)})
	require.NoError(t, err)
	defer func() { require.NoError(t, stray.Close()) }()
	await(t, r, func(s status.Snapshot) bool {
		_, _ = stray.Write([]byte("a rig")) // nobody listens
		return strings.Contains(strings.Join(s.Channels[0].Verdict.Evidence, "\n"), "where no program listens")
	})

	stream(t, r.channel("rig1").ports, 1)
	await(t, r, func(s status.Snapshot) bool { return s.Channels[0].Verdict.Code == status.VerdictOK })
	require.Empty(t, r.Snapshot().Channels[0].Verdict.Evidence)
	require.NoError(t, end(t, r))
}
