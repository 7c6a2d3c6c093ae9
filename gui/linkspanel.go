package gui

import (
	"slices"

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
	source   *widgets.Text // where packets come from, where that cannot be answered
	lanes    *fyne.Container
	notices  *fyne.Container

	histories map[linkKey]*history
	started   string // of the run that the histories belong to
	warnings  []string
	refused   refusal
	laneViews []*widgets.Lane
}

// linkKey tells the links of all channels apart.
type linkKey struct {
	channel string
	port    int
}

func newLinks() *links {
	l := &links{
		up:      widgets.NewText("", widgets.TextStyle{Size: titleSize, Bold: true}),
		loss:    widgets.NewText("", widgets.TextStyle{Bold: true}),
		lanes:   container.New(layout.NewCustomPaddedVBoxLayout(8)),
		notices: container.New(layout.NewCustomPaddedVBoxLayout(8)),
		source:  widgets.NewText("", widgets.TextStyle{}),

		histories: map[linkKey]*history{},
	}
	l.source.Hide()
	sentence := container.New(layout.NewCustomPaddedLayout(0, 2, 2, 0),
		container.New(layout.NewCustomPaddedVBoxLayout(0), l.up, l.loss, l.source))
	l.panel = container.NewVScroll(container.New(layout.NewCustomPaddedVBoxLayout(8), sentence, l.lanes, l.notices))
	return l
}

func (l *links) show(m model) {
	up, loss, tone := linksSentence(m)
	if len(m.Config.Channels) > 1 {
		up = shorten(m.channel().Name, maxRigName) + ": " + up
	}
	l.up.Set(up, widgets.Normal)
	l.loss.Set(loss, tone)
	l.showSource(m)
	l.keep(m)
	l.showLanes(m)
	l.showNotices(m)
}

// showSource says where packets come from if the rig cannot hear from here.
func (l *links) showSource(m model) {
	text := sourceText(m)
	l.source.Set(text, widgets.Warning)
	if visible := text != ""; visible != l.source.Visible() {
		l.source.Hidden = !visible
		l.panel.Refresh()
	}
}

// keep takes the numbers of all channels, so that a rig's last minute is there when it is chosen.
func (l *links) keep(m model) {
	if started := m.Snapshot.Started.String(); m.Phase == running && started != l.started {
		l.started = started
		clear(l.histories)
	}
	if m.Phase != running {
		return
	}
	for _, c := range m.Snapshot.Channels {
		for _, link := range c.Links {
			l.history(c.ID, link.Port).add(m.Now, link)
		}
	}
}

// history is a link's.
func (l *links) history(channel string, port int) *history {
	key := linkKey{channel, port}
	h := l.histories[key]
	if h == nil {
		h = &history{}
		l.histories[key] = h
	}
	return h
}

func (l *links) showLanes(m model) {
	c := m.channel()
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
		for _, s := range l.history(c.ID, link.Port).samples {
			top = max(top, 1.25*s.rate)
		}
	}
	for i, link := range c.Links {
		l.laneViews[i].Set(laneValues(m, link, l.history(c.ID, link.Port), top))
	}
}

// showNotices shows warnings, and why a capture was not opened, as cards, and lays out anew only when they change.
func (l *links) showNotices(m model) {
	news := m.Refused.number != l.refused.number || m.Refused.err == nil && l.refused.err != nil
	if news || !slices.Equal(m.Warnings, l.warnings) {
		if news {
			l.refused = m.Refused
		}
		l.warnings = m.Warnings
		l.fillNotices()
	}
}

func (l *links) fillNotices() {
	l.notices.RemoveAll()
	if l.refused.err != nil {
		l.notices.Add(dismissable(notice(l.refused.err.Error(), widgets.Square, widgets.Bad), func() {
			l.refused.err = nil
			l.fillNotices()
		}))
	}
	for _, text := range l.warnings {
		l.notices.Add(notice(text, widgets.Triangle, widgets.Warning))
	}
	l.panel.Refresh() // it needs more room, or less
}

// dismissable puts a button under a notice that takes it away.
func dismissable(notice fyne.CanvasObject, dismiss func()) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedVBoxLayout(4), notice,
		container.NewHBox(layout.NewSpacer(), widget.NewButton("Close", dismiss)))
}

// notice is a sentence in a card of its tone.
func notice(text string, shape widgets.Shape, tone widgets.Tone) fyne.CanvasObject {
	mark := widgets.NewMark(12)
	mark.Set(shape, tone)
	label := widget.NewLabel(widgets.Sentence(text))
	label.Wrapping = fyne.TextWrapWord
	label.Selectable = true // it may hold a command to copy
	card := widgets.NewCard(container.NewBorder(nil, nil,
		container.NewVBox(spacer(0, 3), mark), nil, label), 8)
	card.SetTone(tone)
	return card
}
