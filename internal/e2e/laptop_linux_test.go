package e2e

import (
	"bufio"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	stoppedFor = 10 * time.Second
	staleAfter = time.Second     // older datagrams are not taken
	liveAgain  = 2 * time.Second // after the receiver goes on
)

// playlistEnd asks for the channel's playlist, and returns when the last of its pictures came in.
func playlistEnd(t *testing.T, url, list string) (end time.Time) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(url, "/")+list, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	parts := time.Duration(0) // of the segment that is not complete
	for scanner := bufio.NewScanner(strings.NewReader(string(body))); scanner.Scan(); {
		name, value, _ := strings.Cut(scanner.Text(), ":")
		switch name {
		case "#EXT-X-PROGRAM-DATE-TIME":
			end, err = time.Parse(time.RFC3339, value)
			require.NoError(t, err)
			parts = 0
		case "#EXTINF":
			end, parts = end.Add(seconds(t, value)), 0
		case "#EXT-X-PART":
			_, value, _ = strings.Cut(value, "DURATION=")
			parts += seconds(t, value)
		default:
			if strings.HasSuffix(name, ".m3u8") { // the one stream that a list of streams names
				return playlistEnd(t, url, path.Join(path.Dir(response.Request.URL.Path), name))
			}
		}
	}
	return end.Add(parts)
}

// seconds reads the number that a text begins with.
func seconds(t *testing.T, text string) time.Duration {
	t.Helper()
	text, _, _ = strings.Cut(text, ",")
	n, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return time.Duration(n * float64(time.Second))
}

// TestStopped stops the receiver for ten seconds while a rig sends, as a laptop does whose lid is closed for a moment:
// the video goes on with what is sent when it is back, and not with what came meanwhile, which counts as late.
func TestStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	ports := freePorts(t, 4)
	address, view := startViewer(t)
	receiver := startDaemon(t, compile(t), "--http", "127.0.0.1:0", "--ports", ports, "--rtp-to", address)
	r, stopRig := startLive(t, ports)
	stopViewer := view(r)
	live := func() bool { return channelAt(t, receiver.url).Verdict.Code == status.VerdictOK }
	until(t, startTime, "a live picture", live)
	before := channelAt(t, receiver.url)

	sentBefore := r.datagrams.Load()
	require.NoError(t, syscall.Kill(receiver.pid, syscall.SIGSTOP))
	<-time.After(stoppedFor - staleAfter)
	sentMeanwhile := r.datagrams.Load() - sentBefore
	<-time.After(staleAfter)
	goesOn := time.Now()
	require.NoError(t, syscall.Kill(receiver.pid, syscall.SIGCONT))

	until(t, startTime, "video that was sent after that", func() bool {
		return live() && playlistEnd(t, receiver.url, before.HLS.Path).After(goesOn)
	})
	t.Logf("video of after the stop %v after it", time.Since(goesOn).Round(time.Millisecond))
	stopRig()
	sent := r.datagrams.Load()
	var after status.Channel
	until(t, startTime, "all that was sent", func() bool {
		after = channelAt(t, receiver.url)
		return after.Datagrams.Received+after.Datagrams.KernelDropped == sent
	})
	seen := stopViewer()
	late := after.Datagrams.Late - before.Datagrams.Late
	t.Logf("of %d datagrams that came meanwhile %d were late and %d found no room; packets: %+v; seen: %+v",
		sentMeanwhile, late, after.Datagrams.KernelDropped, after.Packets, seen)
	require.GreaterOrEqual(t, late+after.Datagrams.KernelDropped, sentMeanwhile)
	require.Zero(t, seen.wrong)
	require.LessOrEqual(t, seen.oldest, staleAfter+liveAgain, "what is old is not replayed")
	require.Greater(t, seen.gap, stoppedFor-2*staleAfter, "it was stopped")
	require.Less(t, seen.gap, stoppedFor+liveAgain, "the first that came out after the stop was sent soon after it")
	receiver.stop(syscall.SIGTERM)
}
