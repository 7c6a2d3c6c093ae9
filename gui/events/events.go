// Package events tells what has happened from what the receiver said before and after, keeps the last of it, and says
// when the operator is to be called. It is arithmetic on values: no window, no clock of its own.
package events

import (
	"fmt"
	"strconv"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

// Level says whether anyone must act.
type Level int

// The levels.
const (
	Note    Level = iota // good to know
	Warning              // someone should look
	Bad                  // someone must act
)

// Event is something that has happened.
type Event struct {
	Time    time.Time
	Channel string // the name of the rig that it is about, where there are several; else empty
	Level   Level
	Lead    string // what, in a few words
	Text    string // more of it; may be empty

	lost     uint64    // packets, of an event about loss
	lostAt   string    // the ID of the channel that lost them
	lostLast time.Time // when the last of them was given up
}

// NeedsAction tells whether someone should look at it, or must act.
func (e Event) NeedsAction() bool { return e.Level > Note }

// State is what is compared: all that the receiver says at one moment.
type State struct {
	Time     time.Time
	Running  bool
	Failure  string // why it does not run, where it should; a sentence
	Snapshot status.Snapshot
	Savings  map[string]Saving // by the ID of each channel; nil is none
}

// Saving is whether what arrives at a channel is saved.
type Saving struct {
	Running bool
	Path    string
	Ended   string // why it has ended, where that was not asked for; a sentence
}

// Between returns what happened between two states, in the order of the channels.
func Between(before, after State) []Event {
	d := differ{now: after.Time}
	switch {
	case !before.Running && after.Running:
		d.add(Note, "Reception has started.", "")
	case before.Running && !after.Running && after.Failure != "":
		d.add(Bad, "Reception has ended.", after.Failure)
	case before.Running && !after.Running:
		d.add(Note, "Reception has stopped.", "")
	}
	if !after.Running {
		return d.events
	}
	old := map[string]status.Channel{}
	if before.Running && before.Snapshot.Started == after.Snapshot.Started {
		for _, c := range before.Snapshot.Channels {
			old[c.ID] = c
		}
	}
	for _, c := range after.Snapshot.Channels {
		d.name, d.id = "", c.ID
		if len(after.Snapshot.Channels) > 1 {
			d.name = c.Name
		}
		if was, known := old[c.ID]; known {
			d.channel(was, c)
		}
		d.saving(before.Savings[c.ID], after.Savings[c.ID])
	}
	return d.events
}

// differ collects events.
type differ struct {
	now      time.Time
	name, id string // of the channel
	events   []Event
}

func (d *differ) add(level Level, lead, text string) {
	d.events = append(d.events, Event{Time: d.now, Channel: d.name, Level: level, Lead: lead, Text: text})
}

func (d *differ) channel(was, is status.Channel) {
	d.picture(was, is)
	if was.Stream.SSRC != 0 && is.Stream.SSRC != 0 && was.Stream.SSRC != is.Stream.SSRC {
		d.add(Note, "The rig restarted.", "")
	}
	if is.Packets.Lost > was.Packets.Lost {
		d.events = append(d.events, Event{
			Time: d.now, Channel: d.name, Level: Warning, lost: is.Packets.Lost - was.Packets.Lost, lostAt: d.id,
			lostLast: d.now,
		}.worded())
	}
	for i, link := range is.Links {
		if i < len(was.Links) && was.State == status.ChannelLive && is.State == status.ChannelLive {
			d.link(was.Links[i], link, is)
		}
	}
	d.viewers(was.Viewers, is.Viewers)
	if is.HLS.Error != "" && is.HLS.Error != was.HLS.Error {
		d.add(Warning, "HLS has failed.", is.HLS.Error)
	}
}

// hasPicture tells whether viewers see a picture that moves.
func hasPicture(c status.Channel) bool {
	return c.State == status.ChannelLive && (c.Verdict.Code == status.VerdictOK || c.Verdict.Code == "")
}

// picture tells of the picture, and of the states that a picture needs.
func (d *differ) picture(was, is status.Channel) {
	if was.State != is.State && d.ended(is) {
		return
	}
	switch had, has := hasPicture(was), hasPicture(is); {
	case had && !has:
		lead := "No picture."
		if is.Verdict.Code == status.VerdictTooLossy {
			lead = "Too much is lost."
		}
		d.add(Bad, lead, is.Verdict.Text)
	case had || !has:
	case was.State == status.ChannelSilent:
		d.add(Note, "The picture is back after "+span(is.Since.Sub(was.Since.Time))+".", "")
	case was.State == status.ChannelLive && was.Verdict.Code != status.VerdictNoKeyframe:
		d.add(Note, "The picture is back.", "")
	default:
		d.add(Note, "The picture is there.", "")
	}
}

// ended tells of a state in which nothing comes any more, and whether it is one.
func (d *differ) ended(is status.Channel) bool {
	switch is.State {
	case status.ChannelFailed:
		d.add(Bad, "Reception has failed.", is.Error)
	case status.ChannelStopped:
		d.add(Note, "The capture has ended.", "")
	case status.ChannelSilent:
		d.add(Bad, "No signal.", is.Verdict.Text)
	default:
		return false
	}
	return true
}

// link tells of a link of a live channel.
func (d *differ) link(was, is status.Link, c status.Channel) {
	if was.State == is.State {
		return
	}
	name := "Link " + strconv.Itoa(is.Port)
	switch {
	case is.State == status.LinkDown:
		d.add(Bad, name+" is down.", is.Error)
	case is.State == status.LinkSilent && is.Datagrams.Received > 0:
		text := "The coding does not cover it."
		if c.Recent["1s"].Lost == 0 {
			text = "Nothing is lost: the coding covers it."
		}
		d.add(Warning, name+" is silent.", text)
	case is.State == status.LinkUp && was.Datagrams.Received == 0:
		d.add(Note, name+" is up.", "")
	case is.State == status.LinkUp:
		d.add(Note, name+" is up again after "+span(is.Since.Sub(was.Since.Time))+".", "")
	}
}

func (d *differ) viewers(was, is int) {
	watching := fmt.Sprintf("%d watching.", is)
	switch n := is - was; {
	case n == 1:
		d.add(Note, "A viewer joined.", watching)
	case n > 1:
		d.add(Note, fmt.Sprintf("%d viewers joined.", n), watching)
	case n == -1:
		d.add(Note, "A viewer left.", watching)
	case n < -1:
		d.add(Note, fmt.Sprintf("%d viewers left.", -n), watching)
	}
}

func (d *differ) saving(was, is Saving) {
	switch {
	case is.Running && (!was.Running || was.Path != is.Path):
		d.add(Note, "Saving has started.", is.Path)
	case was.Running && !is.Running && is.Ended != "":
		d.add(Warning, "Saving has ended.", is.Ended)
	case was.Running && !is.Running:
		d.add(Note, "Saving has ended.", is.Path)
	}
}

// worded returns an event about loss with the words for its number.
func (e Event) worded() Event {
	e.Lead = words.Count(e.lost, "packet") + " lost"
	if over := e.lostLast.Sub(e.Time); over >= time.Second {
		e.Lead += " over " + span(over)
	}
	e.Lead += "."
	return e
}

// span formats a duration in the one unit that matters.
func span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	default:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
}
