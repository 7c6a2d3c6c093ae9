package gui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// head is the bar at the top: how it is, and start and stop.
type head struct {
	bar          fyne.CanvasObject
	mark         *widgets.Mark
	state, since *widgets.Text
	demo         *widgets.Pill
	hls, share   *widget.Button
	setup, start *widget.Button
}

func newHead() *head {
	h := &head{
		mark:  widgets.NewMark(12),
		state: widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true}),
		since: widgets.NewText("", widgets.TextStyle{Hug: true}),
		demo:  widgets.NewPill(),
		hls:   widget.NewButton("HLS on", nil),
		share: widget.NewButton("Share", nil),
		setup: widget.NewButtonWithIcon("Set-up", theme.SettingsIcon(), nil),
		start: widget.NewButton("Start", nil),
	}
	h.demo.Hide()
	name := widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true})
	name.Set("ISC Receiver", widgets.Normal)
	left := container.New(layout.NewCustomPaddedHBoxLayout(8),
		name, spacer(2, 0), container.NewCenter(h.mark), h.state, h.since, container.NewCenter(h.demo))
	right := container.New(layout.NewCustomPaddedHBoxLayout(10), roomFor(h.hls, "HLS off"),
		roomFor(h.share, "Share · 100 watching"), roomFor(h.setup, "Set-up"), roomFor(h.start, "Start"))
	h.bar = container.New(layout.NewCustomPaddedVBoxLayout(0),
		container.New(layout.NewCustomPaddedLayout(7, 7, 14, 12),
			container.NewBorder(nil, nil, nil, right, container.New(layout.NewCustomPaddedVBoxLayout(0),
				layout.NewSpacer(), left, layout.NewSpacer()))),
		widget.NewSeparator())
	return h
}

// show takes the ages of the pictures on screen, negative where there is none.
func (h *head) show(m model, age func(channel string) time.Duration, settingUp bool) {
	shape, tone, word, since := stateText(m, age(m.Chosen))
	if len(m.Config.Channels) > 1 && m.Phase == running {
		shape, tone, word = stateOfAll(m, age)
		since = ""
	}
	h.mark.Set(shape, tone)
	h.state.Set(word, widgets.Normal)
	h.since.Set(since, widgets.Quiet)

	demo := m.Config.Demo && m.Config.Capture == ""
	if h.demo.Visible() != demo {
		h.demo.Set(demoText, widgets.Warning)
		h.demo.Hidden = !demo
		h.bar.Refresh()
	}

	h.showViewers(m)
	label := "Stop"
	if m.Phase == stopped || m.Phase == starting {
		label = "Start" // the large one is in the set-up, which is in sight then
	}
	if h.start.Text != label {
		h.start.SetText(label)
	}
	widgets.Enable(h.start, m.Phase == running || m.Phase == stopped)

	label = "Set-up"
	if settingUp && m.Phase != stopped {
		label = "Picture"
	}
	if h.setup.Text != label {
		h.setup.SetText(label)
	}
	widgets.Enable(h.setup, m.Phase != stopped && m.Check.Path == "")
}

// showViewers says whether viewers can watch, and how many do.
func (h *head) showViewers(m model) {
	hls, importance := "HLS on", widget.MediumImportance
	if !m.channel().HLS.Enabled {
		hls, importance = "HLS off", widget.WarningImportance
	}
	share := fmt.Sprintf("Share · %d watching", m.viewers())
	if h.hls.Text != hls || h.share.Text != share {
		h.hls.Text, h.hls.Importance, h.share.Text = hls, importance, share
		h.hls.Refresh()
		h.share.Refresh()
	}
}

// roomFor keeps room for the longest label of a button, so that nothing moves when it changes.
func roomFor(b *widget.Button, label string) fyne.CanvasObject {
	widest := widget.NewButtonWithIcon(label, b.Icon, nil)
	return container.NewStack(spacer(widest.MinSize().Width, 0), b)
}
