package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Card is a panel around other things. Its ground and border take a wash of its tone.
type Card struct {
	widget.BaseWidget

	content fyne.CanvasObject
	tone    Tone
	padding float32
}

// NewCard returns a card around content with that much room inside its border.
func NewCard(content fyne.CanvasObject, padding float32) *Card {
	c := &Card{content: content, padding: padding}
	c.ExtendBaseWidget(c)
	return c
}

// SetTone changes the wash: Normal for none.
func (c *Card) SetTone(tone Tone) {
	if c.tone == tone {
		return
	}
	c.tone = tone
	c.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (c *Card) CreateRenderer() fyne.WidgetRenderer {
	r := &cardRenderer{c: c, ground: canvas.NewRectangle(nil)}
	r.ground.CornerRadius = radius
	r.ground.StrokeWidth = 1
	r.apply()
	return r
}

type cardRenderer struct {
	c      *Card
	ground *canvas.Rectangle // one for all: each layer costs where there is no graphics card
}

func (r *cardRenderer) apply() {
	panel := theme.Color(theme.ColorNameHeaderBackground)
	if r.c.tone == Normal {
		r.ground.FillColor, r.ground.StrokeColor = panel, theme.Color(theme.ColorNameSeparator)
		return
	}
	r.ground.FillColor, r.ground.StrokeColor = blend(panel, r.c.tone, 0.07), blend(panel, r.c.tone, 0.55)
}

func (r *cardRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.c.content.Move(fyne.NewSquareOffsetPos(r.c.padding))
	r.c.content.Resize(size.SubtractWidthHeight(2*r.c.padding, 2*r.c.padding))
}

func (r *cardRenderer) MinSize() fyne.Size {
	return r.c.content.MinSize().AddWidthHeight(2*r.c.padding, 2*r.c.padding)
}

func (r *cardRenderer) Refresh() {
	r.apply()
	r.ground.Refresh()
}

func (r *cardRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.c.content}
}

func (r *cardRenderer) Destroy() {}
