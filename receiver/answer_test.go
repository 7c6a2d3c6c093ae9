package receiver

import (
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// listener is a source that keeps what is sent.
type listener struct {
	fakeSource
	began time.Time
	sent  []answer
	fail  error // of each sending
}

type answer struct {
	at   time.Duration
	link int
	to   netip.AddrPort
	size int
}

func (l *listener) Send(link int, to netip.AddrPort, payload []byte) error {
	l.sent = append(l.sent, answer{time.Since(l.began), link, to, len(payload)})
	return l.fail
}

// hear runs a channel on a source until all of its events have come, and returns its last snapshot while it ran.
func (l *listener) hear(t *testing.T, cfg Config) status.Channel {
	t.Helper()
	l.began = time.Now()
	c := New(cfg, l, &l.pool, slog.New(slog.DiscardHandler))
	end := start(c)
	<-time.After(l.events[len(l.events)-1].at.Sub(epoch) + snapshotEvery)
	synctest.Wait()
	s := c.Snapshot()
	require.NoError(t, end())
	return s
}

// counts returns how many answers were sent and withheld, by link.
func counts(c status.Channel) (sent, withheld []uint64) {
	for _, link := range c.Links {
		sent, withheld = append(sent, link.FeedbackSent), append(withheld, link.FeedbackWithheld)
	}
	return sent, withheld
}

// TestAnswersGoToWhoIsThere has one link fall silent while the others go on: it is answered for 2 s more.
func TestAnswersGoToWhoIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l listener
		died := time.Second
		l.events = slices.DeleteFunc(pictures(t, 2500, 50, 2*time.Millisecond), func(e event) bool {
			return e.link == 3 && e.at.Sub(epoch) > died
		})
		sent, withheld := counts(l.hear(t, testConfig()))
		var want [testLinks]uint64
		for _, a := range l.sent {
			require.Equal(t, rigAddress(a.link), a.to)
			require.True(t, a.link != 3 || a.at < died+2*time.Second, a.at)
			want[a.link]++
		}
		require.Equal(t, want[:], sent)
		require.Greater(t, want[0], want[3])
		require.Greater(t, want[3], uint64(2))
		require.Equal(t, []uint64{0, 0, 0, want[0] - want[3]}, withheld)
	})
}

// TestAnswersAreFew has so many packets that there would be feedback more than 20 times a second.
func TestAnswersAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l listener
		l.events = pictures(t, 30_000, 50, 100*time.Microsecond)
		sent, withheld := counts(l.hear(t, testConfig()))
		for link := range testLinks {
			require.EqualValues(t, 3*20, sent[link])
			require.Greater(t, withheld[link], uint64(50))
		}
	})
}

// TestNoAnswers has a source that cannot answer, and one whose sending fails: nothing counts as sent.
func TestNoAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l listener
		l.events = pictures(t, 1000, 50, 2*time.Millisecond)
		cfg := testConfig()
		cfg.ListenOnly = true
		s := l.hear(t, cfg)
		sent, withheld := counts(s)
		require.True(t, s.ListenOnly)
		require.Empty(t, l.sent)
		require.Equal(t, make([]uint64, testLinks), sent)
		require.Equal(t, make([]uint64, testLinks), withheld)

		failing := listener{fail: errSource}
		failing.events = l.events
		sent, withheld = counts(failing.hear(t, testConfig()))
		require.NotEmpty(t, failing.sent)
		require.Equal(t, make([]uint64, testLinks), sent)
		require.Equal(t, make([]uint64, testLinks), withheld)
	})
}
