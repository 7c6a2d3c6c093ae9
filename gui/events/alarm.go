package events

import (
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

const (
	alarmAfter = 3 * time.Second  // without a picture
	alarmPause = 10 * time.Second // between two calls of a kind, at the least
)

// Call is something to tell an operator who looks elsewhere.
type Call struct{ Title, Text string }

// Alarm says when to call the operator: a picture has been gone for three seconds, or is back after such a call. Calls
// of a kind are ten seconds apart at the least; what happens meanwhile is told together then. The zero value is ready.
// It belongs to one goroutine.
type Alarm struct {
	channels map[string]*watched
	gone     time.Time // when the last call of each kind was
	back     time.Time
}

// watched is a channel that has had a picture.
type watched struct {
	gone time.Time // since when there is none; zero while there is one
	told bool
}

// Step takes what the receiver says now, and returns the calls to make.
func (a *Alarm) Step(now time.Time, s State) []Call {
	if !s.Running {
		a.channels = nil // the operator, who knows, or will see
		return nil
	}
	if a.channels == nil {
		a.channels = map[string]*watched{}
	}
	var gone, back []status.Channel
	for _, c := range s.Snapshot.Channels {
		w := a.watch(now, c)
		switch {
		case w == nil:
		case w.gone.IsZero() && w.told:
			back = append(back, c)
		case !w.gone.IsZero() && !w.told && now.Sub(w.gone) >= alarmAfter:
			gone = append(gone, c)
		}
	}
	var calls []Call
	if len(gone) > 0 && due(&a.gone, now) {
		call := Call{Title: "No picture from " + a.tell(gone, true)}
		if len(gone) == 1 {
			call.Text = gone[0].Verdict.Text
		}
		calls = append(calls, call)
	}
	if len(back) > 0 && due(&a.back, now) {
		calls = append(calls, Call{Title: "The picture of " + a.tell(back, false) + " is back"})
	}
	return calls
}

// due tells whether it is time for another call, and if so takes note of that.
func due(last *time.Time, now time.Time) bool {
	if !last.IsZero() && now.Sub(*last) < alarmPause {
		return false
	}
	*last = now
	return true
}

// watch brings a channel up to date; it returns nil for one that has had no picture yet, or plays a capture.
func (a *Alarm) watch(now time.Time, c status.Channel) *watched {
	w := a.channels[c.ID]
	has := hasPicture(c)
	if w == nil && has && c.Source != "file" {
		w = &watched{}
		a.channels[c.ID] = w
	}
	switch {
	case w == nil:
	case has:
		w.gone = time.Time{}
	case w.gone.IsZero():
		w.gone = now
		if c.State == status.ChannelSilent && c.Since.Before(now) {
			w.gone = c.Since.Time // its last packet
		}
	}
	return w
}

// tell marks channels as told of, or not, and returns their names.
func (a *Alarm) tell(channels []status.Channel, told bool) string {
	names := make([]string, 0, len(channels))
	for _, c := range channels {
		a.channels[c.ID].told = told
		names = append(names, c.Name)
	}
	return words.List(names)
}
