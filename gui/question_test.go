package gui

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"
)

// shownButtons returns the buttons of the topmost dialog by their labels.
func shownButtons(w fyne.Window) map[string]*widget.Button {
	buttons := map[string]*widget.Button{}
	for _, o := range test.LaidOutObjects(w.Canvas().Overlays().Top()) {
		if b, ok := o.(*widget.Button); ok {
			buttons[b.Text] = b
		}
	}
	return buttons
}

func TestAsk(t *testing.T) {
	w := openTestWindow(t)
	var answered string
	q := question{title: "Open it?", text: "It stops something.", answers: []answer{
		{"Play", func() { answered = "play" }}, {"Check", func() { answered = "check" }},
	}}
	for button, want := range map[string]string{"Cancel": "", "Play": "play", "Check": "check"} {
		answered = ""
		ask(w.Window, q)
		test.Tap(shownButtons(w.Window)[button])
		require.Equal(t, want, answered)
		require.Nil(t, w.Canvas().Overlays().Top())
	}
}

// A dialog that Escape has closed must not stand in the way of the keys and clicks after it.
func TestDismissedDialogsAreGone(t *testing.T) {
	w := openTestWindow(t)
	d := newDesk(fyne.CurrentApp(), w.Window, nil, quiet, nil)
	d.dismiss() // nothing is open
	d.show("Share", widget.NewLabel("below"), fyne.Size{})
	d.show("Keys", widget.NewLabel("above"), fyne.NewSize(300, 200))
	for range 2 {
		require.False(t, d.free())
		require.True(t, w.Canvas().Overlays().Top().Visible())
		d.dismiss()
	}
	require.True(t, d.free())
	d.ask(question{title: "Open it?"})
	d.dismiss()
	require.Empty(t, w.Canvas().Overlays().List())
}

func TestChooseCaptureOffersFiles(t *testing.T) {
	w := openTestWindow(t)
	chooseFile(w.Window, fileQuestion{"Open", []string{".pem"}, func(string) { t.Error("nothing was chosen") }},
		func(err error) { t.Error(err) })
	top := w.Canvas().Overlays().Top()
	require.NotNil(t, top)
	require.LessOrEqual(t, top.Size().Width, float32(1024))
	test.Tap(shownButtons(w.Window)["Cancel"])
	require.Nil(t, w.Canvas().Overlays().Top())
}
