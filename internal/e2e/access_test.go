//go:build browser

package e2e

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/web"
	"github.com/isc-receiver/isc-receiver/webassets"
)

// serveKeyed serves the page over TLS with a certificate of its own making, and a rig that waits.
func serveKeyed(t *testing.T, keys ...web.Key) (server *web.Server, url string) {
	t.Helper()
	certificate, err := web.SelfSigned(t.TempDir(), []string{"127.0.0.1"}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	begun := status.Time{Time: time.Now()}
	server = web.New(web.Config{
		Snapshot: func() status.Snapshot {
			return status.Snapshot{Time: status.Time{Time: time.Now()}, Started: begun, Channels: []status.Channel{{
				ID: "rig1", Name: "Rig 1", State: status.ChannelWaiting, Since: begun, HLS: status.HLS{Enabled: true},
				Verdict: status.Verdict{Code: status.VerdictNoPackets, Text: "Nothing arrives."},
			}}}
		},
		HLS: func(string) http.Handler { return nil }, Page: webassets.Handler(), Keys: keys, TLS: certificate.Config(),
	})
	listener, err := web.Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ran)
	})
	return server, "https://" + listener.Addr().String() + "/"
}

// A page that is open says so when its key is replaced, or has expired, and goes on when it is good again.
func TestPageSaysThatItsKeyIsVoid(t *testing.T) {
	key := web.Key{Name: "ward", Secret: "the-key-of-the-ward"}
	server, url := serveKeyed(t, key)
	states, closePage := followPage(t, url+"?key="+key.Secret)
	await(t, states, "^Waiting$")
	server.SetKeys([]web.Key{{Secret: "another"}})
	await(t, states, "^No access$")
	server.SetKeys([]web.Key{key})
	await(t, states, "^Waiting$")
	key.Expires = time.Now().Add(time.Second)
	server.SetKeys([]web.Key{key})
	await(t, states, "^No access$")
	closePage()
}
