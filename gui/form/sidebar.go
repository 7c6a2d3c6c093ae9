package form

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

const (
	sidebarWidth = 208
	besideName   = 51 // of it, for mark, edges and gaps
)

// sidebar lists the pages of the form, each with the mark of whether it is right.
type sidebar struct {
	object  fyne.CanvasObject
	rigs    *fyne.Container
	rigTabs []*widgets.Tab
	pages   []*widgets.Tab // as in pages
	goTo    func(place)
}

func newSidebar(goTo func(place), addRig func()) *sidebar {
	s := &sidebar{goTo: goTo, rigs: container.New(layout.NewCustomPaddedVBoxLayout(2))}
	list := container.New(layout.NewCustomPaddedVBoxLayout(4))
	add := widget.NewButtonWithIcon("Add a rig", theme.ContentAddIcon(), addRig)
	add.Importance = widget.LowImportance
	list.Objects = []fyne.CanvasObject{caption("Rigs"), s.rigs, add, caption(""), caption("For all of them")}
	for _, p := range pages {
		tab := widgets.NewTab()
		tab.OnTapped = func() { goTo(place{rig: -1, page: p.name}) }
		s.pages = append(s.pages, tab)
		list.Add(tab)
	}
	s.object = container.New(layout.NewCustomPaddedLayout(8, 0, 12, 0),
		container.New(&widthLayout{sidebarWidth}, container.NewVScroll(
			container.New(layout.NewCustomPaddedLayout(1, 1, 1, 4), list))))
	return s
}

func caption(text string) fyne.CanvasObject {
	t := widgets.NewText("", widgets.TextStyle{Size: theme.SizeNameCaptionText})
	t.Set(text, widgets.Quiet)
	return container.New(layout.NewCustomPaddedLayout(2, 2, 10, 0), t)
}

func (s *sidebar) show(f *Form) {
	for len(s.rigTabs) > len(f.draft.rigs) {
		last := len(s.rigTabs) - 1
		s.rigs.Remove(s.rigTabs[last])
		s.rigTabs = slices.Delete(s.rigTabs, last, last+1)
	}
	for len(s.rigTabs) < len(f.draft.rigs) {
		i, tab := len(s.rigTabs), widgets.NewTab()
		tab.OnTapped = func() { s.goTo(place{rig: i}) }
		s.rigTabs = append(s.rigTabs, tab)
		s.rigs.Add(tab)
	}
	for i, rig := range f.draft.rigs {
		warning := ""
		if _, _, tone := interfaceNote(f.state.Interfaces, rig.Interface, rig.Source); tone == widgets.Warning {
			warning = "no network"
		}
		if slices.ContainsFunc(f.uses(i), func(u app.PortUse) bool { return u.Taken && !u.Ours }) {
			warning = "in use"
		}
		v := tabValues(len(f.wrong(i)) > 0, warning)
		v.Name, v.Chosen = shorten(titleOf(rig), v.Word), f.place.rig == i
		s.rigTabs[i].Set(v)
	}
	general := f.wrong(app.NoChannel)
	ports := map[string]app.PortUse{pageWeb: f.state.Ports.HTTP, pageWays: f.state.Ports.Legacy}
	for i, p := range pages {
		wrong := slices.ContainsFunc(p.settings, func(setting string) bool { return general[setting] != "" })
		warning := ""
		if use := ports[p.name]; use.Taken && !use.Ours {
			warning = "in use"
		}
		v := tabValues(wrong, warning)
		v.Name, v.Chosen = p.title, f.place.page == p.name
		s.pages[i].Set(v)
	}
}

// pages are the pages besides those of rigs, with the settings that can be wrong on them.
var pages = []struct {
	name, title string
	settings    []string
}{
	{pageWeb, "Web page", []string{
		"http.address", "http.public_url", "access.mode", "tls.self_signed", "tls.cert", "tls.key",
	}},
	{pageVideo, "Video for viewers", []string{"hls.variant", "hls.segment", "hls.part"}},
	{pageSave, "Saved packets", []string{"dump.folder", "dump.limit"}},
	{pageWays, "Other ways in", []string{"http.legacy_hls_address", "http.trusted_proxies", "access.origins"}},
}

// shorten shortens a name so that it fits into the list with a word behind it.
func shorten(name, word string) string {
	size := theme.Size(theme.SizeNameText)
	room := sidebarWidth - besideName - fyne.MeasureText(word, size, fyne.TextStyle{}).Width
	short := name
	for n := len([]rune(name)) - 1; n > 0; n-- {
		if fyne.MeasureText(short, size, fyne.TextStyle{Bold: true}).Width <= room {
			break
		}
		short = strings.TrimRight(string([]rune(name)[:n]), " ") + "…"
	}
	return short
}

// tabValues is how a page stands in the list.
func tabValues(wrong bool, warning string) widgets.TabValues {
	switch {
	case wrong:
		return widgets.TabValues{Shape: widgets.Square, Tone: widgets.Bad, Word: "wrong"}
	case warning != "":
		return widgets.TabValues{Shape: widgets.Triangle, Tone: widgets.Warning, Word: warning}
	default:
		return widgets.TabValues{Shape: widgets.Disc, Tone: widgets.Quiet} // green is for what is live
	}
}
