package form

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// notices are cards above the fields, about what is not in a field.
type notices struct {
	object *fyne.Container
	shown  []note
	onCopy func(text string)
}

// note is one notice, with a command that it offers to copy, or none.
type note struct {
	text, command string
	shape         widgets.Shape
	tone          widgets.Tone
}

func newNotices(onCopy func(text string)) *notices {
	n := &notices{object: container.New(layout.NewCustomPaddedVBoxLayout(8)), onCopy: onCopy}
	n.object.Hide()
	return n
}

func (n *notices) show(f *Form) {
	wanted := noticesOf(f.state)
	if slices.Equal(wanted, n.shown) {
		return
	}
	n.shown = wanted
	n.object.RemoveAll()
	for _, w := range wanted {
		n.object.Add(n.card(w))
	}
	n.object.Hidden = len(wanted) == 0
	n.object.Refresh()
}

// noticesOf returns what there is to say, what matters most first.
func noticesOf(s State) []note {
	var all []note
	if s.Failure != nil {
		all = append(all, note{text: widgets.Sentence(s.Failure.Error()), shape: widgets.Square, tone: widgets.Bad})
	}
	if s.Ports.Service() {
		all = append(all, note{
			text: "The ISC Receiver service of this computer has these ports: it receives now, and this window cannot. " +
				"Leave it so and watch at its web page, or stop it: " + app.StopService,
			command: app.StopService, shape: widgets.Triangle, tone: widgets.Warning,
		})
	}
	if s.Kept.Wrong != nil {
		text := widgets.Sentence(s.Kept.Wrong.Error())
		all = append(all, note{text: text, shape: widgets.Triangle, tone: widgets.Warning})
	}
	if s.First && s.Kept.Wrong == nil && s.Failure == nil {
		all = append(all, note{
			text:  "These settings suit most rigs. Check where the packets arrive, then press Start.",
			shape: widgets.Disc, tone: widgets.Accent,
		})
	}
	return all
}

// card returns a notice as it is shown.
func (n *notices) card(w note) fyne.CanvasObject {
	text := widgets.NewNote(theme.SizeNameText)
	text.Set(w.text, w.shape, w.tone)
	content := fyne.CanvasObject(text)
	if w.command != "" {
		button := widget.NewButtonWithIcon("Copy the command", theme.ContentCopyIcon(), func() { n.onCopy(w.command) })
		content = container.New(layout.NewCustomPaddedVBoxLayout(8), text, container.NewHBox(button))
	}
	card := widgets.NewCard(content, 12)
	card.SetTone(w.tone)
	return card
}
