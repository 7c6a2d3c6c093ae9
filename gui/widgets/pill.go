package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Pill is a word or two on a wash of their tone. It is as wide as its text.
type Pill struct {
	widget.BaseWidget

	text string
	tone Tone
}

// NewPill returns an empty pill.
func NewPill() *Pill {
	p := &Pill{}
	p.ExtendBaseWidget(p)
	return p
}

// Set changes text and tone.
func (p *Pill) Set(text string, tone Tone) {
	if p.text == text && p.tone == tone {
		return
	}
	p.text, p.tone = text, tone
	p.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (p *Pill) CreateRenderer() fyne.WidgetRenderer {
	r := &pillRenderer{p: p, ground: canvas.NewRectangle(nil), line: canvas.NewText("", nil)}
	r.line.Alignment = fyne.TextAlignCenter
	r.apply()
	return r
}

type pillRenderer struct {
	p      *Pill
	ground *canvas.Rectangle
	line   *canvas.Text
}

func (r *pillRenderer) apply() {
	r.line.Text = r.p.text
	r.line.TextSize = theme.Size(theme.SizeNameCaptionText)
	r.line.Color = r.p.tone.color()
	r.ground.FillColor = fade(r.p.tone.color(), 0.16)
	r.ground.Hidden = r.p.text == ""
}

func (r *pillRenderer) Layout(size fyne.Size) {
	height := r.MinSize().Height
	r.ground.Move(fyne.NewPos(0, (size.Height-height)/2))
	r.ground.Resize(fyne.NewSize(size.Width, height))
	r.ground.CornerRadius = height / 2
	r.line.Move(r.ground.Position())
	r.line.Resize(r.ground.Size())
}

func (r *pillRenderer) MinSize() fyne.Size {
	return fyne.MeasureText(r.p.text, theme.Size(theme.SizeNameCaptionText), fyne.TextStyle{}).AddWidthHeight(16, 3)
}

func (r *pillRenderer) Refresh() {
	r.apply()
	r.ground.Refresh()
	r.line.Refresh()
}

func (r *pillRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.ground, r.line} }

func (r *pillRenderer) Destroy() {}
