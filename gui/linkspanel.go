package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// links is the panel beside the picture: a verdict, a lane per link, and what is not as it should be.
type links struct {
	panel    fyne.CanvasObject
	up, loss *widgets.Text // how many links are up; what the loss of one would do
	lanes    *fyne.Container
	notices  *fyne.Container

	byPort    map[int]*history
	started   string // of the run that the histories belong to
	warnings  []string
	laneViews []*widgets.Lane
}

func newLinks() *links {
	l := &links{
		up:      widgets.NewText("", widgets.TextStyle{Size: titleSize, Bold: true}),
		loss:    widgets.NewText("", widgets.TextStyle{Bold: true}),
		lanes:   container.New(layout.NewCustomPaddedVBoxLayout(8)),
		notices: container.New(layout.NewCustomPaddedVBoxLayout(8)),
		byPort:  map[int]*history{},
	}
	sentence := container.New(layout.NewCustomPaddedLayout(0, 2, 2, 0),
		container.New(layout.NewCustomPaddedVBoxLayout(0), l.up, l.loss))
	l.panel = container.NewVScroll(container.New(layout.NewCustomPaddedVBoxLayout(8), sentence, l.lanes, l.notices))
	return l
}

func (l *links) show(m model) {
	up, loss, tone := linksSentence(m)
	l.up.Set(up, widgets.Normal)
	l.loss.Set(loss, tone)
	l.showLanes(m)
	l.showNotices(m.Warnings)
}

func (l *links) showLanes(m model) {
	c := m.channel()
	if started := m.Snapshot.Started.String(); m.Phase == running && started != l.started {
		l.started = started
		clear(l.byPort)
	}
	if len(l.laneViews) != len(c.Links) {
		l.laneViews = nil
		l.lanes.RemoveAll()
		for range c.Links {
			lane := widgets.NewLane(linkCaptions, historySpan)
			l.laneViews = append(l.laneViews, lane)
			l.lanes.Add(lane)
		}
		l.panel.Refresh()
	}
	top := 0.0
	for _, link := range c.Links {
		h := l.byPort[link.Port]
		if h == nil {
			h = &history{}
			l.byPort[link.Port] = h
		}
		if m.Phase == running {
			h.add(m.Now, link)
		}
		for _, s := range h.samples {
			top = max(top, 1.25*s.rate)
		}
	}
	for i, link := range c.Links {
		l.laneViews[i].Set(laneValues(m, link, l.byPort[link.Port], top))
	}
}

// showNotices shows warnings as cards, and lays out anew only when they change.
func (l *links) showNotices(warnings []string) {
	same := len(warnings) == len(l.warnings)
	for i := range warnings {
		same = same && warnings[i] == l.warnings[i]
	}
	if same {
		return
	}
	l.warnings = warnings
	l.notices.RemoveAll()
	for _, text := range warnings {
		l.notices.Add(notice(text, widgets.Triangle, widgets.Warning))
	}
	l.panel.Refresh() // it needs more room, or less
}

// notice is a sentence in a card of its tone.
func notice(text string, shape widgets.Shape, tone widgets.Tone) fyne.CanvasObject {
	mark := widgets.NewMark(12)
	mark.Set(shape, tone)
	label := widget.NewLabel(sentence(text))
	label.Wrapping = fyne.TextWrapWord
	label.Selectable = true // it may hold a command to copy
	card := widgets.NewCard(container.NewBorder(nil, nil,
		container.NewVBox(spacer(0, 3), mark), nil, label), 8)
	card.SetTone(tone)
	return card
}
