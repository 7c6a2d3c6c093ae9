package app

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// hangingTap holds the pipeline up, against what a tap has to do.
type hangingTap chan struct{}

func (h hangingTap) WriteDatagram(*inbox.Datagram) { <-h }

// TestCheck has a run that does well, one of whose pipelines then hangs.
func TestCheck(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.HTTP.LegacyHLSAddress = "127.0.0.1:0"
	cfg.Channels = append(cfg.Channels, cfg.Channels[0])
	cfg.Channels[1].ID = "rig2"
	r := begin(t, cfg)
	stream(t, r.list()[1].ports, 1)
	await(t, r, func(s status.Snapshot) bool { return s.Channels[1].Packets.Delivered > 0 })
	require.NoError(t, r.Check(patience))

	const little = 600 * time.Millisecond
	hang := make(hangingTap)
	r.list()[1].receiver.SetTap(hang)
	stream(t, r.list()[1].ports, 1)
	require.Eventually(t, func() bool { return r.Check(little) != nil }, patience, 10*time.Millisecond)
	err := r.Check(little)
	require.ErrorIs(t, err, ErrStuck)
	require.ErrorContains(t, err, "channel rig2, for ")
	close(hang)
	require.Eventually(t, func() bool { return r.Check(little) == nil }, patience, 10*time.Millisecond)
	require.NoError(t, end(t, r))
}

// TestCheckServer has servers that hang, turn away, and are not there.
func TestCheckServer(t *testing.T) {
	soon := func() time.Time { return time.Now().Add(200 * time.Millisecond) }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	err = answers(listener.Addr(), soon())
	require.ErrorContains(t, err, "timeout", "the system takes the connection, and nobody does anything about it")

	turned := make(chan error, 1)
	go func() {
		for {
			c, err := listener.Accept() // the first one is that from above
			if err != nil {
				turned <- nil
				return
			}
			if err := c.Close(); err != nil {
				turned <- err
				return
			}
		}
	}()
	require.NoError(t, answers(listener.Addr(), time.Now().Add(patience)))
	require.NoError(t, listener.Close())
	require.NoError(t, <-turned)
	require.Error(t, answers(listener.Addr(), soon()))
}

// TestCheckTLS wants the plain question to be answered by a server with TLS, too.
func TestCheckTLS(t *testing.T) {
	cfg := testConfig(t)
	cfg.TLS.SelfSigned = true
	r := begin(t, cfg)
	require.NoError(t, r.Check(patience))
	require.NoError(t, end(t, r))
}
