package receiver

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// logged runs a channel on events for that long, and returns what it logged and its last snapshot.
func logged(t *testing.T, cfg Config, events []event, span time.Duration) (lines []string, last status.Channel) {
	t.Helper()
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	s := &fakeSource{events: events}
	c := New(cfg, s, &s.pool, log)
	end := start(c)
	<-time.After(span)
	synctest.Wait()
	last = c.Snapshot()
	require.NoError(t, end())
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n"), last
}

// only returns the lines that contain what.
func only(lines []string, what string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, what) })
}

// TestLinksAreLogged has a link fall silent, and come back.
func TestLinksAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := slices.DeleteFunc(pictures(t, 500, 10, 10*time.Millisecond), func(e event) bool {
			at := e.at.Sub(epoch)
			return e.link == 2 && at > time.Second && at < 3*time.Second
		})
		lines, _ := logged(t, testConfig(), events, 4500*time.Millisecond)
		link := `level=INFO msg=link port=5080 state=%s from=10.77.2.2:40002 error=""`
		require.Equal(t, []string{
			fmt.Sprintf(link, "up"), fmt.Sprintf(link, "silent"), fmt.Sprintf(link, "up"),
		}, only(lines, "port=5080"))
		require.Len(t, only(lines, "port=5078"), 1)
		require.Len(t, only(lines, "state=live"), 1)
	})
}

// TestMalformedIsLogged sends 100 bad datagrams a second for 5 s: a line a second tells of all of them.
func TestMalformedIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []event
		for i := range 500 {
			at := epoch.Add(time.Duration(i) * 10 * time.Millisecond)
			events = append(events, event{at, 0, elsewhere(0), []byte("garbage")})
		}
		lines, _ := logged(t, testConfig(), events, 10*time.Second)
		lines = only(lines, "malformed")
		require.Len(t, lines, 6)
		sum := 0
		for _, line := range lines {
			var n int
			_, err := fmt.Sscanf(line, `level=WARN msg="malformed datagrams" count=%d`, &n)
			require.NoError(t, err)
			require.True(t, strings.HasSuffix(line, ` cause="isc: datagram shorter than the header"`), line)
			sum += n
		}
		require.Equal(t, 500, sum)
	})
}

// TestLogHasACeiling has all links come and go all at once: the lines that are too many are held back and counted.
func TestLogHasACeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Limits = DefaultLimits()
		cfg.Limits.LogLines = 2
		var events []event
		for burst := range 10 {
			packets := rtpPackets(1, uint16(12*burst), equalLengths(12, 100))
			times := paced(epoch.Add(time.Duration(burst)*2500*time.Millisecond), len(packets), time.Millisecond)
			events = append(events, encode(t, packets, times, fixed(1, 0))...)
		}
		lines, last := logged(t, cfg, events, 30*time.Second)
		ceiling := last.Ceilings[status.CeilingLogLines]
		require.EqualValues(t, 2, ceiling.Limit)
		require.EqualValues(t, 0, ceiling.Now, "the last lines are long ago")
		require.EqualValues(t, 10*2*(4+1), uint64(len(lines))+ceiling.Reached, "each link and the channel, up and silent")
		require.LessOrEqual(t, len(lines), 40)
		require.NotEmpty(t, only(lines, "held_back="))

		cfg.Limits = Limits{}
		_, last = logged(t, cfg, events[:1], time.Second)
		require.EqualValues(t, DefaultLimits().LogLines, last.Ceilings[status.CeilingLogLines].Limit)
	})
}
