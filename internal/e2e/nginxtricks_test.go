//go:build nginx

package e2e

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// say sends a request as it is, by HTTP/1.1, and returns the answer.
func (p *proxy) say(t *testing.T, request string) reply {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // a test
	connection, err := dialer.DialContext(t.Context(), "tcp", p.address)
	require.NoError(t, err)
	defer func() { require.NoError(t, connection.Close()) }()
	require.NoError(t, connection.SetDeadline(time.Now().Add(startTime)))
	_, err = io.WriteString(connection, request)
	require.NoError(t, err)
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, body}
}

// testTricks asks for a part that lies in the cache in ways in which nginx and the receiver might understand paths,
// headers and lengths differently. A stranger gets nothing but what is said to strangers.
func testTricks(t *testing.T, p proxy, part, key string) {
	t.Helper()
	parts := strings.Split(part, "/") // "", hls, rig1, epoch, file
	epoch, file := parts[3], parts[4]
	for _, path := range []string{
		"/" + part, "//hls//rig1//" + epoch + "//" + file, "/hls/%72ig1/" + epoch + "/" + file,
		"/hls/rig2/../rig1/" + epoch + "/" + file, "/hls/rig2/%2e%2e/rig1/" + epoch + "/" + file,
		"/hls/rig2%2f..%2frig1/" + epoch + "/" + file, "/hls/rig2/..;/rig1/" + epoch + "/" + file,
		"/hls/rig1/" + epoch + "%2f" + file, part + "%00", part + "/", part + ";x", part + "#", part + "?#",
		"/hls/rig1/" + epoch + "/%252e%252e/" + file, "/healthz/.." + part, "/healthz/..%2f" + part[1:],
		"/assets/.." + part, "/HLS" + part[4:], "/hls/rig1/access/.." + part[9:], "/hls/rig1/access/../../../metrics",
		part + "?key=", part + "?Key=" + key, part + "?x%26key=" + key, part + "?_HLS_msn=1&key%00=" + key,
		part + "%3fkey=" + key, "/" + key + part, "/%3Fkey=" + key, "/isc-receiver-access", "/isc-receiver-access?key=" + key,
		"/metrics", "/readyz", "/api/v1/status", "/api/v1/events",
	} {
		for _, more := range []string{
			"", "X-Forwarded-For: 127.0.0.1\r\n", "X-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n",
			"Connection: X-Forwarded-For, close\r\n", "Range: bytes=0-99\r\nIf-None-Match: *\r\n",
			"X-Original-URL: /api/v1/status\r\nX-Accel-Redirect: " + part + "\r\n",
		} {
			for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
				got := p.say(t, method+" "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"+more+"\r\n")
				require.Contains(t, []int{400, 401, 403, 404, 405}, got.code, path+more)
				require.Less(t, len(got.body), 300, path+more)
			}
		}
	}
	for _, lengths := range []string{
		"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n",
		"Transfer-Encoding: xchunked\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n", "Host: 127.0.0.2\r\n",
	} {
		got := p.say(t, "POST "+part+" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"+lengths+
			"\r\n0\r\n\r\nGET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		require.Contains(t, []int{400, 501}, got.code, lengths)
	}
}

// Behind nginx, wrong keys count by viewer, whatever a viewer says of its address.
func TestNginxLimitsWrongKeys(t *testing.T) {
	address := freeAddress(t)
	receiver, key := startBehind(t, address)
	p := startNginx(t, address)
	cookie := p.signIn(t, key)
	redirect := p.get(t, "/hls/rig1/index.m3u8", cookie)
	part := "/hls/rig1/" + strings.TrimSuffix(redirect.header.Get("Location"), "index.m3u8") + "1.mp4?key=guess"
	for range 10 {
		requireRefused(t, p.get(t, part, ""))
		part += "x"
	}
	refused := p.get(t, part, "")
	require.Equal(t, http.StatusTooManyRequests, refused.code)
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	require.Equal(t, http.StatusSeeOther, p.get(t, "/?key="+key, "").code, "who came with it before")
	require.Equal(t, http.StatusOK, p.get(t, "/", cookie).code)
	receiver.stop(syscall.SIGTERM)
}
