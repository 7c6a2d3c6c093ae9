package gui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

const (
	demoText = "Demonstration: a simulated rig, no patient"

	// stale is how old a picture may be before the window says that there is none.
	stale = 1500 * time.Millisecond

	// sourceFile is the source of a channel that plays a capture file.
	sourceFile = "file"
)

// fresh tells whether a picture of an age counts as one. The age of none is negative.
func fresh(age time.Duration) bool { return age >= 0 && age < stale }

// linksSentence says how the links are, and what the loss of one more would do, with the tone of that.
func linksSentence(m model) (up, loss string, tone widgets.Tone) {
	c := m.channel()
	n := 0
	for _, l := range c.Links {
		if l.State == status.LinkUp {
			n++
		}
	}
	up = fmt.Sprintf("%d of %s up.", n, words.Count(len(c.Links), "link"))
	switch {
	case m.Phase != running:
		return "Not receiving.", "Choose where packets arrive, then start.", widgets.Quiet
	case c.State == status.ChannelStopped && m.plays():
		return "The capture has ended.", "Play it again, or go back to live.", widgets.Quiet
	case c.State == status.ChannelWaiting:
		return "No link is up yet.", "Waiting for packets on " + words.Count(len(c.Links), "port") + ".", widgets.Quiet
	case c.State != status.ChannelLive:
		return up, "No video arrives.", widgets.Bad
	case c.SurvivesLinks > 0:
		return up, fmt.Sprintf("Survives the loss of any %d.", c.SurvivesLinks), widgets.Good
	case n <= 1:
		return up, "Losing it would cost the picture.", widgets.Warning
	case n < len(c.Links):
		return up, "Losing one more would cost pictures.", widgets.Warning
	default:
		return up, "Losing one would cost pictures.", widgets.Warning
	}
}

// sourceText says that the rig cannot hear from here, and why; nothing where it can.
func sourceText(m model) string {
	c := m.channel()
	switch {
	case m.Phase != running || !c.ListenOnly:
		return ""
	case c.Source == sourceFile:
		return "From a capture file: the rig gets no feedback."
	default:
		return "Listens only: the rig gets no feedback."
	}
}

// linkState says how a link is, with its shape: silent since when, or weak.
func linkState(m model, l status.Link, weak bool) (shape widgets.Shape, tone widgets.Tone, word string) {
	switch {
	case m.Phase != running:
		return widgets.Ring, widgets.Quiet, "off"
	case m.channel().State == status.ChannelStopped:
		return widgets.Ring, widgets.Quiet, "ended"
	case l.State == status.LinkDown:
		return widgets.Square, widgets.Bad, "down"
	case l.State == status.LinkSilent && l.Datagrams.Received == 0:
		return widgets.Ring, widgets.Quiet, "waiting"
	case l.State == status.LinkSilent:
		return widgets.Square, widgets.Bad, "silent since " + clock(l.Since.Time)
	case weak:
		return widgets.Triangle, widgets.Warning, "weak"
	default:
		return widgets.Disc, widgets.Good, "up"
	}
}

// stateText says in a word or two how the rig is, with its shape, and since when. The age is that of the picture on
// screen, and negative where there is none.
func stateText(m model, age time.Duration) (shape widgets.Shape, tone widgets.Tone, word, since string) {
	switch {
	case m.Phase == starting:
		return widgets.Ring, widgets.Quiet, "Starting", ""
	case m.Phase == stopping:
		return widgets.Ring, widgets.Quiet, "Stopping", ""
	case m.Phase == stopped && m.Failure != nil:
		return widgets.Square, widgets.Bad, "Not running", ""
	case m.Phase == stopped:
		return widgets.Ring, widgets.Quiet, "Stopped", ""
	}
	c := m.channel()
	if !c.Since.IsZero() {
		since = "since " + clock(c.Since.Time)
	}
	shape, tone, word = channelText(c, age)
	if c.Source == sourceFile {
		word = strings.NewReplacer("Live", "Playing", "Stopped", "Played").Replace(word)
	}
	return shape, tone, word, since
}

// channelText is stateText of a run's channel.
func channelText(c status.Channel, age time.Duration) (shape widgets.Shape, tone widgets.Tone, word string) {
	switch c.State {
	case status.ChannelLive:
		switch {
		case c.Verdict.Code == status.VerdictTooLossy && fresh(age):
			return widgets.Triangle, widgets.Warning, "Disturbed"
		case c.Verdict.Code != status.VerdictOK && c.Verdict.Code != "":
			return widgets.Triangle, widgets.Warning, "No picture"
		case c.Stream.Damaged:
			return widgets.Triangle, widgets.Warning, "Damaged"
		}
		return widgets.Disc, widgets.Good, "Live"
	case status.ChannelSilent:
		return widgets.Square, widgets.Bad, "No signal"
	case status.ChannelFailed:
		return widgets.Square, widgets.Bad, "Failed"
	case status.ChannelStopped:
		return widgets.Ring, widgets.Quiet, "Stopped"
	default:
		return widgets.Ring, widgets.Quiet, "Waiting"
	}
}

// clock formats a moment as the wall clock shows it here.
func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// span formats a duration in its one unit that matters.
func span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
}

// megabits formats bits a second as Mb/s.
func megabits(bps float64) string { return strconv.FormatFloat(bps/1e6, 'f', 2, 64) }
