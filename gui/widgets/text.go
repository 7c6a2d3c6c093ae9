package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Text is one line that asks for the room of its sample, so nothing moves when it changes. What does not fit
// ends in an ellipsis.
type Text struct {
	widget.BaseWidget

	text   string
	sample string
	tone   Tone
	size   fyne.ThemeSizeName
	style  fyne.TextStyle
	align  fyne.TextAlign
	hug    bool
}

// TextStyle is how a Text looks. The zero value is running text of the ordinary size.
type TextStyle struct {
	Size  fyne.ThemeSizeName // theme.SizeNameText where empty
	Bold  bool
	Align fyne.TextAlign
	Hug   bool // it asks for the room that its text takes, and so moves what is beside it
}

// NewText returns an empty Text. The sample is the widest text to keep room for; empty, it asks for no width.
func NewText(sample string, style TextStyle) *Text {
	t := &Text{
		sample: sample, size: style.Size, align: style.Align, hug: style.Hug,
		style: fyne.TextStyle{Bold: style.Bold},
	}
	if t.size == "" {
		t.size = theme.SizeNameText
	}
	t.ExtendBaseWidget(t)
	return t
}

// Set changes text and tone.
func (t *Text) Set(text string, tone Tone) {
	if t.text == text && t.tone == tone {
		return
	}
	t.text, t.tone = text, tone
	t.Refresh()
}

// SetSize changes the size.
func (t *Text) SetSize(size fyne.ThemeSizeName) {
	if t.size != size {
		t.size = size
		t.Refresh()
	}
}

// Text returns the whole text, also where it is shown shortened.
func (t *Text) Text() string { return t.text }

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{t: t, line: canvas.NewText("", nil)}
	r.apply()
	return r
}

type textRenderer struct {
	t    *Text
	line *canvas.Text
}

func (r *textRenderer) apply() {
	r.line.TextSize = theme.Size(r.t.size)
	r.line.TextStyle = r.t.style
	r.line.Alignment = r.t.align
	r.line.Color = r.t.tone.color()
	r.line.Text = fit(r.t.text, r.t.Size().Width, r.line.TextSize, r.line.TextStyle)
}

func (r *textRenderer) Layout(size fyne.Size) {
	r.line.Resize(size)
	r.apply()
}

func (r *textRenderer) MinSize() fyne.Size {
	size := theme.Size(r.t.size)
	width := float32(0)
	switch {
	case r.t.hug:
		width = fyne.MeasureText(r.t.text, size, r.t.style).Width
	case r.t.sample != "":
		width = fyne.MeasureText(r.t.sample, size, r.t.style).Width
	}
	return fyne.NewSize(width, lineHeight(size, r.t.style))
}

func (r *textRenderer) Refresh() {
	r.apply()
	r.line.Refresh()
}

func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.line} }

func (r *textRenderer) Destroy() {}

// fit shortens a text to a width.
func fit(text string, width, size float32, style fyne.TextStyle) string {
	const slack = 1 // rounding must not shorten what fits
	if width <= 0 || fyne.MeasureText(text, size, style).Width <= width+slack {
		return text
	}
	runes := []rune(text)
	for n := len(runes) - 1; n > 0; n-- {
		short := string(runes[:n]) + "…"
		if fyne.MeasureText(short, size, style).Width <= width+slack {
			return short
		}
	}
	return ""
}
