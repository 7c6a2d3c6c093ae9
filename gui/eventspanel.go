package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/events"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// eventsPanel is the log of what has happened, newest first.
type eventsPanel struct {
	panel      fyne.CanvasObject
	filter     *widget.Check
	copy, save *widget.Button
	list       *widget.List
	empty      *widgets.Text

	log   events.Log
	last  events.State
	shown []events.Event
}

func newEventsPanel() *eventsPanel {
	p := &eventsPanel{
		filter: widget.NewCheck("Needs action", nil),
		copy:   widget.NewButtonWithIcon("", theme.ContentCopyIcon(), nil),
		save:   widget.NewButtonWithIcon("", theme.DocumentSaveIcon(), nil),
		empty:  widgets.NewText("", widgets.TextStyle{}),
	}
	p.copy.Importance, p.save.Importance = widget.LowImportance, widget.LowImportance
	p.filter.OnChanged = func(bool) { p.fill() }
	p.list = widget.NewList(
		func() int { return len(p.shown) },
		func() fyne.CanvasObject { return widgets.NewLogLine() },
		func(i widget.ListItemID, o fyne.CanvasObject) { o.(*widgets.LogLine).Set(eventLine(p.shown[i])) })
	p.list.HideSeparators = true
	heading := widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true})
	heading.Set("Events", widgets.Normal)
	top := container.NewBorder(nil, nil, centred(heading),
		container.New(layout.NewCustomPaddedHBoxLayout(2), p.filter, p.copy, p.save))
	p.panel = widgets.NewCard(container.New(&underLayout{}, top, container.NewStack(
		container.New(layout.NewCustomPaddedVBoxLayout(0), p.empty), p.list)), 8)
	p.fill()
	return p
}

// show takes what the receiver says now.
func (p *eventsPanel) show(s events.State) {
	news := events.Between(p.last, s)
	p.last = s
	if len(news) > 0 {
		p.log.Add(news...)
		p.fill()
	}
}

// fill shows the log anew.
func (p *eventsPanel) fill() {
	p.shown = p.log.Events(p.filter.Checked)
	text := ""
	switch {
	case len(p.shown) > 0:
	case p.filter.Checked:
		text = "Nothing needs action."
	default:
		text = "Nothing has happened yet."
	}
	p.empty.Set(text, widgets.Quiet)
	widgets.Enable(p.copy, len(p.shown) > 0)
	widgets.Enable(p.save, len(p.shown) > 0)
	p.list.Refresh()
}

// text returns the events that are shown, as text.
func (p *eventsPanel) text() string { return events.Text(p.shown) }

// eventLine is how an event is shown.
func eventLine(e events.Event) widgets.LogValues {
	v := widgets.LogValues{Shape: widgets.Disc, Tone: widgets.Normal, Time: clock(e.Time), Lead: e.Lead, Text: e.Text}
	switch e.Level {
	case events.Bad:
		v.Shape, v.Tone = widgets.Square, widgets.Bad
	case events.Warning:
		v.Shape, v.Tone = widgets.Triangle, widgets.Warning
	default:
		v.Shape = widgets.Ring
	}
	if e.Channel != "" {
		v.Lead = e.Channel + ": " + v.Lead
	}
	return v
}

// eventsState is the part of a model that events are told from.
func eventsState(m model) events.State {
	s := events.State{
		Time: m.Now, Running: m.Phase == running, Snapshot: m.Snapshot, Savings: map[string]events.Saving{},
	}
	if m.Failure != nil {
		s.Failure = widgets.Sentence(m.Failure.Error())
	}
	for id, d := range m.Dumps {
		saving := events.Saving{Running: d.Running, Path: d.Path}
		switch {
		case d.Err != nil:
			saving.Ended = widgets.Sentence(d.Err.Error())
		case d.Full:
			saving.Ended = "The file has reached " + bytesText(d.Limit) + ", its limit."
		}
		s.Savings[id] = saving
	}
	return s
}

// underLayout puts one thing under another, into all the room that is left.
type underLayout struct{}

func (*underLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	height := objects[0].MinSize().Height
	objects[0].Resize(fyne.NewSize(size.Width, height))
	objects[1].Move(fyne.NewPos(0, height))
	objects[1].Resize(fyne.NewSize(size.Width, size.Height-height))
}

func (*underLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	upper, lower := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(max(upper.Width, lower.Width), upper.Height+lower.Height)
}
