package gui

import (
	"fmt"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// tabs choose which rig is shown, and say how all of them are. With one rig they are not there.
type tabs struct {
	bar     *fyne.Container
	row     *fyne.Container
	unwell  *widgets.Text // how many rigs someone should look at, as some tabs may be out of sight
	ids     []string
	views   []*widgets.Tab
	onTap   func(channel string)
	changed bool // a tab needs another width
}

func newTabs() *tabs {
	t := &tabs{
		row:    container.New(layout.NewCustomPaddedHBoxLayout(4)),
		unwell: widgets.NewText("", widgets.TextStyle{Hug: true}),
	}
	t.bar = container.New(layout.NewCustomPaddedVBoxLayout(0),
		container.New(layout.NewCustomPaddedLayout(4, 4, gap-2, gap),
			container.NewBorder(nil, nil, nil, t.unwell, container.NewHScroll(t.row))),
		widget.NewSeparator())
	t.bar.Hide()
	return t
}

// show takes the age of the picture on screen, as stateText does.
func (t *tabs) show(m model, age time.Duration) {
	rigs := m.Config.Channels
	ids := make([]string, 0, len(rigs))
	for _, rig := range rigs {
		ids = append(ids, rig.ID)
	}
	if !slices.Equal(ids, t.ids) {
		t.ids = ids
		t.fill()
	}
	unwell := 0
	for i, rig := range rigs {
		v := tabValues(m, rig, age)
		if v.Tone == widgets.Bad || v.Tone == widgets.Warning {
			unwell++
		}
		t.changed = t.views[i].Set(v) || t.changed
	}
	text, tone := "", widgets.Quiet
	if unwell > 0 {
		text, tone = fmt.Sprintf("%d of %d to look at", unwell, len(rigs)), widgets.Warning
	}
	if text != t.unwell.Text() {
		t.unwell.Set(text, tone)
		t.changed = true
	}
	if visible := len(rigs) > 1; visible != t.bar.Visible() {
		t.bar.Hidden = !visible
		t.changed = true
	}
	if t.changed {
		t.changed = false
		t.row.Refresh()
		t.bar.Refresh()
	}
}

// fill makes a tab for each rig.
func (t *tabs) fill() {
	t.views = nil
	t.row.RemoveAll()
	for _, id := range t.ids {
		tab := widgets.NewTab()
		tab.OnTapped = func() { t.onTap(id) }
		t.views = append(t.views, tab)
		t.row.Add(tab)
	}
	t.changed = true
}

// tabValues is what a rig's tab shows. Only of the rig that is shown there is a picture whose age could tell more.
func tabValues(m model, rig app.Channel, age time.Duration) widgets.TabValues {
	chosen := rig.ID == m.Chosen
	if !chosen {
		age = 0
	}
	own := m
	own.Chosen = rig.ID
	shape, tone, word, _ := stateText(own, age)
	if c := own.channel(); c.State == status.ChannelLive && tone == widgets.Good && linkMissing(c) {
		shape, tone, word = widgets.Triangle, widgets.Warning, "A link is silent"
	}
	return widgets.TabValues{Shape: shape, Tone: tone, Name: own.channel().Name, Word: word, Chosen: chosen}
}

// linkMissing tells whether a link that has been up is not.
func linkMissing(c status.Channel) bool {
	return slices.ContainsFunc(c.Links, func(l status.Link) bool {
		return l.State == status.LinkDown || l.State == status.LinkSilent && l.Datagrams.Received > 0
	})
}
