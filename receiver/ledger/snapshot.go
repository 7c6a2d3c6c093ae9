package ledger

import (
	"maps"
	"math"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// pictureSpan is what the picture rate is taken over.
const pictureSpan = 2 * time.Second

// survivalSpan is what the links that could go missing are judged by.
const survivalSpan = 2 * time.Second

// Snapshot writes the accounts as they stand now into c: packets, recent, wait, refused, survival, the stream's
// rates, and each link but for its port, its socket's state and error. started is the clock when the channel began.
func (l *Ledger) Snapshot(now time.Duration, started time.Time, c *status.Channel) {
	pending := c.Packets.Pending
	c.Packets = l.packets
	c.Packets.Pending = pending
	c.Wait = l.waits.summary(now)
	c.Recent = map[string]status.Recent{
		"1s": l.recent(now, time.Second), "8s": l.recent(now, 8*time.Second), "60s": l.recent(now, time.Minute),
	}
	c.Refused = maps.Clone(l.refused)
	c.Malformed = maps.Clone(l.malformed)
	c.Datagrams, _ = l.Counts()
	c.SurvivesLinks = l.survivesLinks(now)

	var media, pictures uint64
	full := now - bucketSpan // rates leave out the bucket that is being filled
	l.window.over(full, time.Second, func(b *bucket) { media += b.mediaBytes })
	l.window.over(full, pictureSpan, func(b *bucket) { pictures += b.pictures })
	c.Stream.BitrateBPS = float64(media * 8)
	c.Stream.FPS = round(float64(pictures)/min(pictureSpan, max(full, time.Second)).Seconds(), 10)

	l.snapshotLinks(now, started, c)
}

func (l *Ledger) snapshotLinks(now time.Duration, started time.Time, c *status.Channel) {
	second := make([]linkBucket, len(l.links))
	var all uint64
	l.window.over(now-bucketSpan, time.Second, func(b *bucket) {
		for i, n := range b.links {
			second[i].datagrams += n.datagrams
			second[i].bytes += n.bytes
			all += n.datagrams
		}
	})
	fastest := l.fastest(now)
	c.Links = make([]status.Link, len(l.links))
	for i := range l.links {
		k, s := &l.links[i], &c.Links[i]
		s.Index, s.Datagrams, s.Saved = i, k.datagrams(), k.saved
		s.State, s.Since = status.LinkSilent, status.Time{Time: started}
		if k.heard {
			s.From = k.from.String()
			s.Since = status.Time{Time: started.Add(k.last)}
			if k.up(now) {
				s.State, s.Since = status.LinkUp, status.Time{Time: started.Add(k.since)}
			}
		}
		s.BitrateBPS = float64(second[i].bytes * 8)
		s.RatePPS = float64(second[i].datagrams)
		if all > 0 {
			s.Share = round(float64(second[i].datagrams)/float64(all), 1000)
		}
		if s.State == status.LinkUp && k.delay.sane() {
			s.JitterMS = round(k.delay.jitter, 10)
			s.DelayMS = round(wrap(k.delay.smooth-fastest), 10)
		}
	}
}

// fastest returns the delay of the fastest link that is up. Delays are as good as their differences: the rig's clock is
// another one, and wraps.
func (l *Ledger) fastest(now time.Duration) (ms float64) {
	found := false
	for i := range l.links {
		k := &l.links[i]
		if k.up(now) && k.delay.sane() && (!found || wrap(k.delay.smooth-ms) < 0) {
			ms, found = k.delay.smooth, true
		}
	}
	return ms
}

// up tells whether a valid packet came within the last second.
func (k *link) up(now time.Duration) bool { return k.heard && now-k.last < silence }

func (l *Ledger) recent(now, span time.Duration) (r status.Recent) {
	l.window.over(now, span, func(b *bucket) {
		r.Delivered += b.packets.Delivered
		r.Recovered += b.packets.Recovered
		r.Lost += b.packets.Lost
	})
	return r
}

// survivesLinks returns how many links at least 95 of 100 segments could have gone without.
func (l *Ledger) survivesLinks(now time.Duration) int {
	var by [maxSurvives + 1]uint64
	var total uint64
	l.window.over(now, survivalSpan, func(b *bucket) {
		for n, segments := range b.survives {
			by[n] += segments
			total += segments
		}
	})
	if total == 0 {
		return 0
	}
	var below uint64
	for n := range by {
		if below += by[n]; below*100 > total*5 {
			return n
		}
	}
	return maxSurvives
}

func round(x, steps float64) float64 { return math.Round(x*steps) / steps }
