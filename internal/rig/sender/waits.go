package sender

import "time"

// waits is how long packets have waited for their segments to be closed, in the last 10 to 20 s.
type waits struct {
	counts [2][waitSteps]uint32 // of the present span and of the one before
	since  time.Time
}

const (
	waitStep  = 500 * time.Microsecond
	waitSteps = int(maxWait/waitStep) + 1
	waitSpan  = 10 * time.Second
)

func (w *waits) add(wait time.Duration) {
	w.counts[0][min(max(0, int(wait/waitStep)), waitSteps-1)]++
}

// age lets go what is too old.
func (w *waits) age(now time.Time) {
	if now.Sub(w.since) < waitSpan {
		return
	}
	w.since = now
	w.counts[1], w.counts[0] = w.counts[0], [waitSteps]uint32{}
}

// percentile returns the wait that a part of the packets, 0 to 1, did not exceed, rounded up to half a millisecond.
func (w *waits) percentile(part float64) time.Duration {
	var all, seen uint32
	for i := range waitSteps {
		all += w.counts[0][i] + w.counts[1][i]
	}
	if all == 0 {
		return 0
	}
	for i := range waitSteps {
		seen += w.counts[0][i] + w.counts[1][i]
		if float64(seen) >= part*float64(all) {
			if i == 0 {
				return 0
			}
			return time.Duration(i+1) * waitStep
		}
	}
	return maxWait
}
