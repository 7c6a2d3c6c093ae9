//go:build browser

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/web"
	"github.com/isc-receiver/isc-receiver/webassets"
)

const (
	watchDenied = 12 * time.Second // for which it is counted how often a page without access asks
	mostDenied  = 4                // requests in that time, and as many just before
)

// keyed is a web server whose keys the test has at hand, with the live picture of a demonstration as that of two rigs.
type keyed struct {
	*web.Server
	url string
}

// serveKeyed serves, over TLS with a certificate of its own making, what the receiver at the address of demo shows.
func serveKeyed(t *testing.T, demo string, keys ...web.Key) keyed {
	t.Helper()
	certificate, _, err := web.SelfSigned(t.TempDir(), []string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	target, err := url.Parse(demo)
	require.NoError(t, err)
	picture := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = "/hls/rig1" + r.Out.URL.Path
			r.Out.Header.Del("Accept-Encoding")
			r.SetURL(target)
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	server := web.New(web.Config{
		Snapshot: func() status.Snapshot { return twoRigs(demo) },
		HLS:      func(string) http.Handler { return picture },
		Page:     webassets.Handler(), Keys: keys, TLS: certificate.Config(),
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
	return keyed{Server: server, url: "https://" + listener.Addr().String() + "/"}
}

// twoRigs returns the state of the receiver at url as that of one with two rigs, or without any if it cannot be
// reached.
func twoRigs(url string) (snapshot status.Snapshot) {
	response, err := http.Get(url + "api/v1/status") //nolint:noctx,gosec // of the test's own receiver
	if err != nil {
		return snapshot
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&snapshot); err != nil {
		return status.Snapshot{}
	}
	one := snapshot.Channels[0]
	snapshot.Channels = nil
	for _, id := range []string{"rig1", "rig2"} {
		one.ID, one.Name = id, "Ambulance "+strings.TrimPrefix(id, "rig")
		one.HLS.Path = "/hls/" + id + "/index.m3u8"
		snapshot.Channels = append(snapshot.Channels, one)
	}
	return snapshot
}

func (k keyed) link(secret string) string { return k.url + "?key=" + secret }

// What a key opens, in a browser: nothing where it is wrong or has expired, and of several rigs those it is for. A page
// that is open says so when its key is taken away, or expires, covers its picture, seldom asks again, and goes on when
// the key is good again.
func TestKeys(t *testing.T) {
	receiver := startDaemon(t, build(t), "--demo", "--http", "127.0.0.1:0", "--ports", freePorts(t, 4))
	until(t, startTime, "something to play", func() bool { return channelAt(t, receiver.url).HLS.Ready })
	ward := web.Key{Name: "ward", Secret: "the-key-of-the-ward"}
	one := web.Key{Name: "one rig", Secret: "the-key-of-one-rig", Channels: []string{"rig2"}}
	old := web.Key{Name: "old", Secret: "the-key-of-last-week", Expires: time.Now().Add(-time.Hour)}
	server := serveKeyed(t, receiver.url, ward, one, old)

	t.Run("wrong", func(t *testing.T) {
		refusedPage(t, server.link("nonsense"), "This key is not valid", "Ask the operator")
	})
	t.Run("expired", func(t *testing.T) {
		refusedPage(t, server.link(old.Secret), "This link has expired", "Ask the operator")
	})
	t.Run("none", func(t *testing.T) {
		refusedPage(t, server.url, "This link needs the key", "Ask the operator")
	})
	t.Run("of one rig", func(t *testing.T) { oneRig(t, server, one) })
	t.Run("taken away", func(t *testing.T) {
		goesDark(t, server, ward, "This link is no longer valid", func() { server.SetKeys([]web.Key{one}) })
	})
	t.Run("expires", func(t *testing.T) {
		goesDark(t, server, ward, "This link has expired", func() {
			ending := ward
			ending.Expires = time.Now().Add(time.Second)
			server.SetKeys([]web.Key{ending})
		})
	})
	t.Run("too many wrong ones", func(t *testing.T) {
		client := http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it is the test's own
		}}
		defer client.CloseIdleConnections()
		for i := range 10 {
			response, err := client.Get(server.link("nonsense" + strconv.Itoa(i)))
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		}
		fresh := web.Key{Name: "fresh", Secret: "with-which-nobody-came"}
		server.SetKeys([]web.Key{fresh})
		refusedPage(t, server.link(fresh.Secret), "Too many wrong keys", "Wait for a minute")
	})
	receiver.stop(syscall.SIGTERM)
}

// refusedPage opens a link that shows nothing but why, and what to do; and that is all that it asks for.
func refusedPage(t *testing.T, link, title, text string) {
	t.Helper()
	p := openPage(t, link)
	p.await(title, func(l look) bool { return l.State == title && strings.Contains(l.Why, text) })
	_, asked := p.during(2 * time.Second)
	p.do("accessibility")
	for _, l := range append(asked, p.asked...) {
		require.Contains(t, []string{"/", "/favicon.ico"}, l.Asked)
		require.GreaterOrEqual(t, l.Status, http.StatusBadRequest)
	}
	require.LessOrEqual(t, len(p.asked), 2)
	p.close()
}

// oneRig opens a link for one of two rigs: of the other one it shows nothing, whatever is asked for.
func oneRig(t *testing.T, server keyed, key web.Key) {
	t.Helper()
	p := openPage(t, server.link(key.Secret))
	live := p.await("a live picture", look.isLive)
	require.Equal(t, "Ambulance 2", live.Rig)
	require.Empty(t, live.Rigs, "there is nothing to choose")
	p.do(`location.hash = '#rig1'`)
	gone := p.says("Not there")
	require.Equal(t, "rig1 is not here", gone.What)
	require.Contains(t, gone.Why, "this link is not for it")
	require.Equal(t, "Ambulance 2", gone.Rigs)
	require.False(t, gone.Still, "no picture of another rig")
	for _, path := range []string{"/hls/rig1/index.m3u8", "/api/v1/status?channel=rig1"} {
		p.do(`fetch('` + path + `').then((answer) => answer.text()).then((text) => {` +
			` if (/EXTM3U|Ambulance 1/.test(text)) throw new Error('it shows another rig'); })`)
	}
	p.during(time.Second)
	for _, l := range p.asked {
		if strings.HasPrefix(l.Asked, "/hls/rig1/") {
			require.Equal(t, http.StatusNotFound, l.Status)
		}
	}
	p.do(`location.hash = '#rig2'`)
	p.await("a live picture", look.isLive)
	p.close()
}

// goesDark watches a live picture while its key ends, and then becomes good again.
func goesDark(t *testing.T, server keyed, key web.Key, what string, end func()) {
	t.Helper()
	server.SetKeys([]web.Key{key})
	p := openPage(t, server.link(key.Secret))
	p.await("a live picture", look.isLive)
	end()
	ended := time.Now()
	dark := p.says("No access")
	t.Logf("no access %d ms after the end of the key was set", dark.at().Sub(ended).Milliseconds())
	require.Equal(t, what, dark.What)
	require.Contains(t, dark.Why, "Ask the operator")
	require.True(t, dark.Dim && dark.Still)
	_, asked := p.during(time.Second)
	require.LessOrEqual(t, len(asked), mostDenied, "%+v", asked)
	looks, asked := p.during(watchDenied)
	for _, l := range looks {
		require.Equal(t, "No access", l.State)
	}
	t.Logf("%d requests in %v without access", len(asked), watchDenied)
	require.LessOrEqual(t, len(asked), mostDenied, "%+v", asked)

	server.SetKeys([]web.Key{key})
	p.do(`window.dispatchEvent(new Event('online'))`) // as when somebody looks at it again
	p.await("a live picture", look.isLive)
	p.close()
}
