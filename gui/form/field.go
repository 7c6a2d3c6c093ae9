package form

import (
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// field is a setting with its name at the left, and below it what it is for, or what is wrong with it.
type field struct {
	object fyne.CanvasObject
	entry  *widget.Entry // nil where it is none
	note   *widgets.Note
	live   *widgets.Note // what the system says of it now
}

// newField returns a field around a control.
func newField(name string, control fyne.CanvasObject) *field {
	f := &field{note: widgets.NewNote(theme.SizeNameCaptionText), live: widgets.NewNote(theme.SizeNameCaptionText)}
	label := widgets.NewText("", widgets.TextStyle{Hug: true})
	label.Set(name, widgets.Normal)
	f.object = container.New(fieldLayout{}, label, control, f.live, f.note)
	return f
}

// newEntryField returns a field with an entry of a width; zero stands for all that there is.
func newEntryField(name string, entry *widget.Entry, width float32, unit string) *field {
	entry.AlwaysShowValidationError = true
	control := fyne.CanvasObject(entry)
	if width > 0 {
		label := widgets.NewText("", widgets.TextStyle{Hug: true})
		label.Set(unit, widgets.Quiet)
		control = container.New(layout.NewCustomPaddedHBoxLayout(8),
			container.New(&widthLayout{width}, entry), container.NewCenter(label))
	}
	f := newField(name, control)
	f.entry = entry
	return f
}

// show says what the field is for, or what is wrong with it where something is.
func (f *field) show(wrong, purpose string) {
	var err error
	if wrong != "" {
		err = errors.New(wrong)
		f.note.Set(widgets.Sentence(wrong), widgets.Square, widgets.Bad)
	} else {
		f.note.Set(purpose, widgets.Ring, widgets.Quiet)
	}
	if f.entry != nil {
		f.entry.SetValidationError(err)
	}
}

// fieldLayout puts the name at the left of the control, and the notes below that, with all that are visible.
type fieldLayout struct{}

const (
	nameWidth  = 150
	rowHeight  = 34 // of a control of one line
	controlMax = 470
	noteInset  = 2
	noteGap    = 4
)

func (fieldLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	name, control := objects[0], objects[1]
	name.Resize(name.MinSize())
	height := control.MinSize().Height
	name.Move(fyne.NewPos(0, (min(height, rowHeight)-name.MinSize().Height)/2))
	control.Move(fyne.NewPos(nameWidth, 0))
	control.Resize(fyne.NewSize(min(size.Width-nameWidth, controlMax), height))
	for _, note := range objects[2:] {
		if !note.Visible() {
			continue
		}
		width := size.Width - nameWidth - noteInset
		note.Resize(fyne.NewSize(width, note.Size().Height)) // a note knows its height once it knows its width
		note.Resize(fyne.NewSize(width, note.MinSize().Height))
		note.Move(fyne.NewPos(nameWidth+noteInset, height+noteGap))
		height += noteGap + note.MinSize().Height
	}
}

func (fieldLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := objects[1].MinSize()
	for _, note := range objects[2:] {
		if note.Visible() {
			size.Height += noteGap + note.MinSize().Height
			size.Width = max(size.Width, note.MinSize().Width)
		}
	}
	size.Width += nameWidth
	return size
}

// widthLayout gives one thing a width.
type widthLayout struct{ width float32 }

func (l *widthLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) { objects[0].Resize(size) }

func (l *widthLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(l.width, objects[0].MinSize().Height)
}

// columnLayout puts one thing at the left, no wider than it reads well.
type columnLayout struct{ width float32 }

func (l *columnLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(fyne.NewSize(min(l.width, size.Width), size.Height))
}

func (l *columnLayout) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

// section is a card with a title and fields.
func section(title fyne.CanvasObject, fields ...fyne.CanvasObject) fyne.CanvasObject {
	rows := append([]fyne.CanvasObject{title}, fields...)
	return widgets.NewCard(container.New(layout.NewCustomPaddedVBoxLayout(12), rows...), 16)
}

// heading is the title of a section.
func heading(text string) *widgets.Text {
	t := widgets.NewText("", widgets.TextStyle{Size: theme.SizeNameSubHeadingText, Bold: true})
	t.Set(text, widgets.Normal)
	return t
}
