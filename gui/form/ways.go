package form

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// waysPage shows the ways to the video besides the page, which few stations need.
type waysPage struct {
	stationPage

	old *widget.Check
}

func newWaysPage(edit func(change func(*draft))) *waysPage {
	p := &waysPage{stationPage: stationPage{fields: map[string]*field{}}}
	p.old = widget.NewCheck("Serve them the first rig's video, too", func(on bool) {
		if !p.filling {
			edit(func(d *draft) { d.old.on = on })
		}
	})
	list := func(setting, name, placeholder string, set func(*draft, string)) fyne.CanvasObject {
		entry := widget.NewMultiLineEntry()
		entry.SetMinRowsVisible(2)
		entry.SetPlaceHolder(placeholder)
		p.raise(entry, func(s string) { edit(func(d *draft) { set(d, s) }) })
		return p.add(setting, newEntryField(name, entry, 0, ""))
	}
	few := widgets.NewNote(theme.SizeNameText)
	few.Set("Few stations need any of this.", widgets.Ring, widgets.Quiet)
	p.object = container.New(layout.NewCustomPaddedVBoxLayout(12),
		container.New(layout.NewCustomPaddedLayout(2, 0, 16, 0), few),
		section(heading("Players of the old server"),
			p.add("old", newField("Old players", p.old)),
			p.entry("http.legacy_hls_address", "TCP port", 110, "",
				func(s string) { edit(func(d *draft) { d.old.port = s }) })),
		section(heading("Proxies before this computer"),
			list("http.trusted_proxies", "Addresses", "none", func(d *draft, s string) { d.proxies = s })),
		section(heading("Other web sites"),
			list("access.origins", "May show the video", "none", func(d *draft, s string) { d.origins = s })))
	return p
}

func (p *waysPage) fill(d draft) {
	p.stationPage.fill(map[string]string{
		"http.legacy_hls_address": d.old.port, "http.trusted_proxies": d.proxies, "access.origins": d.origins,
	})
	p.filling = true
	defer func() { p.filling = false }()
	p.old.SetChecked(d.old.on)
}

func (p *waysPage) show(d draft, wrong map[string]string, use app.PortUse) {
	for setting, purpose := range map[string]string{
		"old":                     "For players that were set up for the original system's server. Share shows their link.",
		"http.legacy_hls_address": "The old server had 5077. Whoever may see the page may watch there, too.",
		"http.trusted_proxies": "Proxies that hand on viewers' requests, one a line, as 192.0.2.7 or 10.0.0.0/8. " +
			"What they say of where viewers come from is believed.",
		"access.origins": "Sites whose pages may show the video, one a line, as https://wards.example. " +
			"Such a page needs a key, too.",
	} {
		p.fields[setting].show(wrong[setting], purpose)
	}
	text, shape, tone := "", widgets.Ring, widgets.Quiet
	if d.old.on && !d.alone() {
		text, shape, tone = "Such players know no encryption: whoever is on the way can see the video and the key.",
			widgets.Triangle, widgets.Warning
	}
	p.fields["old"].live.Set(text, shape, tone)
	port := p.fields["http.legacy_hls_address"]
	port.live.Set(portNote(use, d.old.port, "such players find the video here"))
	if d.old.on != port.object.Visible() {
		if d.old.on {
			port.object.Show()
		} else {
			port.object.Hide()
		}
	}
}
