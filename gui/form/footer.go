package form

import (
	"fmt"
	"os"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// footer says how the settings are, and has the buttons.
type footer struct {
	object                    fyne.CanvasObject
	note                      *widgets.Note
	apply, save, revert, back *widget.Button
}

func newFooter() *footer {
	f := &footer{
		note:   widgets.NewNote(theme.SizeNameText),
		apply:  widget.NewButtonWithIcon("Start", theme.MediaPlayIcon(), nil),
		save:   widget.NewButton("Save", nil),
		revert: widget.NewButton("Revert", nil),
		back:   widget.NewButton("Back to the picture", nil),
	}
	f.apply.Importance = widget.HighImportance
	f.back.Importance = widget.LowImportance
	buttons := container.New(layout.NewCustomPaddedHBoxLayout(8),
		f.back, f.revert, f.save, container.New(&widthLayout{140}, f.apply))
	f.object = container.New(layout.NewCustomPaddedVBoxLayout(0), widget.NewSeparator(),
		container.New(layout.NewCustomPaddedLayout(10, 10, 16, 16),
			container.NewBorder(nil, nil, nil, buttons, container.New(middleLayout{}, f.note))))
	return f
}

func (b *footer) show(f *Form) {
	right := len(f.problems) == 0
	label, icon := "Start", theme.MediaPlayIcon()
	if f.state.Running {
		label, icon = "Apply", theme.ConfirmIcon()
	}
	if b.apply.Text != label {
		b.apply.Text = label
		b.apply.SetIcon(icon)
	}
	widgets.Enable(b.apply, right && !f.state.Busy && (!f.state.Running || f.edited()))
	widgets.Enable(b.save, right && f.state.Kept.Path != "" && !f.kept())
	widgets.Enable(b.revert, f.edited())
	if f.state.Running != b.back.Visible() {
		b.back.Hidden = !f.state.Running
		b.object.Refresh()
	}
	b.note.Set(b.text(f))
}

// kept tells whether what the fields hold is what is kept.
func (f *Form) kept() bool {
	return f.cfg.Equal(f.state.Kept.Config)
}

// text says how the settings are.
func (b *footer) text(f *Form) (text string, shape widgets.Shape, tone widgets.Tone) {
	kept := f.state.Kept
	switch n := len(f.problems); {
	case n > 0:
		p := f.problems[0]
		text = where(f.draft, p) + ": " + widgets.Sentence(p.text)
		if n > 1 {
			text += fmt.Sprintf(" And %d more.", n-1)
		}
		return text, widgets.Square, widgets.Bad
	case kept.Err != nil:
		return widgets.Sentence(kept.Err.Error()), widgets.Square, widgets.Bad
	case kept.Path == "" && f.state.Config.Demo:
		return "A demonstration: its settings are not kept.", widgets.Ring, widgets.Quiet
	case kept.Path == "":
		return "These settings are not kept.", widgets.Triangle, widgets.Warning
	case f.state.Running && f.edited():
		return "Changed, and not applied yet.", widgets.Disc, widgets.Accent
	case !f.kept():
		return "Not saved yet.", widgets.Ring, widgets.Quiet
	case len(kept.Over) > 0:
		return "Saved in " + short(kept.Path) + ". When it starts with " + strings.Join(kept.Over, ", ") +
			" as now, that wins.", widgets.Ring, widgets.Quiet
	case kept.Beside != "":
		return "Saved. The old file is now " + short(kept.Beside) + ".", widgets.Ring, widgets.Quiet
	default:
		return "Saved in " + short(kept.Path) + ".", widgets.Ring, widgets.Quiet
	}
}

// names are the fields as the operator sees them, by the names of their settings.
var names = map[string]string{
	"http.address": "Web page, TCP port", "http.public_url": "Web page, public address", "access.mode": "Who may watch",
	"tls.self_signed": "Web page, encryption", "tls.cert": "Web page, certificate", "tls.key": "Web page, private key",
	"http.legacy_hls_address": "Old server, TCP port", "http.trusted_proxies": "Proxies, addresses",
	"access.origins": "Other web sites",
	"hls.variant":    "Video, variant", "hls.segment": "Video, segment", "hls.part": "Video, part",
	"dump.folder": "Saved packets, folder", "dump.limit": "Saved packets, size",
	"channel.id": "in web addresses", "channel.name": "name", "channel.interface": "network interface",
	"channel.ports": "UDP ports", "channel.source": "receive by", "channel.allow": "allowed senders",
	"channel.latency": "latency budget", "channel.after_loss": "after a loss", "channel.rtp_to": "send RTP on to",
}

// where names the field of a problem.
func where(d draft, p problem) string {
	name, ok := names[p.setting]
	if !ok {
		name = p.setting
	}
	if p.rig == app.NoChannel {
		return name
	}
	return titleOf(d.rigs[p.rig]) + ", " + name
}

// short writes a path of the user's own as people do.
func short(path string) string {
	if home, err := os.UserHomeDir(); err == nil {
		if rest, ok := strings.CutPrefix(path, home+string(os.PathSeparator)); ok {
			return "~" + string(os.PathSeparator) + rest
		}
	}
	return path
}

// middleLayout puts one thing at half the height.
type middleLayout struct{}

func (middleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	o := objects[0]
	o.Resize(fyne.NewSize(size.Width-12, o.Size().Height))
	height := o.MinSize().Height
	o.Resize(fyne.NewSize(size.Width-12, height))
	o.Move(fyne.NewPos(0, (size.Height-height)/2))
}

func (middleLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(100, objects[0].MinSize().Height)
}
