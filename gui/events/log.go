package events

import (
	"slices"
	"strings"
	"time"
)

const (
	// logSize is how many events a Log keeps.
	logSize = 1000

	// lossPause is how long nothing must be lost for the next loss to be an event of its own.
	lossPause = 10 * time.Second
)

// Log keeps the last logSize events. The zero value is an empty one. It belongs to one goroutine.
type Log struct {
	events []Event // oldest first
}

// Add appends events, oldest first. Losses of a channel that follow each other closely become one.
func (l *Log) Add(events ...Event) {
	for _, e := range events {
		if !l.merge(e) {
			l.events = append(l.events, e)
		}
	}
	if over := len(l.events) - logSize; over > 0 {
		l.events = slices.Delete(l.events, 0, over)
	}
}

// merge adds a loss to the last one of its channel, if that is recent, and tells whether it has.
func (l *Log) merge(e Event) bool {
	if e.lost == 0 {
		return false
	}
	for i, old := range slices.Backward(l.events) {
		if e.Time.Sub(old.Time) > time.Hour {
			return false
		}
		if old.lost > 0 && old.lostAt == e.lostAt {
			if e.Time.Sub(old.lostLast) > lossPause {
				return false
			}
			old.lost += e.lost
			old.lostLast = e.lostLast
			l.events[i] = old.worded()
			return true
		}
	}
	return false
}

// Events returns the events, newest first: all, or only those that need action.
func (l *Log) Events(needAction bool) []Event {
	events := make([]Event, 0, len(l.events))
	for _, e := range slices.Backward(l.events) {
		if !needAction || e.NeedsAction() {
			events = append(events, e)
		}
	}
	return events
}

// Text returns events as lines of text, oldest first, with date and time in the zone of this machine. Events are taken
// in the order that Log.Events gives.
func Text(events []Event) string {
	var b strings.Builder
	for _, e := range slices.Backward(events) {
		b.WriteString(e.Time.Local().Format(time.DateTime))
		b.WriteString("  ")
		b.WriteString([...]string{Note: "      ", Warning: "look  ", Bad: "act   "}[e.Level])
		b.WriteString(e.Sentence())
		b.WriteByte('\n')
	}
	return b.String()
}

// Sentence returns an event in words.
func (e Event) Sentence() string {
	parts := make([]string, 0, 3)
	if e.Channel != "" {
		parts = append(parts, e.Channel+":")
	}
	for _, s := range []string{e.Lead, e.Text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}
