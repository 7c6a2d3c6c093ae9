package gui

import (
	"cmp"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

// pictureMessage says why there is no live picture; where there is one, it says nothing. The age is that of the
// picture on screen, and negative where there is none.
func pictureMessage(m model, age time.Duration) widgets.Message {
	c := m.channel()
	live := c.State == status.ChannelLive
	why := widgets.Message{
		Shape: widgets.Square, Tone: widgets.Bad,
		Text: c.Verdict.Text, Evidence: c.Verdict.Evidence, Hint: c.Verdict.Advice,
	}
	switch {
	case m.Phase == starting:
		return widgets.Message{Tone: widgets.Quiet, Title: "Starting"}
	case m.Phase != running:
		return widgets.Message{Tone: widgets.Quiet, Title: "Stopping"}
	case m.plays() && (m.Playback.Done || c.State == status.ChannelStopped):
		return playedMessage(m)
	case c.State == status.ChannelFailed:
		why.Title, why.Text = "Reception has failed", widgets.Sentence(c.Error)
		why.Hint = cmp.Or(why.Hint, "Stop, then start again.")
		return why
	case c.State == status.ChannelSilent:
		why.Title = "No signal since " + clock(c.Since.Time)
		return why
	case live && fresh(age):
		return widgets.Message{}
	case live && m.PreviewErr[m.Chosen] != nil:
		return previewMessage(m.PreviewErr[m.Chosen])
	}
	return verdictMessage(m, live, age)
}

// verdictMessage says what the receiver's verdict means for the picture.
func verdictMessage(m model, live bool, age time.Duration) widgets.Message {
	verdict := m.channel().Verdict
	message := widgets.Message{
		Shape: widgets.Triangle, Tone: widgets.Warning,
		Text: verdict.Text, Evidence: verdict.Evidence, Hint: verdict.Advice,
	}
	switch {
	case verdict.Code == status.VerdictNotISC:
		message.Title = "What arrives is not a rig's video"
	case verdict.Code == status.VerdictNotAllowed:
		message.Title = "What arrives is not allowed"
	case verdict.Code == status.VerdictClockJumps:
		message.Title = "The rig's clock jumps"
	case verdict.Code == status.VerdictNoKeyframe:
		message.Title = "Waiting for a whole picture"
	case verdict.Code == status.VerdictTooLossy:
		message.Title = "Too much is lost for a picture"
	case !live || verdict.Code == status.VerdictNoPackets:
		message.Shape, message.Tone, message.Title = widgets.Ring, widgets.Accent, "Waiting for the rig"
		message.Hint = cmp.Or(verdict.Advice, whereToSend(m))
	case age < 0:
		return widgets.Message{Shape: widgets.Ring, Tone: widgets.Accent, Title: "The picture is coming"}
	default:
		message.Title, message.Evidence, message.Hint = "The preview has stopped", nil, ""
		message.Text = "Video still arrives and viewers still see it, but its decoder here gives no pictures."
	}
	return message
}

// playedMessage says how a capture came out that has been played to its end, or as far as it could be read.
func playedMessage(m model) widgets.Message {
	c := m.channel()
	message := widgets.Message{
		Shape: widgets.Ring, Tone: widgets.Quiet, Title: "The capture has been played",
		Evidence: c.Verdict.Evidence, Hint: c.Verdict.Advice,
	}
	if c.Verdict.Code != status.VerdictStopped {
		message.Text = c.Verdict.Text
	}
	if err := m.Playback.Err; err != nil {
		message.Shape, message.Tone, message.Title = widgets.Square, widgets.Bad, "The capture has broken off"
		message.Text = widgets.Sentence(err.Error())
	}
	if p := c.Packets; p.Delivered+p.Recovered > 0 {
		message.Evidence = append([]string{
			fmt.Sprintf("%s delivered as received, %s recovered (%d of them saved), %s lost.",
				words.Count(p.Delivered, "packet"), strconv.FormatUint(p.Recovered, 10), p.Saved, strconv.FormatUint(p.Lost, 10)),
		}, message.Evidence...)
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
		Hint: widgets.Sentence(err.Error()),
	}
}

// whereToSend says what a rig's owner must enter.
func whereToSend(m model) string {
	if m.Snapshot.Demo || m.plays() {
		return ""
	}
	cfg := m.rig()
	addrs := reachable(m.Interfaces, cfg.Interface)
	if len(addrs) == 0 {
		return "This computer has no network address to send to."
	}
	return fmt.Sprintf("Have the rig send to %s, UDP ports %s.", strings.Join(addrs, " or "), cfg.Ports)
}
