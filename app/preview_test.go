package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// TestShowPreviews wants pictures of those channels alone that are looked at.
func TestShowPreviews(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Preview = true
	cfg.Channels = append(cfg.Channels, other("b", 0, 0))
	r := begin(t, cfg)
	picture := func(id string) bool {
		img, _, _ := r.Frame(id)
		return img != nil
	}
	stream(t, r.channel("rig1").ports, 1)
	stream(t, r.channel("b").ports, 2)
	await(t, r, func(s status.Snapshot) bool { return picture("rig1") && find(t, s, "b").HLS.Ready })
	require.False(t, picture("b"), "the first channel's is the one that is looked at")
	require.NoError(t, r.PreviewError("rig1"))

	r.ShowPreviews("b")
	require.False(t, picture("rig1"))
	await(t, r, func(status.Snapshot) bool { return picture("b") })
	require.False(t, picture("rig1"))

	r.ShowPreviews("b", "rig1", "none")
	await(t, r, func(status.Snapshot) bool { return picture("rig1") && picture("b") })

	// What is looked at stays that when channels change.
	cfg.Channels = append(cfg.Channels, other("c", 0, 0))
	r.ShowPreviews("c")
	require.NoError(t, r.SetChannels(cfg.Channels))
	stream(t, r.channel("c").ports, 3)
	await(t, r, func(status.Snapshot) bool { return picture("c") })
	require.False(t, picture("rig1"))
	r.ShowPreviews()
	require.False(t, picture("c"))
	require.NoError(t, end(t, r))
}
