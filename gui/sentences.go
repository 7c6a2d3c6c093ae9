package gui

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	demoText = "Demonstration: a simulated rig, no patient"

	// stale is how old a picture may be before the window says that there is none.
	stale = 1500 * time.Millisecond
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
	up = fmt.Sprintf("%d of %s up.", n, count(len(c.Links), "link"))
	switch {
	case m.Phase != running:
		return "Not receiving.", "Choose where packets arrive, then start.", widgets.Quiet
	case c.State == status.ChannelWaiting:
		return "No link is up yet.", "Waiting for packets on " + count(len(c.Links), "port") + ".", widgets.Quiet
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
	return shape, tone, word, since
}

// channelText is stateText of a run's channel.
func channelText(c status.Channel, age time.Duration) (shape widgets.Shape, tone widgets.Tone, word string) {
	switch c.State {
	case status.ChannelLive:
		switch {
		case c.Verdict.Code == status.VerdictTooLossy && fresh(age):
			return widgets.Triangle, widgets.Warning, "Live, lossy"
		case c.Verdict.Code != status.VerdictOK && c.Verdict.Code != "":
			return widgets.Triangle, widgets.Warning, "No picture"
		case c.Stream.Damaged:
			return widgets.Triangle, widgets.Warning, "Live, damaged"
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

// pictureMessage says why there is no live picture; where there is one, it says nothing. The age is that of the
// picture on screen, and negative where there is none.
func pictureMessage(m model, age time.Duration) widgets.Message {
	c := m.channel()
	live := c.State == status.ChannelLive
	switch {
	case m.Phase == starting:
		return widgets.Message{Tone: widgets.Quiet, Title: "Starting"}
	case m.Phase != running:
		return widgets.Message{Tone: widgets.Quiet, Title: "Stopping"}
	case c.State == status.ChannelFailed:
		return widgets.Message{
			Shape: widgets.Square, Tone: widgets.Bad, Title: "Reception has failed", Text: sentence(c.Error),
			Hint: "Stop, then start again.",
		}
	case c.State == status.ChannelSilent:
		return widgets.Message{
			Shape: widgets.Square, Tone: widgets.Bad, Title: "No signal since " + clock(c.Since.Time), Text: c.Verdict.Text,
		}
	case live && fresh(age):
		return widgets.Message{}
	case live && m.PreviewErr != nil:
		return previewMessage(m.PreviewErr)
	}
	return verdictMessage(m, live, age)
}

// verdictMessage says what the receiver's verdict means for the picture.
func verdictMessage(m model, live bool, age time.Duration) widgets.Message {
	verdict := m.channel().Verdict
	message := widgets.Message{Shape: widgets.Triangle, Tone: widgets.Warning, Text: verdict.Text}
	switch {
	case verdict.Code == status.VerdictNotISC:
		message.Title = "What arrives is not a rig's"
	case verdict.Code == status.VerdictNoKeyframe:
		message.Title = "Waiting for a whole picture"
	case verdict.Code == status.VerdictTooLossy:
		message.Title = "Too much is lost for a picture"
	case !live || verdict.Code == status.VerdictNoPackets:
		message.Shape, message.Tone, message.Title = widgets.Ring, widgets.Accent, "Waiting for the rig"
		message.Hint = whereToSend(m)
	case age < 0:
		return widgets.Message{Shape: widgets.Ring, Tone: widgets.Accent, Title: "The picture is coming"}
	default:
		message.Title = "The preview has stopped"
		message.Text = "Video still arrives and viewers still see it, but its decoder here gives no pictures."
	}
	return message
}

// previewMessage says why the preview has no pictures though video arrives.
func previewMessage(err error) widgets.Message {
	if errors.Is(err, exec.ErrNotFound) {
		return widgets.Message{
			Shape: widgets.Triangle, Tone: widgets.Warning, Title: "No preview without ffmpeg",
			Text: "Video arrives, and viewers see it in their browsers. To see it here, install ffmpeg:",
			Hint: "sudo apt install ffmpeg",
		}
	}
	return widgets.Message{
		Shape: widgets.Triangle, Tone: widgets.Warning, Title: "The preview has failed",
		Text: "Video arrives, and viewers see it. The preview is tried again by itself.",
		Hint: sentence(err.Error()),
	}
}

// whereToSend says what a rig's owner must enter.
func whereToSend(m model) string {
	if m.Snapshot.Demo {
		return ""
	}
	cfg := m.Config.Channels[0]
	addrs := reachable(m.Interfaces, cfg.Interface)
	if len(addrs) == 0 {
		return "This computer has no network address to send to."
	}
	return fmt.Sprintf("Have the rig send to %s, UDP ports %s.", strings.Join(addrs, " or "), cfg.Ports)
}

// linkState says how a link is, with its shape: silent since when, or weak.
func linkState(m model, l status.Link, weak bool) (shape widgets.Shape, tone widgets.Tone, word string) {
	switch {
	case m.Phase != running:
		return widgets.Ring, widgets.Quiet, "off"
	case l.State == status.LinkDown:
		return widgets.Square, widgets.Bad, "down"
	case l.State == status.LinkSilent && l.Datagrams.Received == 0:
		return widgets.Ring, widgets.Quiet, "waiting"
	case l.State == status.LinkSilent:
		return widgets.Square, widgets.Bad, "silent " + span(m.Now.Sub(l.Since.Time))
	case weak:
		return widgets.Triangle, widgets.Warning, "weak"
	default:
		return widgets.Disc, widgets.Good, "up"
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

// count formats a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// megabits formats bits a second as Mb/s.
func megabits(bps float64) string { return strconv.FormatFloat(bps/1e6, 'f', 2, 64) }

// sentence makes the text of an error one: a capital at its head, a full stop at its end.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	_, first := utf8.DecodeRuneInString(text)
	text = strings.ToUpper(text[:first]) + text[first:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
