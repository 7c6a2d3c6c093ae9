package sender

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCheck has a rig that is never run.
func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := Default()
		config.To, config.Listen, config.Log = "127.0.0.1", "127.0.0.1:0", slog.New(slog.DiscardHandler)
		s, err := New(config)
		require.NoError(t, err)
		require.NoError(t, s.Check(time.Second))
		<-time.After(5 * time.Second)
		require.NoError(t, s.Check(10*time.Second))
		require.ErrorIs(t, s.Check(time.Second), ErrStuck)
		s.tick(time.Now())
		require.NoError(t, s.Check(time.Second))
		ended, stop := context.WithCancel(t.Context())
		stop()
		require.NoError(t, s.Run(ended), "it closes what New opened")
	})
}
