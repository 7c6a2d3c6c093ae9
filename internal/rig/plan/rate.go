package plan

import "time"

// When the bitrate of the video follows the number of paths in use. Each change costs a short hole in the video.
const (
	downAfter = 2 * time.Second
	upAfter   = 15 * time.Second
	roundTo   = 10_000 // bits a second
)

// rate is the bitrate of the video on its way from one step to the next.
type rate struct {
	now   int       // the present bitrate; 0 before the first decision
	next  int       // what it should be
	since time.Time // since when
}

// decide returns the bitrate at which no path in use carries more than it would with all paths in use.
func (r *rate) decide(now time.Time, config Config, used, all int) int {
	if config.Bitrate == 0 || used == 0 {
		return r.now
	}
	wanted := config.Bitrate
	if used < all {
		wanted = int(float64(wanted)*config.load(all)/config.load(used)) / roundTo * roundTo
		wanted = min(max(wanted, roundTo), config.Bitrate)
	}
	if wanted != r.next {
		r.next, r.since = wanted, now
	}
	wait := upAfter
	if r.next < r.now {
		wait = downAfter
	}
	if r.now == 0 || r.next != r.now && now.Sub(r.since) >= wait {
		r.now = r.next
	}
	return r.now
}
