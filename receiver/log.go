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
	verdict   string // that was logged last
	verdicts  throttle
	malformed uint64 // that were logged
	garbage   throttle
}

// write logs the changes up to c. cause is why the last malformed datagram was that, or nil.
func (j *journal) write(c status.Channel, cause error, now time.Time) {
	switch j.last.State {
	case "": // the first
		j.verdict = c.Verdict.Code
	case c.State:
	default:
		j.verdict = c.Verdict.Code
		j.log.Info("reception", "state", c.State, "verdict", c.Verdict.Text)
	}
	if c.Verdict.Code != j.verdict && j.verdicts.allow(now) {
		j.verdict = c.Verdict.Code
		j.log.Info("verdict", "code", c.Verdict.Code, "text", c.Verdict.Text)
	}
	for i, link := range c.Links {
		if i < len(j.last.Links) {
			j.link(link, j.last.Links[i])
		}
	}
	if lost := c.Packets.Lost - j.last.Packets.Lost; lost > 0 {
		j.log.Warn("packets lost", "count", lost)
	}
	if missed := c.OutputDropped - j.last.OutputDropped; missed > 0 {
		j.log.Warn("an output is too slow", "missed_units", missed)
	}
	if n := c.Datagrams.Malformed - j.malformed; n > 0 && j.garbage.allow(now) {
		j.malformed = c.Datagrams.Malformed
		j.log.Warn("malformed datagrams", "count", n, "cause", cause)
	}
	j.last = c
}

// link logs how a link has changed.
func (j *journal) link(now, was status.Link) {
	if now.State != was.State {
		j.log.Info("link", "port", now.Port, "state", now.State, "from", now.From, "error", now.Error)
	}
	if dropped := now.Datagrams.KernelDropped - was.Datagrams.KernelDropped; dropped > 0 {
		j.log.Warn("the kernel dropped datagrams", "port", now.Port, "count", dropped)
	}
}
