package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Stat is a number over what it counts.
type Stat struct {
	widget.BaseWidget

	value, caption *Text
	gap            float32
}

// NewStat returns a Stat with a caption and a value of a size: theme.SizeNameText, or a heading's.
func NewStat(caption string, size fyne.ThemeSizeName) *Stat {
	s := &Stat{
		value:   NewText("", TextStyle{Size: size, Bold: true}),
		caption: NewText(caption, TextStyle{Size: theme.SizeNameCaptionText}),
		gap:     -2, // lines of text bring room of their own
	}
	if size != theme.SizeNameText {
		s.gap = 0
	}
	s.caption.Set(caption, Quiet)
	s.ExtendBaseWidget(s)
	return s
}

// Set changes the value and its tone.
func (s *Stat) Set(value string, tone Tone) { s.value.Set(value, tone) }

// CreateRenderer implements fyne.Widget.
func (s *Stat) CreateRenderer() fyne.WidgetRenderer { return &statRenderer{s: s} }

type statRenderer struct{ s *Stat }

func (r *statRenderer) Layout(size fyne.Size) {
	height := r.s.value.MinSize().Height
	r.s.value.Resize(fyne.NewSize(size.Width, height))
	r.s.caption.Move(fyne.NewPos(0, height+r.s.gap))
	r.s.caption.Resize(fyne.NewSize(size.Width, r.s.caption.MinSize().Height))
}

func (r *statRenderer) MinSize() fyne.Size {
	value, caption := r.s.value.MinSize(), r.s.caption.MinSize()
	return fyne.NewSize(max(value.Width, caption.Width), value.Height+r.s.gap+caption.Height)
}

func (r *statRenderer) Refresh() {
	r.s.value.Refresh()
	r.s.caption.Refresh()
}

func (r *statRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.s.value, r.s.caption}
}

func (r *statRenderer) Destroy() {}
