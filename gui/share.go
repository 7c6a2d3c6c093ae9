package gui

import (
	"fmt"
	"image"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"rsc.io/qr"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

const (
	// copiedFor is how long the copy button says that it has copied.
	copiedFor = 2 * time.Second

	qrSide    = 232
	textWidth = 372 // of what is beside it
)

// share is what a dialog shows about the page: its address, as text and as a picture for phones, and who watches.
type share struct {
	content    fyne.CanvasObject
	code       *canvas.Image
	noCode     *widgets.Text // why there is none
	address    *widget.Label
	note       *widget.Label // what stands in the way of watching
	watching   *fyne.Container
	entry      *entry // how viewers come in
	hls        *widget.Button
	copy, open *widget.Button
	keyRow     *fyne.Container
	key        *widget.Select // whose address it is
	manage     *widget.Button
	keys       *keysPanel

	chosen   string // the name of the key; where there is none such, it is the first that is good
	named    []string
	marking  bool   // what is chosen is being shown
	model    model  // that is shown
	shown    string // the address whose picture is shown
	copiedAt time.Time
}

func newShare(toClipboard func(text string)) *share {
	s := &share{
		code:     canvas.NewImageFromImage(nil),
		noCode:   widgets.NewText("", widgets.TextStyle{Align: fyne.TextAlignCenter}),
		address:  widget.NewLabel(""),
		note:     widget.NewLabel(""),
		watching: container.New(layout.NewCustomPaddedVBoxLayout(2)),
		hls:      widget.NewButton("Turn HLS off", nil),
		copy:     widget.NewButtonWithIcon("Copy", theme.ContentCopyIcon(), nil),
		open:     widget.NewButtonWithIcon("Open in browser", theme.ComputerIcon(), nil),
		manage:   widget.NewButton("Keys...", nil),
		keys:     newKeysPanel(),
	}
	s.key = widget.NewSelect(nil, func(string) { s.pick() })
	s.keyRow = inset(container.NewBorder(nil, nil, nil, s.manage, s.key)).(*fyne.Container)
	s.code.ScaleMode, s.code.FillMode = canvas.ImageScalePixels, canvas.ImageFillContain
	s.code.SetMinSize(fyne.NewSquareSize(qrSide))
	s.address.Selectable, s.address.Wrapping, s.address.TextStyle.Bold = true, fyne.TextWrapBreak, true
	s.note.Wrapping, s.note.Importance = fyne.TextWrapWord, widget.WarningImportance
	s.key.PlaceHolder = "No key"
	text := container.New(&linesLayout{width: textWidth, gap: 8},
		s.keyRow, s.address, inset(container.NewHBox(s.copy, s.open)), s.note, inset(s.watching),
		inset(container.NewHBox(s.hls)))
	link := container.NewHBox(
		container.New(layout.NewCustomPaddedLayout(6, 6, 6, 6), container.NewStack(s.code, centred(s.noCode))),
		container.NewStack(spacer(textWidth, qrSide+12), text))
	s.entry = newEntry(toClipboard)
	s.content = container.New(layout.NewCustomPaddedVBoxLayout(8), link,
		container.New(layout.NewCustomPaddedLayout(0, 8, theme.InnerPadding(), 0), s.entry.object))
	return s
}

// inset puts a thing at the left edge of the words in labels.
func inset(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(0, 0, theme.InnerPadding(), 0), o)
}

func (s *share) show(m model) {
	c := m.channel()
	link := s.showKeys(m)
	if link != s.shown || s.code.Image == nil {
		s.shown = link
		s.code.Image = qrCode(link)
		s.code.Refresh()
		s.address.SetText(link)
		text := ""
		if s.code.Image == nil {
			text = "No address now"
		}
		s.noCode.Set(text, widgets.Quiet)
	}
	note := shareNote(m)
	if note == "" && link == "" {
		note = "This key has expired. Choose another, or add one."
	}
	if note != s.note.Text {
		s.note.SetText(note)
	}
	s.note.Hidden = s.note.Text == ""
	s.showWatching(m)
	s.showEntry(m, link)
	widgets.Enable(s.copy, link != "")
	widgets.Enable(s.open, link != "")
	label := "Turn HLS on"
	if c.HLS.Enabled {
		label = "Turn HLS off"
	}
	if len(m.Config.Channels) > 1 {
		label += " for " + c.Name
	}
	if s.hls.Text != label {
		s.hls.SetText(label)
	}
	if !s.copiedAt.IsZero() && m.Now.Sub(s.copiedAt) > copiedFor {
		s.copiedAt = time.Time{}
		s.copy.SetIcon(theme.ContentCopyIcon())
	}
}

// showKeys shows whose link it is, where a key is needed, and returns the link.
func (s *share) showKeys(m model) string {
	s.model = m
	needed := m.Viewers.Access == app.AccessKey
	s.keyRow.Hidden = !needed
	if !needed {
		return m.URL
	}
	list := m.Viewers.Keys
	i := s.chosenIn(list)
	names := make([]string, len(list))
	for n, k := range list {
		end, _ := keyEnd(k, m.Now)
		names[n] = "Key: " + k.Name + " · " + end
	}
	if !slices.Equal(names, s.named) {
		s.named = names
		s.key.SetOptions(names)
	}
	if i < 0 {
		s.mark(func() { s.key.ClearSelected() })
		s.keys.show(m, "")
		return ""
	}
	if s.key.Selected != names[i] {
		s.mark(func() { s.key.SetSelectedIndex(i) })
	}
	s.keys.show(m, list[i].Name)
	return list[i].Link
}

// showEntry says how viewers come in with the link that is shown.
func (s *share) showEntry(m model, link string) {
	if i := s.chosenIn(m.Viewers.Keys); i >= 0 {
		m.LegacyURL = m.Viewers.Keys[i].OldLink
	}
	m.URL = link
	s.entry.show(m)
}

// mark shows what is chosen, which is no choice of the operator's.
func (s *share) mark(set func()) {
	s.marking = true
	set()
	s.marking = false
}

// chosenIn returns the place of the key whose link is shown, or -1.
func (s *share) chosenIn(list []app.ViewerKey) int {
	i := slices.IndexFunc(list, func(k app.ViewerKey) bool { return k.Name == s.chosen })
	if i < 0 {
		i = slices.IndexFunc(list, func(k app.ViewerKey) bool { return !k.Expired })
	}
	if i < 0 && len(list) > 0 {
		i = 0
	}
	return i
}

// pick shows the link of the key that the operator has chosen.
func (s *share) pick() {
	if i := s.key.SelectedIndex(); !s.marking && i >= 0 && i < len(s.model.Viewers.Keys) {
		s.choose(s.model.Viewers.Keys[i].Name, s.model)
	}
}

// choose shows the link of a key.
func (s *share) choose(name string, m model) {
	s.chosen = name
	s.show(m)
}

// showWatching says how many watch each rig.
func (s *share) showWatching(m model) {
	lines := watchingLines(m)
	for len(s.watching.Objects) < len(lines) {
		s.watching.Add(widgets.NewText("", widgets.TextStyle{}))
	}
	for i, o := range s.watching.Objects {
		text := ""
		if i < len(lines) {
			text = lines[i]
		}
		o.(*widgets.Text).Set(text, widgets.Quiet)
	}
}

// maxWatching is how many rigs' viewers are told of one by one.
const maxWatching = 5

// watchingLines says how many watch: in all, and where there are several rigs, those of each that has any.
func watchingLines(m model) []string {
	if m.Phase != running {
		return nil
	}
	all, lines := 0, []string{""}
	for _, c := range m.Snapshot.Channels {
		all += c.Viewers
		if c.Viewers > 0 && len(m.Snapshot.Channels) > 1 && len(lines) <= maxWatching {
			lines = append(lines, fmt.Sprintf("%s: %d", c.Name, c.Viewers))
		}
	}
	lines[0] = watchingText(all)
	return lines
}

// watchingText says how many watch.
func watchingText(n int) string {
	switch n {
	case 0:
		return "Nobody is watching."
	case 1:
		return "1 viewer is watching."
	default:
		return fmt.Sprintf("%d viewers are watching.", n)
	}
}

// viewers is how many watch all rigs together.
func (m model) viewers() int {
	n := 0
	if m.Phase == running {
		for _, c := range m.Snapshot.Channels {
			n += c.Viewers
		}
	}
	return n
}

// shareNote says what stands in the way of watching, or who can, where that is to be known.
func shareNote(m model) string {
	c := m.channel()
	u, err := url.Parse(m.URL)
	switch {
	case m.Phase != running:
		return "The page is served while the receiver runs: start it first."
	case m.URL == "":
		return "There is no key that is good, so nobody can watch. Add one."
	case c.HLS.Error != "":
		return widgets.Sentence(c.HLS.Error)
	case !c.HLS.Enabled:
		return "HLS is off: viewers see no video."
	case err == nil && local(u.Hostname()):
		return "Only this computer can open the address."
	}
	return ""
}

// local tells whether a host's name stands for this computer wherever it is used.
func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// copied tells the operator that the address was copied.
func (s *share) copied(now time.Time) {
	s.copiedAt = now
	s.copy.SetIcon(theme.ConfirmIcon())
}

// qrCode is the picture of an address for phones, with the quiet zone that their cameras need; nil where there is none.
func qrCode(address string) image.Image {
	if address == "" {
		return nil
	}
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		return nil // it is too long for one; the text is there
	}
	const quiet = 4 // modules, ISO/IEC 18004, section 6.3.8
	img := image.NewGray(image.Rect(0, 0, code.Size+2*quiet, code.Size+2*quiet))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				img.Pix[img.PixOffset(x+quiet, y+quiet)] = 0
			}
		}
	}
	return img
}
