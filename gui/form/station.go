package form

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// stationPage shows settings that are not about one rig.
type stationPage struct {
	object  fyne.CanvasObject
	fields  map[string]*field // by the name of the setting
	filling bool
}

// entry adds a field with an entry that raises what is typed.
func (p *stationPage) entry(setting, name string, width float32, unit string, set func(string)) fyne.CanvasObject {
	return p.add(setting, newEntryField(name, p.raise(widget.NewEntry(), set), width, unit))
}

// raise has an entry raise what is typed.
func (p *stationPage) raise(entry *widget.Entry, set func(string)) *widget.Entry {
	entry.OnChanged = func(text string) {
		if !p.filling {
			set(text)
		}
	}
	return entry
}

func (p *stationPage) add(setting string, f *field) fyne.CanvasObject {
	p.fields[setting] = f
	return f.object
}

// fill puts texts into entries, by the names of their settings.
func (p *stationPage) fill(texts map[string]string) {
	p.filling = true
	defer func() { p.filling = false }()
	for setting, text := range texts {
		if entry := p.fields[setting].entry; entry.Text != text {
			entry.SetText(text)
		}
	}
}

// webPage shows where the page is served, and to whom.
type webPage struct {
	stationPage

	host       *choice
	access     *options
	encryption *encryption
}

func newWebPage(edit func(change func(*draft)), choose chooser) *webPage {
	p := &webPage{
		stationPage: stationPage{fields: map[string]*field{}},
		host:        newChoice(),
		access:      newOptions(app.AccessKey, "Those with the link", app.AccessOpen, "Everyone"),
	}
	p.host.OnChosen = func(v string) { edit(func(d *draft) { d.host = v }) }
	p.access.OnChosen = func(v string) { edit(func(d *draft) { d.base.Access.Mode = v }) }
	p.object = container.New(layout.NewCustomPaddedVBoxLayout(12),
		section(heading("Where the web page is"),
			newField("Served on", p.host.Select).object,
			p.entry("http.address", "TCP port", 110, "",
				func(s string) { edit(func(d *draft) { d.port = s }) }),
			p.entry("http.public_url", "Public address", 0, "",
				func(s string) { edit(func(d *draft) { d.base.HTTP.PublicURL = s }) })),
		section(heading("Who may watch"),
			p.add("access.mode", newField("Let watch", p.access.RadioGroup))),
		section(heading("Encryption"), p.newEncryption(edit, choose)...))
	p.fields["http.public_url"].entry.SetPlaceHolder("none")
	return p
}

func (p *webPage) fill(d draft) {
	p.stationPage.fill(map[string]string{
		"http.address": d.port, "http.public_url": d.base.HTTP.PublicURL,
		"tls.cert": d.base.TLS.Cert, "tls.key": d.base.TLS.Key,
	})
	p.encryption.set(encryptionOf(d))
	p.access.set(d.base.Access.Mode)
}

func (p *webPage) show(d draft, wrong map[string]string, interfaces []Interface, checks app.PortChecks) {
	values, labels := hostOptions(interfaces, d.host)
	p.host.offer(values, labels, d.host)
	for setting, purpose := range map[string]string{
		"http.address": "Viewers open this port of this computer in their browsers.",
		"http.public_url": "What viewers type where a router or a proxy stands between, as https://name/. " +
			"Empty: this computer's own address.",
		"access.mode": accessPurpose(d),
	} {
		p.fields[setting].show(wrong[setting], purpose)
	}
	p.fields["http.address"].live.Set(portNote(checks.HTTP, d.port, "the page is here"))
	p.showEncryption(d, wrong, checks.Certificate)
}

// hostOptions returns the addresses that the page can be served on, and the one in the settings.
func hostOptions(interfaces []Interface, chosen string) (values, labels []string) {
	values = []string{"", "127.0.0.1"}
	labels = []string{"Every network of this computer", "This computer only"}
	for _, i := range interfaces {
		if i.Up && !i.Loop && len(i.Addrs) > 0 {
			values = append(values, i.Addrs[0].String())
			labels = append(labels, fmt.Sprintf("%s · %s", i.Addrs[0], i.Name))
		}
	}
	if !slices.Contains(values, chosen) {
		values, labels = append(values, chosen), append(labels, chosen)
	}
	return values, labels
}

// portNote says who has a TCP port, where that is the one that is entered; ours is what we do there.
func portNote(use app.PortUse, entered, ours string) (text string, shape widgets.Shape, tone widgets.Tone) {
	switch {
	case fmt.Sprint(use.Port) != strings.TrimSpace(entered): // it is of what was entered before
		return "", widgets.Ring, widgets.Quiet
	case use.Port == 0:
		return "Any free port, another one with each start.", widgets.Triangle, widgets.Warning
	case use.Ours:
		return "In use by this window: " + ours + ".", widgets.Disc, widgets.Good
	case use.Service:
		return "In use by " + use.Owner + ". Stop it with " + app.StopService + ", or choose another port.",
			widgets.Square, widgets.Bad
	case use.Taken:
		return "In use by " + use.Owner + ". Close it, or choose another port.", widgets.Square, widgets.Bad
	default:
		return "Free.", widgets.Disc, widgets.Good
	}
}

// accessPurpose says what a mode of access means.
func accessPurpose(d draft) string {
	switch {
	case d.alone():
		return "Nobody but this computer reaches the page, so it is open in any case."
	case d.base.Access.Mode == app.AccessOpen:
		return "Whoever reaches the address sees the patient, without a key. For closed networks only."
	default:
		return "The link carries a key. Whoever has the link can watch, so hand it to those alone who may."
	}
}

// alone tells whether nobody but this computer reaches the page.
func (d draft) alone() bool {
	if d.old.on && d.old.apart && !loopback(d.old.host) {
		return false
	}
	return loopback(d.host) && strings.TrimSpace(d.base.HTTP.PublicURL) == ""
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// videoPage shows how the video is published.
type videoPage struct {
	stationPage

	enabled *widget.Check
	variant *options
}

func newVideoPage(edit func(change func(*draft))) *videoPage {
	p := &videoPage{
		stationPage: stationPage{fields: map[string]*field{}},
		variant:     newOptions("low-latency", "Low latency", "fmp4", "fMP4", "mpegts", "MPEG-TS"),
	}
	p.enabled = widget.NewCheck("Viewers see the video from the start on", func(on bool) {
		if !p.filling {
			edit(func(d *draft) { d.base.HLS.Enabled = on })
		}
	})
	p.variant.OnChosen = func(v string) { edit(func(d *draft) { d.base.HLS.Variant = v }) }
	p.object = section(heading("How viewers get the video (HLS)"),
		p.add("hls.enabled", newField("Publish", p.enabled)),
		p.add("hls.variant", newField("Variant", p.variant.RadioGroup)),
		p.entry("hls.segment", "Segment", 110, "ms", func(s string) { edit(func(d *draft) { d.segment = s }) }),
		p.entry("hls.part", "Part", 110, "ms", func(s string) { edit(func(d *draft) { d.part = s }) }))
	return p
}

func (p *videoPage) fill(d draft) {
	p.stationPage.fill(map[string]string{"hls.segment": d.segment, "hls.part": d.part})
	p.filling = true
	defer func() { p.filling = false }()
	p.enabled.SetChecked(d.base.HLS.Enabled)
	p.variant.set(d.base.HLS.Variant)
}

func (p *videoPage) show(d draft, wrong map[string]string) {
	for setting, purpose := range map[string]string{
		"hls.enabled": "It can be switched for each rig while it receives, too.",
		"hls.variant": variantPurpose(d.base.HLS.Variant),
		"hls.segment": "A file of video begins with the first keyframe after this long. 1000 suits most.",
		"hls.part":    "A segment is handed out in parts of this length. Shorter is less late. 200 suits most.",
	} {
		p.fields[setting].show(wrong[setting], purpose)
	}
	matters := d.base.HLS.Variant == "low-latency" || wrong["hls.part"] != ""
	if matters != p.fields["hls.part"].object.Visible() {
		if matters {
			p.fields["hls.part"].object.Show()
		} else {
			p.fields["hls.part"].object.Hide()
		}
	}
}

func variantPurpose(variant string) string {
	switch variant {
	case "fmp4":
		return "For players that do not know low latency: the video is some segments late."
	case "mpegts":
		return "For old players and set-top boxes: the video is some segments late."
	default:
		return "The least late. Players that do not know it play it as fMP4."
	}
}

// savePage shows where what arrives is saved when the operator asks for that.
type savePage struct{ stationPage }

func newSavePage(edit func(change func(*draft))) *savePage {
	p := &savePage{stationPage{fields: map[string]*field{}}}
	p.object = section(heading("When what arrives is saved"),
		p.entry("dump.folder", "Folder", 0, "", func(s string) { edit(func(d *draft) { d.base.Dump.Folder = s }) }),
		p.entry("dump.limit", "Size of a file", 110, "at most",
			func(s string) { edit(func(d *draft) { d.limit = s }) }))
	p.fields["dump.folder"].entry.SetPlaceHolder("the usual one")
	return p
}

func (p *savePage) fill(d draft) {
	p.stationPage.fill(map[string]string{"dump.folder": d.base.Dump.Folder, "dump.limit": d.limit})
}

func (p *savePage) show(wrong map[string]string) {
	p.fields["dump.folder"].show(wrong["dump.folder"],
		`Empty: "captures" in the folder for this program's data. The path is shown while it is saved.`)
	p.fields["dump.limit"].show(wrong["dump.limit"], "Saving ends at this size, as 500MiB or 1GiB.")
}
