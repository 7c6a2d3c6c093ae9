package web

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestViewers(t *testing.T) {
	s := newTestServer("")
	require.Zero(t, s.Viewers("rig1"))
	for _, from := range []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "[2001:db8::1]:1", "[2001:db8::2]:1"} {
		request{path: "/hls/rig1/index.m3u8", from: from}.do(s)
	}
	request{path: "/hls/rig1/index.m3u8", from: "192.0.2.1:3", header: map[string]string{"User-Agent": "other"}}.do(s)
	request{path: "/hls/rig2/index.m3u8"}.do(s)
	request{path: "/api/v1/status", from: "192.0.2.9:1"}.do(s)
	require.Equal(t, 4, s.Viewers("rig1"))
	require.Zero(t, s.Viewers("rig2"))

	s = newTestServer(testKey)
	for range 3 {
		request{path: "/hls/rig1/index.m3u8", cookie: signIn(t, s)}.do(s)
	}
	require.Equal(t, 3, s.Viewers("rig1"), "behind one address, told apart by their cookies")
}

func TestViewersAreLimited(t *testing.T) {
	const limit = 6
	v := viewers{limit: limit}
	now := time.Unix(1000, 0)
	come := func(viewer int, from string, at time.Time) (begun, full bool) {
		return v.saw("rig1", strconv.Itoa(viewer), watching{from: netip.MustParseAddr(from), last: at})
	}
	for i := range limit / 2 {
		begun, full := come(i, "192.0.2.1", now)
		require.True(t, begun)
		require.False(t, full)
	}
	_, full := come(10, "192.0.2.1", now)
	require.True(t, full, "one address gets half of the places")
	begun, full := come(0, "192.0.2.1", now)
	require.False(t, begun || full, "who watches goes on")
	for i := range limit / 2 {
		_, full = come(20+i, "127.0.0.1", now)
		require.False(t, full)
	}
	_, full = come(30, "192.0.2.2", now)
	require.True(t, full)
	require.Equal(t, limit, v.count("rig1", now.Add(viewerSpan)))

	later := now.Add(viewerSpan + time.Second)
	require.Zero(t, v.count("rig1", later))
	begun, _ = come(0, "192.0.2.1", later)
	require.True(t, begun, "who comes again has a place")
	require.Len(t, v.forget(later)["rig1"], limit-1)
	begun, _ = come(30, "192.0.2.2", later)
	require.True(t, begun, "the others have gone")
	v.forget(later.Add(2 * viewerSpan))
	require.Empty(t, v.channels)

	for i := range limit / 2 {
		_, full = come(40+i, fmt.Sprint("2001:db8::", i), later)
		require.False(t, full)
	}
	_, full = come(50, "2001:db8::9", later)
	require.True(t, full, "a customer of IPv6 is one address")
	_, full = come(50, "2001:db8:0:1::9", later)
	require.False(t, full)
}

func TestTooManyViewersAreToldToWait(t *testing.T) {
	s := newTestServer("")
	s.viewers.limit = 1
	require.Equal(t, http.StatusOK, request{path: "/hls/rig1/x"}.do(s).Code)
	w := request{path: "/hls/rig1/x", from: "192.0.2.9:1"}.do(s)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

func TestViewingIsLogged(t *testing.T) {
	var log bytes.Buffer
	s := newTestServer(testKey)
	s.log = slog.New(slog.NewJSONHandler(&log, nil))
	cookie := signIn(t, s)
	for range 3 {
		request{path: "/hls/rig1/x", cookie: cookie, header: map[string]string{"User-Agent": "VLC"}}.do(s)
	}
	s.sweep(time.Now())
	require.Regexp(t, `^{[^\n]*"msg":"viewing began","kind":"viewer","channel":"rig1","from":"192.0.2.7","key":"ward",`+
		`"agent":"VLC"}\n$`, log.String())
	log.Reset()
	s.sweep(time.Now().Add(2 * viewerSpan))
	require.Regexp(t, `"msg":"viewing ended","kind":"viewer","channel":"rig1".*"since":"20.*","seconds":0}\n$`,
		log.String())
	require.NotContains(t, log.String(), testKey)
}

// TestViewersAgentsAreCut keeps no more of a viewer than can be read.
func TestViewersAgentsAreCut(t *testing.T) {
	s := newTestServer("")
	for i := range 3 {
		r := httptest.NewRequest(http.MethodGet, "/hls/rig1/index.m3u8", nil)
		r.Host = "localhost"
		r.Header.Set("User-Agent", strings.Repeat("x", 15_000)+strconv.Itoa(i))
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	require.Len(t, s.viewers.of("rig1"), 1)
	for viewer, w := range s.viewers.of("rig1") {
		require.Less(t, len(viewer), 2*maxAgent)
		require.Len(t, w.agent, maxAgent)
	}
}

// TestLongQueriesAreRefused lets nobody have playlists made that repeat kilobytes in each line.
func TestLongQueriesAreRefused(t *testing.T) {
	s := newTestServer(testKey)
	query := "?key=" + testKey + "&x="
	query += strings.Repeat("x", maxQuery+1-len(query))
	require.Equal(t, http.StatusOK, request{path: "/hls/rig1/index.m3u8" + query}.do(s).Code)
	require.Equal(t, http.StatusRequestURITooLong, request{path: "/hls/rig1/index.m3u8" + query + "x"}.do(s).Code)
}
