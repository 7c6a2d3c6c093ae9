package receiver

import (
	"log/slog"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// journal logs what changes from one state of a channel to the next: never more than a few lines a second, whatever
// arrives.
type journal struct {
	log       *slog.Logger
	last      status.Channel
	malformed throttle
}

// write logs the changes up to c. cause is why the last malformed datagram was that, or nil.
func (j *journal) write(c status.Channel, cause error, now time.Time) {
	if c.State != j.last.State && j.last.State != "" {
		j.log.Info("reception", "state", c.State, "verdict", c.Verdict.Text)
	}
	var before, after uint64
	for i, link := range c.Links {
		after += link.Datagrams.Malformed
		if i >= len(j.last.Links) {
			continue
		}
		was := j.last.Links[i]
		before += was.Datagrams.Malformed
		if link.State != was.State {
			j.log.Info("link", "port", link.Port, "state", link.State, "from", link.From, "error", link.Error)
		}
		if dropped := link.Datagrams.KernelDropped - was.Datagrams.KernelDropped; dropped > 0 {
			j.log.Warn("the kernel dropped datagrams", "port", link.Port, "count", dropped)
		}
	}
	if lost := c.Packets.Lost - j.last.Packets.Lost; lost > 0 {
		j.log.Warn("packets lost", "count", lost)
	}
	if missed := c.OutputDropped - j.last.OutputDropped; missed > 0 {
		j.log.Warn("an output is too slow", "missed_units", missed)
	}
	if after > before && j.malformed.allow(now) {
		j.log.Warn("malformed datagrams", "count", after-before, "cause", cause)
	}
	j.last = c
}
