package gui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// save is the row that says whether what arrives is saved, and where.
type save struct {
	row    fyne.CanvasObject
	state  *widgets.Text
	copy   *widget.Button // of the file's path
	toggle *widget.Button
}

func newSave() *save {
	s := &save{
		state:  widgets.NewText("", widgets.TextStyle{}),
		copy:   widget.NewButtonWithIcon("Copy path", theme.ContentCopyIcon(), nil),
		toggle: widget.NewButtonWithIcon("Save what arrives", theme.MediaRecordIcon(), nil),
	}
	s.row = container.NewBorder(nil, nil, caption("Packets"),
		container.New(layout.NewCustomPaddedHBoxLayout(8), s.copy, s.toggle), s.state)
	return s
}

func (s *save) show(m model) {
	text, tone := saveText(m)
	s.state.Set(text, tone)
	enable(s.copy, m.Dump.Path != "")
	// A capture that plays is saved already.
	enable(s.toggle, m.Phase == running && (m.Dump.Running || !m.plays()))

	label, icon, importance := "Save what arrives", theme.MediaRecordIcon(), widget.MediumImportance
	if m.Dump.Running {
		label, icon, importance = "Stop saving", theme.MediaStopIcon(), widget.WarningImportance
	}
	if s.toggle.Text != label {
		s.toggle.Importance = importance
		s.toggle.Text = label
		s.toggle.SetIcon(icon)
	}
}

// saveText says whether what arrives is saved, and why no more.
func saveText(m model) (string, widgets.Tone) {
	d := m.Dump
	missed := ""
	if d.Missed > 0 {
		missed = fmt.Sprintf(" (%d not saved: the disk is too slow)", d.Missed)
	}
	switch {
	case m.DumpErr != nil:
		return sentence(m.DumpErr.Error()), widgets.Bad
	case d.Running:
		return "Saving: " + progressText(d.Bytes, d.Limit) + missed + " to " + d.Path, widgets.Accent
	case d.Err != nil:
		return "Saving has failed: " + sentence(d.Err.Error()), widgets.Bad
	case d.Full:
		return fmt.Sprintf("Full at %s, so it has ended%s: %s", bytesText(d.Limit), missed, d.Path), widgets.Warning
	case d.Path != "":
		return fmt.Sprintf("Saved: %s%s in %s", bytesText(d.Bytes), missed, d.Path), widgets.Normal
	}
	return "All that arrives, good or bad, for Wireshark or to play it again.", widgets.Quiet
}
