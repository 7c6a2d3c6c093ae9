package gui

import (
	"fmt"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	humanize "github.com/dustin/go-humanize"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// playback is the bar below the head while a capture plays: that this is no live video, how far it is, and the way
// back.
type playback struct {
	bar         *fyne.Container
	name        *widgets.Text
	progress    *widget.ProgressBar
	text        *widgets.Text
	again, live *widget.Button
}

func newPlayback() *playback {
	p := &playback{
		name:     widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true}),
		progress: widget.NewProgressBar(),
		text:     widgets.NewText("00:00 · 1000 MiB of 1000 MiB · broken off", widgets.TextStyle{}),
		again:    widget.NewButtonWithIcon("Play again", theme.MediaReplayIcon(), nil),
		live:     widget.NewButton("Back to live", nil),
	}
	p.live.Importance = widget.HighImportance
	p.progress.TextFormatter = func() string { return "" } // it would be hard to read there
	mark := widgets.NewPill()
	mark.Set("CAPTURE", widgets.Warning)
	row := container.NewBorder(nil, nil,
		container.New(layout.NewCustomPaddedHBoxLayout(10), container.NewCenter(mark), centred(p.name), spacer(2, 0)),
		container.New(layout.NewCustomPaddedHBoxLayout(8), spacer(2, 0), p.text, p.again, p.live), centred(p.progress))
	card := widgets.NewCard(row, 5)
	card.SetTone(widgets.Warning)
	p.bar = container.New(layout.NewCustomPaddedLayout(6, 2, gap, gap), card)
	p.bar.Hide()
	return p
}

// centred puts a thing at the middle of the height that there is.
func centred(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedVBoxLayout(0), layout.NewSpacer(), o, layout.NewSpacer())
}

func (p *playback) show(m model) {
	visible := m.Config.Capture != "" && m.Phase != stopped
	if visible != p.bar.Visible() {
		p.bar.Hidden = !visible
		p.bar.Refresh()
	}
	if !visible {
		return
	}
	name := filepath.Base(m.Config.Capture)
	if len(m.Config.Channels) > 1 {
		name += " in " + m.Config.Channels[channelIndex(m.Config, m.Player)].Name
	}
	if name = shorten(name, maxFileName); name != p.name.Text() {
		p.name.Set(name, widgets.Normal)
		p.bar.Refresh()
	}
	p.text.Set(playbackText(m), widgets.Normal)
	if value := part(m.Playback.Read, m.Playback.Size); value != p.progress.Value {
		p.progress.SetValue(value)
	}
	widgets.Enable(p.again, m.Phase == running)
	widgets.Enable(p.live, m.Phase == running)
}

// maxFileName is how many characters of a file's name there is room for.
const maxFileName = 36

// shorten shortens a file's name in its middle, as its end tells as much as its beginning.
func shorten(name string, to int) string {
	runes := []rune(name)
	if len(runes) <= to {
		return name
	}
	return string(runes[:to/2]) + "…" + string(runes[len(runes)-to/2+1:])
}

// part returns how much of a size has been read, from 0 to 1.
func part(read, size int64) float64 {
	if size <= 0 {
		return 0
	}
	return min(float64(read)/float64(size), 1)
}

// playbackText says how far a capture is.
func playbackText(m model) string {
	elapsed := m.Elapsed.Truncate(time.Second)
	text := fmt.Sprintf("%d:%02d", int(elapsed.Minutes()), int(elapsed.Seconds())%60)
	if m.Playback.Size > 0 {
		text += " · " + progressText(m.Playback.Read, m.Playback.Size)
	}
	switch {
	case m.Playback.Err != nil:
		text += " · broken off"
	case m.Playback.Done:
		text += " · played"
	}
	return text
}

// progressText says how many bytes of how many.
func progressText(read, size int64) string { return bytesText(read) + " of " + bytesText(size) }

// bytesText formats a number of bytes.
func bytesText(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }
