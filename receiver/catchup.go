package receiver

import "time"

const (
	// readLate is how old a datagram may be when its turn comes before it is plain that the readers are behind.
	readLate = 20 * time.Millisecond
	// settleTime is how long readers that are behind are given to come up with each other.
	settleTime = 10 * time.Millisecond
)

// catchUp is what a channel does after it could not run for a while, as on a machine that is busy. What has arrived
// meanwhile lies in the sockets. Their readers come to run one after the other, and what one of them has not read yet
// is neither lost nor out of order. So they are given a little time first, and no wait ends before what is old is read.
type catchUp struct {
	since time.Time // when it began; zero where the readers are not behind
	until time.Time // how long they are given
}

// step tells whether what waits is to be taken now, and whether waits may end after that. oldest is when the datagram
// arrived that is next, if any waits.
func (k *catchUp) step(now, oldest time.Time, waits bool) (take, end bool) {
	switch {
	case now.Before(k.until):
		return false, false
	case !waits || now.Sub(oldest) < readLate:
		k.since = time.Time{}
		return true, true
	}
	began := k.since.IsZero()
	if began {
		k.since = now
	}
	k.until = now.Add(settleTime)
	return !began, now.Sub(k.since) >= stale
}

// next returns when there is something to do, where the pipeline has at that time, if ever.
func (k *catchUp) next(at time.Time, ok bool) (time.Time, bool) {
	if k.since.IsZero() || ok && at.After(k.until) {
		return at, ok
	}
	return k.until, true
}
