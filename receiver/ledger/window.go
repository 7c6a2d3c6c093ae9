package ledger

import (
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// spans are what the snapshot's recent figures are over, by their names.
var spans = [...]struct {
	name string
	span time.Duration
}{{"1s", time.Second}, {"8s", 8 * time.Second}, {"60s", time.Minute}}

const (
	bucketSpan  = 250 * time.Millisecond
	buckets     = 256 // a power of two that covers a minute
	maxSurvives = 3
)

// window counts over the last minute, in buckets of a quarter of a second.
type window struct {
	ring   [buckets]bucket
	newest int64
}

type bucket struct {
	number int64 // of the quarter of a second that it counts

	delivered, recovered, lost, saved uint64        // packets
	gap                               time.Duration // the longest pause in the release that ended in it
	mediaBytes                        uint64
	pictures                          uint64
	sent, arrived                     uint64                  // datagrams of closed segments
	survives                          [maxSurvives + 1]uint64 // segments, by how many links each could have gone without

	links []linkBucket
}

type linkBucket struct {
	tally
	gap time.Duration // the longest pause that ended in it
}

func newWindow(links int) window {
	var w window
	for i := range w.ring {
		w.ring[i].links = make([]linkBucket, links)
	}
	return w
}

// at returns the bucket that counts at that time. What comes for a time that is no longer kept counts in the oldest
// bucket kept.
func (w *window) at(at time.Duration) *bucket {
	number := max(int64(at/bucketSpan), w.newest-buckets+1, 0)
	w.newest = max(w.newest, number)
	b := &w.ring[number%buckets]
	if b.number != number {
		clear(b.links)
		*b = bucket{number: number, links: b.links}
	}
	return b
}

// over calls f with each bucket that counted within the span before now, the bucket of now included.
func (w *window) over(now, span time.Duration, f func(*bucket)) {
	if now < 0 {
		return
	}
	last := int64(now / bucketSpan)
	for number := max(last-int64(span/bucketSpan)+1, 0); number <= last; number++ {
		if b := &w.ring[number%buckets]; b.number == number {
			f(b)
		}
	}
}

// The histogram of waits has a bin for each eighth of a power of two of microseconds, up to 67 seconds.
const (
	waitSteps = 8
	waitBins  = 24 * waitSteps
	waitSpan  = time.Second
	waitRing  = 8
)

// waits is how long released packets had waited, over the last 8 s.
type waits struct {
	ring [waitRing]struct {
		second int64
		bins   [waitBins]uint32
	}
}

func (w *waits) add(at, waited time.Duration) {
	second := max(int64(at/waitSpan), 0)
	r := &w.ring[second%waitRing]
	if r.second != second {
		r.second = second
		clear(r.bins[:])
	}
	r.bins[waitBin(waited)]++
}

// waitBin returns the bin of a wait: linear within each power of two.
func waitBin(waited time.Duration) int {
	us := max(waited.Microseconds(), 0)
	power := 0
	for us>>power >= 2*waitSteps {
		power++
	}
	return min(power*waitSteps+int(us>>power), waitBins-1)
}

// waitOf returns the longest wait that falls into a bin, in milliseconds.
func waitOf(bin int) float64 {
	power, step := 0, bin
	if bin >= 2*waitSteps {
		power = bin/waitSteps - 1
		step = bin - power*waitSteps
	}
	return float64(int64(step+1)<<power) / 1000
}

func (w *waits) summary(now time.Duration) status.Wait {
	var bins [waitBins]uint64
	var total uint64
	for i := range w.ring {
		r := &w.ring[i]
		if age := int64(now/waitSpan) - r.second; age < 0 || age >= waitRing {
			continue
		}
		for bin, n := range r.bins {
			bins[bin] += uint64(n)
			total += uint64(n)
		}
	}
	var s status.Wait
	var below uint64
	for bin, n := range bins {
		if n == 0 {
			continue
		}
		if below*100 < total*50 {
			s.P50 = waitOf(bin)
		}
		if below*100 < total*99 {
			s.P99 = waitOf(bin)
		}
		s.Max = waitOf(bin)
		below += n
	}
	return s
}
