package form

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// rigPage shows the settings of one rig.
type rigPage struct {
	object           fyne.CanvasObject
	title            *widgets.Text
	up, down, remove *widget.Button

	netChoice    *choice
	source, loss *options
	row          *portRow
	fields       map[string]*field // by the name of the setting
	filling      bool
}

// newRigPage returns a page that raises what the operator changes.
func newRigPage(edit func(change func(*rigDraft))) *rigPage {
	p := &rigPage{
		title:     heading(""),
		up:        widget.NewButtonWithIcon("", theme.MoveUpIcon(), nil),
		down:      widget.NewButtonWithIcon("", theme.MoveDownIcon(), nil),
		remove:    widget.NewButtonWithIcon("Remove", theme.DeleteIcon(), nil),
		netChoice: newChoice(),
		source:    newOptions(app.SourceUDP, "Open the ports", app.SourceCapture, "Only listen in"),
		loss:      newOptions(app.AfterLossContinue, "The picture goes on", app.AfterLossFreeze, "The picture freezes"),
		row:       newPortRow(),
		fields:    map[string]*field{},
	}
	p.netChoice.OnChosen = func(v string) { edit(func(d *rigDraft) { d.Interface = v }) }
	p.source.OnChosen = func(v string) { edit(func(d *rigDraft) { d.Source = v }) }
	p.loss.OnChosen = func(v string) { edit(func(d *rigDraft) { d.AfterLoss = v }) }
	text := func(setting, name string, width float32, unit string, set func(*rigDraft, string)) fyne.CanvasObject {
		return p.add(setting, newEntryField(name, p.entry(edit, set, setting == "channel.allow"), width, unit))
	}
	tools := container.New(layout.NewCustomPaddedHBoxLayout(6), p.up, p.down, p.remove)
	p.object = container.New(layout.NewCustomPaddedVBoxLayout(12),
		section(container.NewBorder(nil, nil, nil, tools, p.title),
			text("channel.name", "Name", 0, "", func(d *rigDraft, s string) { d.Name = s }),
			p.add("channel.interface", newField("Network interface", p.netChoice.Select)),
			p.ports(edit)),
		section(heading("Who may send, and how it is received"),
			text("channel.allow", "Allowed senders", 0, "", func(d *rigDraft, s string) { d.allow = s }),
			p.add("channel.source", newField("Receive by", p.source.RadioGroup)),
			text("channel.latency", "Latency budget", 110, "ms", func(d *rigDraft, s string) { d.latency = s }),
			p.add("channel.after_loss", newField("After a loss", p.loss.RadioGroup))),
		section(heading("Addresses"),
			text("channel.rtp_to", "Send RTP on to", 0, "", func(d *rigDraft, s string) { d.RTPTo = s }),
			text("channel.id", "In web addresses", 0, "", func(d *rigDraft, s string) { d.ID = s })))
	p.fields["channel.allow"].entry.SetMinRowsVisible(2)
	p.fields["channel.allow"].entry.SetPlaceHolder("anybody")
	p.fields["channel.rtp_to"].entry.SetPlaceHolder("nowhere")
	return p
}

func (p *rigPage) add(setting string, f *field) fyne.CanvasObject {
	p.fields[setting] = f
	return f.object
}

// ports returns the field of the ports, with what each is like below the entry.
func (p *rigPage) ports(edit func(func(*rigDraft))) fyne.CanvasObject {
	entry := p.entry(edit, func(d *rigDraft, s string) { d.ports = s }, false)
	entry.AlwaysShowValidationError = true
	f := newField("UDP ports", container.New(layout.NewCustomPaddedVBoxLayout(6), entry,
		container.New(layout.NewCustomPaddedLayout(0, 0, noteInset, 0), p.row.object)))
	f.entry = entry
	return p.add("channel.ports", f)
}

// entry returns an entry that raises what is typed.
func (p *rigPage) entry(edit func(func(*rigDraft)), set func(*rigDraft, string), lines bool) *widget.Entry {
	entry := widget.NewEntry()
	if lines {
		entry = widget.NewMultiLineEntry()
	}
	entry.OnChanged = func(text string) {
		if !p.filling {
			edit(func(d *rigDraft) { set(d, text) })
		}
	}
	return entry
}

// fill puts what a draft holds into the fields.
func (p *rigPage) fill(d rigDraft) {
	p.filling = true
	defer func() { p.filling = false }()
	for setting, text := range map[string]string{
		"channel.name": d.Name, "channel.ports": d.ports, "channel.allow": d.allow, "channel.latency": d.latency,
		"channel.rtp_to": d.RTPTo, "channel.id": d.ID,
	} {
		if entry := p.fields[setting].entry; entry.Text != text {
			entry.SetText(text)
		}
	}
	p.source.set(d.Source)
	p.loss.set(d.AfterLoss)
}

// rigView is what a rig's page shows besides what its fields hold.
type rigView struct {
	index, of  int
	draft      rigDraft
	channel    app.Channel // as far as the draft can be read
	wrong      map[string]string
	interfaces []Interface
	uses       []app.PortUse
	right      string // as in State
}

// show shows what the draft means, and what is wrong with it.
func (p *rigPage) show(v rigView) {
	p.title.Set(titleOf(v.draft), widgets.Normal)
	widgets.Enable(p.up, v.index > 0)
	widgets.Enable(p.down, v.index < v.of-1)
	widgets.Enable(p.remove, v.of > 1)
	values, labels := interfaceOptions(v.interfaces, v.draft.Interface)
	p.netChoice.offer(values, labels, v.draft.Interface)

	for setting, purpose := range map[string]string{
		"channel.name":       "",
		"channel.interface":  "",
		"channel.ports":      "One for each link, in their order: a range as 5078-5081, or a list as 5078,5080.",
		"channel.allow":      "Addresses and networks, one a line, as 192.0.2.7 or 10.0.0.0/8. None: anybody may send.",
		"channel.source":     sourcePurpose(v.draft.Source),
		"channel.latency":    latencyPurpose(),
		"channel.after_loss": lossPurpose(v.draft.AfterLoss),
		"channel.rtp_to":     "Also send the RTP packets to a player or a program, as 127.0.0.1:4567. Empty: nowhere.",
		"channel.id":         fmt.Sprintf("Viewers' players find it at /hls/%s/index.m3u8.", v.draft.ID),
	} {
		p.fields[setting].show(v.wrong[setting], purpose)
	}
	if v.draft.Source != app.SourceCapture {
		v.right = ""
	}
	p.fields["channel.source"].live.Set(v.right, widgets.Triangle, widgets.Warning)
	p.fields["channel.interface"].live.Set(interfaceNote(v.interfaces, v.draft.Interface, v.draft.Source))
	ports := v.channel.Ports
	if v.draft.Source == app.SourceCapture {
		ports, v.uses = nil, nil // it opens none
	}
	p.row.show(ports, v.uses)
	p.fields["channel.ports"].live.Set(portsNote(v.uses))
}

// titleOf is the name of a rig, or its place where it has none.
func titleOf(d rigDraft) string {
	if d.Name == "" {
		return "A rig without a name"
	}
	return d.Name
}

func sourcePurpose(source string) string {
	if source == app.SourceCapture {
		return "Takes a copy of what passes the interface, where another program has the ports or a mirror port " +
			"delivers them. It only listens: the rig gets no feedback."
	}
	return "The usual way: this program opens the ports, and the rig gets feedback."
}

func latencyPurpose() string {
	return fmt.Sprintf("How long a gap is waited for, %d to %d ms. More helps with worse links; the picture is later.",
		app.MinLatency.Milliseconds(), app.MaxLatency.Milliseconds())
}

func lossPurpose(afterLoss string) string {
	if afterLoss == app.AfterLossFreeze {
		return "The last whole picture stands until the next keyframe: nothing damaged is shown."
	}
	return "The video goes on at once, marked as damaged until the next keyframe."
}
