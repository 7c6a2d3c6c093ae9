package gui

import (
	"errors"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

const allInterfaces = "All interfaces"

var errPortZero = errors.New("0 is not a port; ports are from 1 to 65535")

// setup is the page that says where to receive.
type setup struct {
	page        fyne.CanvasObject
	content     *fyne.Container
	failure     *fyne.Container
	failureText string
	netSelect   *widget.Select
	names       []string // of the choices, in order; the first, empty, is all
	ports       *widget.Entry
	portsHint   *widgets.Text
	start, back *widget.Button
	filled      string // the ID of the channel whose settings were filled in
	title       *widgets.Text
}

func newSetup() *setup {
	s := &setup{
		failure:   container.NewVBox(),
		netSelect: widget.NewSelect(nil, nil),
		ports:     widget.NewEntry(),
		portsHint: widgets.NewText("", widgets.TextStyle{Size: theme.SizeNameCaptionText}),
		title:     widgets.NewText("", widgets.TextStyle{Size: theme.SizeNameHeadingText, Bold: true}),
		start:     widget.NewButton("Start", nil),
		back:      widget.NewButton("Back to the picture", nil),
	}
	s.start.Importance = widget.HighImportance
	s.ports.OnChanged = func(string) { s.check() }
	s.ports.OnSubmitted = func(string) { s.start.OnTapped() }

	keys := widget.NewLabel(keysText)
	keys.SizeName, keys.Importance, keys.Wrapping = theme.SizeNameCaptionText, widget.LowImportance, fyne.TextWrapWord
	form := container.New(layout.NewFormLayout(),
		fieldName("Network interface"), s.netSelect,
		fieldName("UDP ports"), s.ports,
		spacer(0, 0), container.New(layout.NewCustomPaddedLayout(0, 0, 8, 8), s.portsHint))
	s.content = container.New(layout.NewCustomPaddedVBoxLayout(10),
		layout.NewSpacer(), s.title, s.failure, form,
		container.NewHBox(s.start, s.back), layout.NewSpacer(), keys)
	s.page = widgets.NewCard(container.New(&columnLayout{width: 560}, s.content), 2*gap)
	s.page.Hide()
	return s
}

// fieldName is the name of a field.
func fieldName(text string) fyne.CanvasObject {
	t := widgets.NewText("", widgets.TextStyle{Hug: true})
	t.Set(text, widgets.Quiet)
	return t
}

// show keeps the page up to date. What the operator has entered stays.
func (s *setup) show(m model) {
	s.showInterfaces(m)
	if s.filled != m.Chosen {
		s.fill(m)
	}
	text := ""
	if m.Failure != nil && m.Phase == stopped {
		text = m.Failure.Error()
	}
	if text != s.failureText {
		s.failureText = text
		s.failure.RemoveAll()
		if text != "" {
			s.failure.Add(notice(text, widgets.Square, widgets.Bad))
		}
		s.content.Refresh() // it needs more room, or less
	}
	label := "Start"
	if m.Phase == running {
		label = "Restart with these"
	}
	if s.start.Text != label {
		s.start.SetText(label)
	}
	s.back.Hidden = m.Phase == stopped
	_, err := s.parsePorts()
	enable(s.start, err == nil && (m.Phase == running || m.Phase == stopped))
}

// fill puts what the run has, or the next one will have, into the fields.
func (s *setup) fill(m model) {
	s.filled = m.Chosen
	cfg := m.rig()
	title := "Where the rig's packets arrive"
	if len(m.Config.Channels) > 1 {
		title = "Where the packets of " + cfg.Name + " arrive"
	}
	s.title.Set(title, widgets.Normal)
	if i := slices.Index(s.names, cfg.Interface); i >= 0 {
		s.netSelect.SetSelectedIndex(i)
	}
	s.ports.SetText(cfg.Ports.String())
	s.check()
}

// showInterfaces offers the interfaces that there are, and the one in the settings even if it is not there.
func (s *setup) showInterfaces(m model) {
	names, labels := []string{""}, []string{allInterfaces}
	for _, n := range m.Interfaces {
		names = append(names, n.Name)
		labels = append(labels, interfaceText(n))
	}
	if own := m.rig().Interface; !slices.Contains(names, own) {
		names = append(names, own)
		labels = append(labels, own+" · not here now")
	}
	if slices.Equal(labels, s.netSelect.Options) {
		return
	}
	chosen := ""
	if i := s.netSelect.SelectedIndex(); i >= 0 {
		chosen = s.names[i]
	}
	s.names = names
	s.netSelect.SetOptions(labels)
	s.netSelect.SetSelectedIndex(max(slices.Index(names, chosen), 0))
}

// interfaceText is how an interface is offered: by name, address, and whether it is up.
func interfaceText(n netInterface) string {
	address, state := "no address", "up"
	if len(n.Addrs) > 0 {
		address = n.Addrs[0].String()
	}
	switch {
	case !n.Up:
		state = "down"
	case n.Loop:
		state = "this computer only"
	}
	return fmt.Sprintf("%s · %s · %s", n.Name, address, state)
}

// check says at the field whether the ports are right.
func (s *setup) check() {
	ports, err := s.parsePorts()
	if err != nil {
		s.portsHint.Set(sentence(err.Error()), widgets.Bad)
	} else {
		s.portsHint.Set(fmt.Sprintf("%s, one for each link, in this order.", count(len(ports), "port")), widgets.Quiet)
	}
	enable(s.start, err == nil)
}

// parsePorts reads the ports. Its error says what is right.
func (s *setup) parsePorts() (app.Ports, error) {
	var ports app.Ports
	if err := ports.UnmarshalText([]byte(s.ports.Text)); err != nil {
		return nil, err
	}
	for i, p := range ports {
		switch {
		case p == 0:
			return nil, errPortZero
		case slices.Contains(ports[:i], p):
			return nil, fmt.Errorf("port %d is there twice; each link needs its own", p)
		}
	}
	return ports, nil
}

// values returns what was entered, if it is right.
func (s *setup) values() (netInterface string, ports app.Ports, ok bool) {
	ports, err := s.parsePorts()
	if err != nil {
		return "", nil, false
	}
	if i := s.netSelect.SelectedIndex(); i >= 0 {
		netInterface = s.names[i]
	}
	return netInterface, ports, true
}

// columnLayout puts one thing in the middle, no wider than it reads well.
type columnLayout struct{ width float32 }

func (l *columnLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(l.width, size.Width)
	objects[0].Move(fyne.NewPos((size.Width-width)/2, 0))
	objects[0].Resize(fyne.NewSize(width, size.Height))
}

func (l *columnLayout) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }
