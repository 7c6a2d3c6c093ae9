package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// save is the row that says whether what arrives is saved.
type save struct {
	row    fyne.CanvasObject
	state  *widgets.Text
	copy   *widget.Button // of the file's path
	toggle *widget.Button
}

func newSave() *save {
	s := &save{
		state:  widgets.NewText("", widgets.TextStyle{}),
		copy:   widget.NewButtonWithIcon("", theme.ContentCopyIcon(), nil),
		toggle: widget.NewButtonWithIcon("Save", theme.MediaRecordIcon(), nil),
	}
	s.copy.Importance = widget.LowImportance
	s.row = container.NewBorder(nil, nil, nil,
		container.New(layout.NewCustomPaddedHBoxLayout(4), s.copy, s.toggle), s.state)
	return s
}

func (s *save) show(m model) {
	text, tone := saveText(m)
	s.state.Set(text, tone)
	d := m.dump()
	if visible := d.Path != ""; visible != s.copy.Visible() {
		s.copy.Hidden = !visible
		s.row.Refresh()
	}
	// A capture that plays is saved already.
	widgets.Enable(s.toggle, m.Phase == running && (d.Running || !m.plays()))

	label, icon, importance := "Save", theme.MediaRecordIcon(), widget.MediumImportance
	if d.Running {
		label, icon, importance = "Stop", theme.MediaStopIcon(), widget.WarningImportance
	}
	if s.toggle.Text != label {
		s.toggle.Importance = importance
		s.toggle.Text = label
		s.toggle.SetIcon(icon)
		s.row.Refresh()
	}
}

// saveText says whether what arrives is saved, and why no more.
func saveText(m model) (string, widgets.Tone) {
	d := m.dump()
	switch {
	case m.DumpErr != nil:
		return "Not saved: " + widgets.Sentence(m.DumpErr.Error()), widgets.Bad
	case d.Running && d.Missed > 0:
		return "Saving; the disk is too slow", widgets.Warning
	case d.Running:
		return "Saving: " + progressText(d.Bytes, d.Limit), widgets.Accent
	case d.Err != nil:
		return "Saving ended: " + widgets.Sentence(d.Err.Error()), widgets.Bad
	case d.Full:
		return "Saved, and full at " + bytesText(d.Limit), widgets.Warning
	case d.Path != "" && d.Missed > 0:
		return "Saved, not all: " + bytesText(d.Bytes), widgets.Warning
	case d.Path != "":
		return "Saved: " + bytesText(d.Bytes), widgets.Normal
	}
	return "Packets are not saved", widgets.Quiet
}
