package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

const testKey = "correct-horse"

func exampleSnapshot() status.Snapshot {
	moment := status.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)}
	return status.Snapshot{
		Version: "0.1.0", Time: moment, Started: moment,
		Channels: []status.Channel{{
			ID: "rig1", Name: "Rig 1", State: status.ChannelLive, Since: moment, Source: "udp",
			Verdict: status.Verdict{Code: status.VerdictOK, Text: "All is well."},
			Stream:  status.Stream{Codec: "h264", Width: 640, Height: 360, FPS: 25, BitrateBPS: 900000},
			Packets: status.Packets{Delivered: 100, Recovered: 7, Lost: 2, Saved: 5, Unusable: 4},
			Refused: map[string]uint64{"address": 3}, Datagrams: status.Datagrams{Received: 6, Source: 4, Parity: 2},
			HLS: status.HLS{Enabled: true, Ready: true, Epoch: 1, Path: "/hls/rig1/index.m3u8"},
			Links: []status.Link{
				{Index: 0, Port: 5078, State: status.LinkUp, Datagrams: status.Datagrams{Received: 6, Source: 4, Parity: 2}},
				{Index: 1, Port: 5079, State: status.LinkSilent},
			},
		}},
	}
}

// newTestServer serves the example with a page and an HLS output that say what they were asked for.
func newTestServer(key string) *Server {
	echo := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(name + " " + r.URL.RequestURI()))
		})
	}
	return New(Config{
		Snapshot: exampleSnapshot,
		HLS: func(channel string) http.Handler {
			if channel != "rig1" {
				return nil
			}
			return echo("hls")
		},
		Page:  echo("page"),
		Open:  key == "",
		Keys:  []Key{{Name: "ward", Secret: key}},
		Hosts: []string{"receiver"},
	})
}

type request struct {
	method, path, from, accept string
	header                     map[string]string
	cookie                     *http.Cookie
}

func (q request) do(h http.Handler) *httptest.ResponseRecorder {
	if q.method == "" {
		q.method = http.MethodGet
	}
	r := httptest.NewRequest(q.method, "http://receiver:5076"+q.path, nil)
	r.RemoteAddr = "192.0.2.7:40000"
	if q.from != "" {
		r.RemoteAddr = q.from
	}
	r.Header.Set("Accept", q.accept)
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if q.cookie != nil {
		r.AddCookie(q.cookie)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// signIn exchanges the key for a cookie.
func signIn(t *testing.T, h http.Handler) *http.Cookie {
	t.Helper()
	w := request{path: "/?key=" + testKey}.do(h)
	require.Equal(t, http.StatusSeeOther, w.Code)
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	return cookies[0]
}

func TestRoutes(t *testing.T) {
	const local = "127.0.0.1:50000"
	tests := []struct {
		path, body           string
		open, keyless, local int // status codes: without a key set; with one set, from afar and from this machine
	}{
		{"/", "page /", 200, 401, 401},
		{"/assets/main.js", "page /assets/main.js", 200, 401, 401},
		{"/hls/rig1/index.m3u8", "hls /index.m3u8", 200, 401, 401},
		{"/hls/rig1/1/part.mp4?_HLS_msn=3", "hls /1/part.mp4?_HLS_msn=3", 200, 401, 401},
		{"/hls/rig1/access", "", 204, 401, 401},
		{"/hls/rig2/access", "", 403, 401, 401},
		{"/hls/rig2/index.m3u8", "nothing at this address", 404, 401, 401},
		{"/hls/rig1", "nothing at this address", 404, 401, 401},
		{"/hls/%72ig1/index.m3u8", "nothing at this address", 404, 401, 401},
		{"/api/v1/status", `"id":"rig1"`, 200, 401, 401},
		{"/api/v1/nothing", "nothing at this address", 404, 401, 401},
		{"/nothing", "nothing at this address", 404, 401, 401},
		{"/../etc/passwd", "nothing at this address", 404, 401, 401},
		{"/healthz", "ok", 200, 200, 200},
		{"/readyz", "ready", 200, 401, 200},
		{"/metrics", "isc_build_info", 200, 401, 200},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			w := request{path: test.path}.do(newTestServer(""))
			require.Equal(t, test.open, w.Code)
			require.Contains(t, w.Body.String(), test.body)

			s := newTestServer(testKey)
			for from, code := range map[string]int{"": test.keyless, local: test.local} {
				w = request{path: test.path, from: from}.do(s)
				require.Equal(t, code, w.Code, "from %q", from)
				if code == http.StatusUnauthorized && test.body != "" {
					require.NotContains(t, w.Body.String(), test.body)
				}
			}
			w = request{path: test.path, cookie: signIn(t, s)}.do(s)
			require.Equal(t, test.open, w.Code, "with the cookie")
			require.Contains(t, w.Body.String(), test.body)
		})
	}
}

func TestHeadersOnEveryAnswer(t *testing.T) {
	for _, path := range []string{"/", "/nothing", "/api/v1/status", "/hls/rig1/x", "/healthz"} {
		for _, key := range []string{"", testKey} {
			header := request{path: path, accept: "text/html"}.do(newTestServer(key)).Header()
			require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
			require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe", path)
			require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
			require.Equal(t, "no-referrer", header.Get("Referrer-Policy"), path)
		}
	}
}

func TestMethodsAndBodies(t *testing.T) {
	s := newTestServer("")
	require.Equal(t, http.StatusOK, request{method: http.MethodHead, path: "/"}.do(s).Code)
	require.Equal(t, http.StatusOK, request{method: http.MethodHead, path: "/hls/rig1/index.m3u8"}.do(s).Code)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		w := request{method: method, path: "/"}.do(s)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	}
	r := httptest.NewRequest(http.MethodGet, "http://receiver/", strings.NewReader("body"))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

func TestPanicIsAnswered(t *testing.T) {
	s := newTestServer("")
	s.cfg.Snapshot = func() status.Snapshot { panic("broken") }
	w := request{path: "/api/v1/status"}.do(s)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "broken")
}

func TestReady(t *testing.T) {
	tests := map[string]struct {
		change func(*status.Snapshot)
		want   string // empty: ready
	}{
		"live":         {func(*status.Snapshot) {}, ""},
		"HLS off":      {func(s *status.Snapshot) { s.Channels[0].HLS = status.HLS{} }, ""},
		"HLS starting": {func(s *status.Snapshot) { s.Channels[0].HLS.Ready = false }, "rig1: HLS has nothing to play yet"},
		"silent": {func(s *status.Snapshot) {
			s.Channels[0].State = status.ChannelSilent
			s.Channels[0].Verdict.Text = "Nothing comes."
		}, "rig1: silent: Nothing comes."},
		"no channel": {func(s *status.Snapshot) { s.Channels = nil }, "no channel"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newTestServer("")
			s.cfg.Snapshot = func() status.Snapshot {
				snapshot := exampleSnapshot()
				test.change(&snapshot)
				return snapshot
			}
			w := request{path: "/readyz"}.do(s)
			if test.want == "" {
				require.Equal(t, http.StatusOK, w.Code)
				return
			}
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, test.want+"\n", w.Body.String())
		})
	}
}

func TestMetrics(t *testing.T) {
	s := newTestServer("")
	request{path: "/nothing"}.do(s)
	body := request{path: "/metrics"}.do(s).Body.String()
	for _, line := range []string{
		`isc_build_info{version="0.1.0"} 1`,
		`isc_http_requests_total 2`,
		`isc_start_time_seconds 1.767323045678e+09`,
		`isc_channel_info{channel="rig1",name="Rig 1",source="udp"} 1`,
		`isc_channel_state{channel="rig1",state="live"} 1`,
		`isc_channel_state{channel="rig1",state="silent"} 0`,
		`isc_packets_total{channel="rig1",outcome="recovered"} 7`,
		`isc_packets_saved_total{channel="rig1"} 5`,
		`isc_packets_unusable_total{channel="rig1"} 4`,
		`isc_refused_total{channel="rig1",reason="address"} 3`,
		`isc_stream_bytes_per_second{channel="rig1"} 112500`,
		`isc_hls_epoch{channel="rig1"} 1`,
		`isc_channel_verdict{channel="rig1",code="ok"} 1`,
		`isc_channel_verdict{channel="rig1",code="silent"} 0`,
		`isc_datagrams_total{channel="rig1",reason="source"} 4`,
		`isc_link_state{channel="rig1",link="1",port="5079",state="silent"} 1`,
		`isc_link_datagrams_total{channel="rig1",link="0",port="5078",reason="source"} 4`,
		`isc_link_datagrams_total{channel="rig1",link="0",port="5078",reason="parity"} 2`,
	} {
		require.Contains(t, body, line+"\n")
	}
	require.NotContains(t, body, "go_goroutines")
}
