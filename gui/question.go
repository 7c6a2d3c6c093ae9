package gui

import (
	"fmt"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// question is something to ask the operator before it is done.
type question struct {
	title, text string
	answers     []answer // besides to leave it; the first is the likely one
	ends        bool     // what it asks about ends something for others
}

type answer struct {
	text string
	do   func()
}

// captureQuestion asks what to do with a capture file.
func captureQuestion(m model, path string, c commands) question {
	name := shorten(filepath.Base(path), maxFileName)
	q := question{
		title: "Open " + name,
		text: "Play it with its picture, as fast as it was captured,\n" +
			"or check it at once, for its numbers alone.",
		answers: []answer{
			{"Play", func() { c.Play(path) }},
			{"Check at once", func() { c.Check(path) }},
		},
	}
	if stops := whatStops(m); stops != "" {
		q.title = "Play " + name + "?"
		q.text = stops + "\nTo check it at once, for its numbers alone, stops nothing."
	}
	return q
}

// whatStops says what reception a capture would end that plays in the channel that is shown; nothing where there is
// none.
func whatStops(m model) string {
	ch := m.channel()
	if m.Phase != running || m.plays() || ch.State != status.ChannelLive && ch.State != status.ChannelSilent {
		return ""
	}
	return fmt.Sprintf("Reception of %s stops while the capture plays.", ch.Name)
}

// ask shows a question over a window.
func ask(win fyne.Window, q question) {
	d := dialog.NewCustomWithoutButtons(q.title, widget.NewLabel(q.text), win)
	buttons := make([]fyne.CanvasObject, 0, 1+len(q.answers))
	buttons = append(buttons, widget.NewButton("Cancel", d.Hide))
	for i, a := range q.answers {
		b := widget.NewButton(a.text, func() {
			d.Hide()
			a.do()
		})
		switch {
		case q.ends:
			b.Importance = widget.DangerImportance
		case i == 0:
			b.Importance = widget.HighImportance
		}
		buttons = append(buttons, b)
	}
	d.SetButtons(buttons)
	d.Show()
}

// fileQuestion asks for a file whose name ends like one of the extensions.
type fileQuestion struct {
	title      string
	extensions []string
	chosen     func(path string)
}

// chooseFile has the operator choose a file.
func chooseFile(win fyne.Window, q fileQuestion, failed func(error)) {
	d := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			failed(err)
		case file != nil:
			path := file.URI().Path()
			_ = file.Close() // it is the path that counts
			q.chosen(path)
		}
	}, win)
	d.SetTitleText(q.title)
	d.SetConfirmText("Open")
	d.SetFilter(storage.NewExtensionFileFilter(q.extensions))
	d.Show() // it has no size to change before
	size := win.Canvas().Size()
	d.Resize(fyne.NewSize(min(size.Width-80, 900), min(size.Height-80, 600)))
}
