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

// maxRigName is how many characters of a rig's name there is room for beside what is said of it.
const maxRigName = 20

// tabs choose which rig is shown, or all, and say how all of them are. With one rig they are not there.
type tabs struct {
	bar     *fyne.Container
	row     *fyne.Container
	ids     []string
	all     *widgets.Tab
	views   []*widgets.Tab
	onTap   func(channel string) // empty: all
	changed bool                 // a tab needs another width
}

func newTabs() *tabs {
	t := &tabs{
		row: container.New(layout.NewCustomPaddedHBoxLayout(4)),
		all: widgets.NewTab(),
	}
	t.all.OnTapped = func() { t.onTap("") }
	t.bar = container.New(layout.NewCustomPaddedVBoxLayout(0),
		container.New(layout.NewCustomPaddedLayout(4, 4, gap-2, gap),
			container.NewHScroll(t.row)),
		widget.NewSeparator())
	t.bar.Hide()
	return t
}

// show takes the ages of the pictures on screen, as stateText does.
func (t *tabs) show(m model, age func(channel string) time.Duration) {
	rigs := m.Config.Channels
	ids := make([]string, 0, len(rigs))
	for _, rig := range rigs {
		ids = append(ids, rig.ID)
	}
	if !slices.Equal(ids, t.ids) {
		t.ids = ids
		t.fill()
	}
	shape, tone, _ := stateOfAll(m, age)
	t.changed = t.all.Set(widgets.TabValues{Shape: shape, Tone: tone, Name: "All", Chosen: m.All}) || t.changed
	for i, rig := range rigs {
		t.changed = t.views[i].Set(tabValues(m, rig, age)) || t.changed
	}
	// Where all pictures are shown they say the same.
	if visible := len(rigs) > 1 && len(m.visible()) < len(rigs); visible != t.bar.Visible() {
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
	t.row.Add(t.all)
	for _, id := range t.ids {
		tab := widgets.NewTab()
		tab.OnTapped = func() { t.onTap(id) }
		t.views = append(t.views, tab)
		t.row.Add(tab)
	}
	t.changed = true
}

// tabValues is what a rig's tab shows.
func tabValues(m model, rig app.Channel, age func(channel string) time.Duration) widgets.TabValues {
	own := m.of(rig.ID)
	shape, tone, word := rigText(own, age)
	return widgets.TabValues{
		Shape: shape, Tone: tone, Name: shorten(own.channel().Name, maxRigName), Word: word,
		Chosen: !m.All && rig.ID == m.Chosen,
	}
}

// rigText is stateText, and says of a live rig that a link of its is not.
func rigText(m model, age func(channel string) time.Duration) (widgets.Shape, widgets.Tone, string) {
	old := time.Duration(0) // of a rig whose picture is not shown nobody knows more
	if slices.Contains(m.visible(), m.Chosen) {
		old = age(m.Chosen)
	}
	shape, tone, word, _ := stateText(m, old)
	if c := m.channel(); c.State == status.ChannelLive && tone == widgets.Good && linkMissing(c) {
		return widgets.Triangle, widgets.Warning, "A link is silent"
	}
	return shape, tone, word
}

// stateOfAll says how many rigs someone should look at, with the shape and tone of the worst.
func stateOfAll(m model, age func(channel string) time.Duration) (shape widgets.Shape, tone widgets.Tone, word string) {
	unwell, live := 0, 0
	shape, tone = widgets.Ring, widgets.Quiet
	for _, rig := range m.Config.Channels {
		s, t, _ := rigText(m.of(rig.ID), age)
		switch {
		case t >= widgets.Warning:
			unwell++
		case t == widgets.Good:
			live++
		}
		if t > tone {
			shape, tone = s, t
		}
	}
	switch {
	case unwell > 0:
		return shape, tone, fmt.Sprintf("%d of %d to look at", unwell, len(m.Config.Channels))
	default:
		return shape, tone, fmt.Sprintf("%d of %d live", live, len(m.Config.Channels))
	}
}

// linkMissing tells whether a link that has been up is not.
func linkMissing(c status.Channel) bool {
	return slices.ContainsFunc(c.Links, func(l status.Link) bool {
		return l.State == status.LinkDown || l.State == status.LinkSilent && l.Datagrams.Received > 0
	})
}
