package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Tab is one of several things of which one is shown: the mark of its state, its name, and a word about it. It can be
// tapped, and chosen with the keyboard.
type Tab struct {
	widget.BaseWidget

	OnTapped func()

	mark       *Mark
	name, word *Text
	chosen     bool
	focused    bool
	hovered    bool
}

// NewTab returns a tab that is not the chosen one.
func NewTab() *Tab {
	t := &Tab{
		mark: NewMark(11), name: NewText("", TextStyle{Bold: true, Hug: true}),
		word: NewText("", TextStyle{Hug: true}),
	}
	t.ExtendBaseWidget(t)
	return t
}

// TabValues is what a Tab shows.
type TabValues struct {
	Shape      Shape
	Tone       Tone
	Name, Word string
	Chosen     bool
}

// Set changes what the tab shows, and reports whether it needs another width.
func (t *Tab) Set(v TabValues) (resized bool) {
	before := t.MinSize()
	t.mark.Set(v.Shape, v.Tone)
	t.name.Set(v.Name, Normal)
	t.word.Set(v.Word, v.Tone)
	if t.chosen != v.Chosen {
		t.chosen = v.Chosen
		t.Refresh()
	}
	return t.MinSize() != before
}

// Tapped implements fyne.Tappable.
func (t *Tab) Tapped(*fyne.PointEvent) {
	if t.OnTapped != nil {
		t.OnTapped()
	}
}

// FocusGained implements fyne.Focusable.
func (t *Tab) FocusGained() { t.focused = true; t.Refresh() }

// FocusLost implements fyne.Focusable.
func (t *Tab) FocusLost() { t.focused = false; t.Refresh() }

// TypedRune implements fyne.Focusable.
func (*Tab) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (t *Tab) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn {
		t.Tapped(nil)
	}
}

// MouseIn implements desktop.Hoverable.
func (t *Tab) MouseIn(*desktop.MouseEvent) { t.hovered = true; t.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (*Tab) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (t *Tab) MouseOut() { t.hovered = false; t.Refresh() }

// CreateRenderer implements fyne.Widget.
func (t *Tab) CreateRenderer() fyne.WidgetRenderer {
	r := &tabRenderer{
		t: t, ground: canvas.NewRectangle(nil),
		row: container.New(layout.NewCustomPaddedLayout(5, 5, 10, 10),
			container.New(layout.NewCustomPaddedHBoxLayout(7), container.NewCenter(t.mark), t.name, t.word)),
	}
	r.ground.CornerRadius = radius
	r.apply()
	return r
}

type tabRenderer struct {
	t      *Tab
	ground *canvas.Rectangle
	row    *fyne.Container
}

func (r *tabRenderer) apply() {
	r.ground.FillColor, r.ground.StrokeColor, r.ground.StrokeWidth = color.Transparent, color.Transparent, 0
	switch {
	case r.t.chosen:
		r.ground.FillColor = theme.Color(theme.ColorNameHeaderBackground)
		r.ground.StrokeColor, r.ground.StrokeWidth = Accent.color(), 1.5
	case r.t.hovered:
		r.ground.FillColor = theme.Color(theme.ColorNameButton)
	}
	if r.t.focused {
		r.ground.FillColor = theme.Color(theme.ColorNameFocus)
	}
}

func (r *tabRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.row.Resize(size)
}

func (r *tabRenderer) MinSize() fyne.Size { return r.row.MinSize() }

func (r *tabRenderer) Refresh() {
	r.apply()
	r.ground.Refresh()
}

func (r *tabRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.ground, r.row} }

func (r *tabRenderer) Destroy() {}
