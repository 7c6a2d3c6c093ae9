package gui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// licences are the licences of what the program is built from, with the modules under each; a test compares them with
// what is built in.
var licences = []struct{ name, of string }{
	{"Apache 2.0", `fyne.io/systray github.com/prometheus/client_golang github.com/prometheus/client_model
		github.com/prometheus/common github.com/prometheus/procfs github.com/rymdport/portal hls.js`},
	{"BSD, two clauses", `github.com/godbus/dbus/v5`},
	{"BSD, three clauses", `fyne.io/fyne/v2 github.com/FyshOS/fancyfs github.com/fsnotify/fsnotify github.com/fyne-io/image
		github.com/fyne-io/oksvg github.com/go-gl/glfw/v3.4/glfw github.com/go-text/render
		github.com/go-text/typesetting github.com/google/gopacket github.com/google/uuid
		github.com/munnerz/goautoneg github.com/srwiley/oksvg github.com/srwiley/rasterx golang.org/x/image
		golang.org/x/net golang.org/x/sys golang.org/x/text golang.org/x/time google.golang.org/protobuf rsc.io/qr`},
	{"ISC", `github.com/nfnt/resize`},
	{"MIT", `github.com/BurntSushi/toml github.com/abema/go-mp4 github.com/alecthomas/kong github.com/anthonynsimon/bild
		github.com/asticode/go-astikit github.com/asticode/go-astits github.com/beorn7/perks
		github.com/bluenviron/gohlslib/v2 github.com/bluenviron/gortsplib/v5 github.com/bluenviron/mediacommon/v2
		github.com/cespare/xxhash/v2 github.com/clipperhouse/uax29/v2 github.com/dustin/go-humanize
		github.com/go-chi/chi/v5 github.com/go-gl/gl github.com/jeandeaual/go-locale github.com/josharian/native
		github.com/jsummers/gobmp github.com/mattn/go-runewidth github.com/mdlayher/packet github.com/mdlayher/socket
		github.com/nicksnyder/go-i18n/v2 github.com/pelletier/go-toml/v2 github.com/pion/randutil github.com/pion/rtp
		github.com/yuin/goldmark`},
	{"SIL Open Font 1.1", `Noto Sans`},
}

// about says what this is, of which version, and from what it is built.
func about() fyne.CanvasObject {
	name := widgets.NewText("", widgets.TextStyle{Size: theme.SizeNameHeadingText, Bold: true})
	name.Set("ISC Receiver", widgets.Normal)
	version := widgets.NewText("", widgets.TextStyle{})
	version.Set("Version "+app.Version, widgets.Quiet)
	text := container.New(layout.NewCustomPaddedVBoxLayout(0),
		paragraph("Live video from a moving vehicle over several bad links at once, made whole again.\n"+
			"ISC Receiver is free software under the MIT licence. It is no medical device: decide nothing about a "+
			"patient from its pictures alone."),
		paragraph("It contains, each under the licence of its authors:"))
	for _, l := range licences {
		text.Add(paragraph(l.name + ": " + strings.Join(strings.Fields(l.of), ", ") + "."))
	}
	return container.NewBorder(container.New(layout.NewCustomPaddedVBoxLayout(0), name, version), nil, nil, nil,
		container.NewVScroll(text))
}

func paragraph(text string) fyne.CanvasObject {
	l := widget.NewLabel(text)
	l.Wrapping, l.Selectable = fyne.TextWrapWord, true
	return container.New(layout.NewCustomPaddedLayout(0, 0, -4, 0), l)
}

// keyboard lists what the keys do: those of the menus, and those without Control.
func keyboard(m *menus) fyne.CanvasObject {
	table := container.New(layout.NewFormLayout())
	row := func(key, what string) {
		k := widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true})
		w := widgets.NewText("", widgets.TextStyle{Hug: true})
		k.Set(key+"   ", widgets.Normal)
		w.Set(what, widgets.Normal)
		table.Add(k)
		table.Add(w)
	}
	digit := false
	m.each(func(i *fyne.MenuItem) {
		s, has := i.Shortcut.(*desktop.CustomShortcut)
		if !has {
			return
		}
		if s.KeyName >= fyne.Key1 && s.KeyName <= fyne.Key9 {
			if !digit {
				row("Ctrl+1 to 9", "Picture of a rig")
			}
			digit = true
			return
		}
		row("Ctrl+"+string(s.KeyName), strings.TrimSuffix(i.Label, "..."))
	})
	row("Escape", "Back to all pictures, from the set-up or from a check")
	row("Arrows", "Choose another rig; Return shows it large")
	return container.NewVScroll(table)
}
