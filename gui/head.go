package gui

import (
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
	open         *widget.Button // a capture
	setup, start *widget.Button
}

func newHead() *head {
	h := &head{
		mark:  widgets.NewMark(12),
		state: widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true}),
		since: widgets.NewText("", widgets.TextStyle{Hug: true}),
		demo:  widgets.NewPill(),
		open:  widget.NewButtonWithIcon("Open capture...", theme.FolderOpenIcon(), nil),
		setup: widget.NewButtonWithIcon("Set-up", theme.SettingsIcon(), nil),
		start: widget.NewButton("Start", nil),
	}
	h.demo.Hide()
	name := widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true})
	name.Set("ISC Receiver", widgets.Normal)
	left := container.New(layout.NewCustomPaddedHBoxLayout(8),
		name, spacer(2, 0), container.NewCenter(h.mark), h.state, h.since, container.NewCenter(h.demo))
	right := container.New(layout.NewCustomPaddedHBoxLayout(10), h.open, h.setup, h.start)
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

	enable(h.open, m.Phase == running || m.Phase == stopped)
	label := "Stop"
	if m.Phase == stopped || m.Phase == starting {
		label = "Start" // the large one is in the set-up, which is in sight then
	}
	if h.start.Text != label {
		h.start.SetText(label)
	}
	enable(h.start, m.Phase == running || m.Phase == stopped)

	label = "Set-up"
	if settingUp && m.Phase != stopped {
		label = "Picture"
	}
	if h.setup.Text != label {
		h.setup.SetText(label)
	}
	enable(h.setup, m.Phase != stopped && m.Check.Path == "")
}

// enable enables or disables a widget, where that is a change.
func enable(w fyne.Disableable, on bool) {
	switch {
	case on && w.Disabled():
		w.Enable()
	case !on && !w.Disabled():
		w.Disable()
	}
}
