package ledger

import (
	"math"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// pictureSpan is what the picture rate is taken over.
const pictureSpan = 2 * time.Second

// survivalSpan is what the links that could go missing are judged by.
const survivalSpan = 2 * time.Second

// Snapshot writes the accounts as they stand now into c: packets, datagrams and reasons, recent, gaps, wait, survival,
// the stream's rates, and each link but for its port, its socket's state and error, and its feedback. started is the
// clock when the channel began.
func (l *Ledger) Snapshot(now time.Duration, started time.Time, c *status.Channel) {
	pending := c.Packets.Pending
	c.Datagrams, c.Packets = l.Counts()
	c.Packets.Pending = pending
	c.Wait = l.waits.summary(now)
	c.LongestGapMS = l.released.longestSoFar(now)
	c.SurvivesLinks = l.survivesLinks(now)

	var media, pictures uint64
	full := now - bucketSpan // rates leave out the bucket that is being filled
	l.window.over(full, time.Second, func(b *bucket) { media += b.mediaBytes })
	l.window.over(full, pictureSpan, func(b *bucket) { pictures += b.pictures })
	c.Stream.BitrateBPS = float64(media * 8)
	c.Stream.FPS = round(float64(pictures)/min(pictureSpan, max(full, time.Second)).Seconds(), 10)

	c.Links = make([]status.Link, len(l.links))
	l.snapshotLinks(now, started, c.Links)
	l.snapshotRates(now, c.Links)
	l.snapshotRecent(now, c)
	for i := range l.links {
		k, s := &l.links[i], &c.Links[i]
		s.Malformed, s.Refused = k.malformed.addTo(nil), k.refused.addTo(nil)
		c.Malformed, c.Refused = k.malformed.addTo(c.Malformed), k.refused.addTo(c.Refused)
	}
}

func (l *Ledger) snapshotLinks(now time.Duration, started time.Time, links []status.Link) {
	fastest := l.fastest(now)
	for i := range l.links {
		k, s := &l.links[i], &links[i]
		s.Index, s.Datagrams, s.Saved = i, k.datagrams(), k.saved
		s.State, s.Since = status.LinkSilent, status.Time{Time: started}
		s.LongestGapMS = k.heard.longestSoFar(now)
		if k.heard.known {
			s.From = k.from.String()
			s.Since = status.Time{Time: started.Add(k.heard.last)}
		}
		if !k.up(now) {
			continue
		}
		s.State, s.Since = status.LinkUp, status.Time{Time: started.Add(k.since)}
		if k.delay.sane() {
			s.JitterMS = round(k.delay.jitter, 10)
			s.DelayMS = round(wrap(k.delay.smooth-fastest), 10)
		}
	}
}

// snapshotRates writes what came within the last full second.
func (l *Ledger) snapshotRates(now time.Duration, links []status.Link) {
	var all float64
	l.window.over(now-bucketSpan, time.Second, func(b *bucket) {
		for i := range b.links {
			n := float64(b.links[i].datagrams().Received)
			links[i].RatePPS += n
			links[i].BitrateBPS += float64(b.links[i].bytes * 8)
			all += n
		}
	})
	for i := range links {
		if all > 0 {
			links[i].Share = round(links[i].RatePPS/all, 1000)
		}
	}
}

// snapshotRecent writes what came within the last seconds; a pause that goes on counts with its present length.
func (l *Ledger) snapshotRecent(now time.Duration, c *status.Channel) {
	c.Recent = make(map[string]status.Recent, len(spans))
	for i := range c.Links {
		c.Links[i].Recent = make(map[string]status.LinkRecent, len(spans))
	}
	for _, s := range spans {
		r := status.Recent{}
		gap := l.released.pause(now)
		l.window.over(now, s.span, func(b *bucket) {
			r.Delivered += b.delivered
			r.Recovered += b.recovered
			r.Lost += b.lost
			r.Saved += b.saved
			gap = max(gap, b.gap)
		})
		r.LongestGapMS = inMilliseconds(gap)
		for i := range l.links {
			recent := l.linkRecent(now, s.span, i)
			c.Links[i].Recent[s.name] = recent
			r.Datagrams.Add(recent.Datagrams)
		}
		c.Recent[s.name] = r
	}
}

func (l *Ledger) linkRecent(now, span time.Duration, on int) (r status.LinkRecent) {
	gap := l.links[on].heard.pause(now)
	l.window.over(now, span, func(b *bucket) {
		n := &b.links[on]
		r.Datagrams.Add(n.datagrams())
		r.Bytes += n.bytes
		r.Saved += n.saved
		gap = max(gap, n.gap)
	})
	r.LongestGapMS = inMilliseconds(gap)
	return r
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
func (k *link) up(now time.Duration) bool { return k.heard.known && now-k.heard.last < silence }

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

func inMilliseconds(d time.Duration) float64 { return round(float64(d)/float64(time.Millisecond), 10) }
