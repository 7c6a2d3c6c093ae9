package receiver

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// queueSize is how many access units may wait for an output, about 5 s, and queueBytes how many bytes of them, the one
// that it is at included: more than that at 20 Mb/s.
const (
	queueSize  = 128
	queueBytes = 32 << 20
)

// logEvery is how often one output's or socket's errors are logged at most.
const logEvery = time.Second

// queue hands access units to one output. Where the output is too slow it drops units up to the next IDR unit.
type queue struct {
	output  Output
	units   chan media.AccessUnit
	held    atomic.Int64 // bytes of the units that wait, and of the one that the output is at
	skip    bool         // until the next IDR unit
	dropped atomic.Uint64
	busy    mark // since when the output has been at its unit, none while it waits for one
	log     *slog.Logger
}

func newQueue(output Output, log *slog.Logger) *queue {
	return &queue{output: output, units: make(chan media.AccessUnit, queueSize), log: log}
}

// put adds a unit, or drops it. One goroutine may call it.
func (q *queue) put(unit media.AccessUnit) {
	unit.Hole = unit.Hole || q.skip
	if !q.skip || unit.IDR {
		q.skip = !q.add(unit)
	}
	if q.skip {
		q.dropped.Add(1)
	}
}

// add adds a unit if there is room for it.
func (q *queue) add(unit media.AccessUnit) bool {
	size := sizeOf(unit)
	if q.held.Add(size) <= queueBytes {
		select {
		case q.units <- unit:
			return true
		default:
		}
	}
	q.held.Add(-size)
	return false
}

// sizeOf returns how many bytes a unit has.
func sizeOf(unit media.AccessUnit) (bytes int64) {
	for _, nalu := range unit.NALUs {
		bytes += int64(len(nalu))
	}
	return bytes
}

// run hands units on until the queue is closed, or ctx has ended.
func (q *queue) run(ctx context.Context) {
	var failures throttle
	for unit := range q.units {
		if ctx.Err() != nil {
			continue
		}
		q.busy.set(time.Now())
		err := q.output.WriteUnit(unit)
		q.busy.clear()
		q.held.Add(-sizeOf(unit))
		if err != nil && failures.allow(time.Now()) {
			q.log.Warn("output failed", "error", err, "more", failures.skipped())
		}
	}
}

// throttle lets one event a logEvery through and counts the others.
type throttle struct {
	next time.Time
	held int
	last int
}

func (t *throttle) allow(now time.Time) bool {
	if now.Before(t.next) {
		t.held++
		return false
	}
	t.next, t.last, t.held = now.Add(logEvery), t.held, 0
	return true
}

// skipped returns how many events were held back before the one that was let through last.
func (t *throttle) skipped() int { return t.last }
