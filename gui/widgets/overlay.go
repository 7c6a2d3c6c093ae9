package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// chip is a label over a picture: bold text, then other text, on a ground that lets a little through.
type chip struct {
	widget.BaseWidget

	bold, text string
	tone       Tone
}

const (
	chipPadding = 8
	chipGap     = 7
)

func newChip() *chip {
	c := &chip{}
	c.Hide()
	c.ExtendBaseWidget(c)
	return c
}

// set changes the chip and reports whether it needs to be laid out anew.
func (c *chip) set(bold, text string, tone Tone) bool {
	if c.bold == bold && c.text == text && c.tone == tone {
		return false
	}
	before := c.MinSize()
	c.bold, c.text, c.tone = bold, text, tone
	c.Hidden = bold == "" && text == ""
	c.Refresh()
	return c.MinSize() != before
}

// CreateRenderer implements fyne.Widget.
func (c *chip) CreateRenderer() fyne.WidgetRenderer {
	r := &chipRenderer{
		c: c, ground: canvas.NewRectangle(nil), bold: canvas.NewText("", nil), text: canvas.NewText("", nil),
	}
	r.ground.CornerRadius = 5
	r.bold.TextStyle.Bold = true
	r.apply()
	return r
}

type chipRenderer struct {
	c          *chip
	ground     *canvas.Rectangle
	bold, text *canvas.Text
}

func (r *chipRenderer) apply() {
	r.ground.FillColor = fade(theme.Color(theme.ColorNameBackground), 0.86)
	r.bold.TextSize, r.text.TextSize = theme.Size(theme.SizeNameText), theme.Size(theme.SizeNameText)
	r.bold.Color, r.text.Color = r.c.tone.color(), Normal.color()
	r.bold.Text = r.c.bold
	used := float32(0)
	if r.c.bold != "" {
		used = r.bold.MinSize().Width + chipGap
	}
	r.text.Text = fit(r.c.text, r.c.Size().Width-2*chipPadding-used, r.text.TextSize, fyne.TextStyle{})
}

func (r *chipRenderer) Layout(size fyne.Size) {
	r.apply()
	r.ground.Resize(size)
	bold := r.bold.MinSize()
	r.bold.Move(fyne.NewPos(chipPadding, (size.Height-bold.Height)/2))
	left := float32(chipPadding)
	if r.c.bold != "" {
		left += bold.Width + chipGap
	}
	r.text.Move(fyne.NewPos(left, (size.Height-bold.Height)/2))
	r.text.Resize(fyne.NewSize(size.Width-left, bold.Height))
}

func (r *chipRenderer) MinSize() fyne.Size {
	size := theme.Size(theme.SizeNameText)
	bold := fyne.MeasureText(r.c.bold, size, fyne.TextStyle{Bold: true})
	text := fyne.MeasureText(r.c.text, size, fyne.TextStyle{})
	gap := float32(0)
	if r.c.bold != "" && r.c.text != "" {
		gap = chipGap
	}
	return fyne.NewSize(bold.Width+gap+text.Width+2*chipPadding, bold.Height+8)
}

func (r *chipRenderer) Refresh() {
	r.Layout(r.c.Size())
	canvas.Refresh(r.c)
}

func (r *chipRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.bold, r.text}
}

func (r *chipRenderer) Destroy() {}

// messageCard is a Message in the middle of a Video.
type messageCard struct {
	widget.BaseWidget

	shown      Message
	ground     *canvas.Rectangle
	mark       *Mark
	title      *Text
	text, hint *widget.Label
}

const (
	messageWidth   = 500
	messagePadding = 18
)

func newMessageCard() *messageCard {
	m := &messageCard{
		ground: canvas.NewRectangle(nil),
		mark:   NewMark(22),
		title:  NewText("", TextStyle{Size: theme.SizeNameHeadingText, Bold: true, Align: fyne.TextAlignCenter}),
		text:   widget.NewLabel(""), hint: widget.NewLabel(""),
	}
	m.ground.CornerRadius = radius
	for _, l := range []*widget.Label{m.text, m.hint} {
		l.Wrapping = fyne.TextWrapWord
		l.Alignment = fyne.TextAlignCenter
	}
	m.hint.Selectable = true // it may be a command to copy
	m.Hide()
	m.ExtendBaseWidget(m)
	return m
}

// set changes the message and reports whether it is another.
func (m *messageCard) set(message Message) bool {
	if m.shown == message {
		return false
	}
	m.shown = message
	m.Hidden = message == Message{}
	m.mark.Set(message.Shape, message.Tone)
	m.title.Set(message.Title, Normal)
	m.text.SetText(message.Text)
	m.hint.SetText(message.Hint)
	m.text.Hidden = message.Text == ""
	m.hint.Hidden = message.Hint == ""
	m.Refresh()
	return true
}

// place puts the card in the middle of an area, as high as its text is at that width.
func (m *messageCard) place(area fyne.Size) {
	width := min(messageWidth, area.Width-40)
	inner := width - 2*messagePadding
	y := float32(messagePadding)
	put := func(o fyne.CanvasObject, after float32) {
		if !o.Visible() {
			return
		}
		// A wrapping label knows its height only once it knows its width.
		o.Resize(fyne.NewSize(inner, o.MinSize().Height))
		o.Resize(fyne.NewSize(inner, o.MinSize().Height))
		o.Move(fyne.NewPos(messagePadding, y))
		y += o.MinSize().Height + after
	}
	put(m.mark, 6)
	put(m.title, 2)
	put(m.text, -8)
	put(m.hint, 0)
	height := y + messagePadding - 4
	m.ground.Resize(fyne.NewSize(width, height))
	m.Resize(fyne.NewSize(width, height))
	m.Move(fyne.NewPos((area.Width-width)/2, (area.Height-height)/2))
}

// CreateRenderer implements fyne.Widget.
func (m *messageCard) CreateRenderer() fyne.WidgetRenderer { return &messageRenderer{m} }

type messageRenderer struct{ m *messageCard }

func (r *messageRenderer) Layout(fyne.Size) {}

func (r *messageRenderer) MinSize() fyne.Size { return fyne.NewSize(0, 0) }

func (r *messageRenderer) Refresh() {
	r.m.ground.FillColor = fade(theme.Color(theme.ColorNameBackground), 0.9)
	canvas.Refresh(r.m)
}

func (r *messageRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.m.ground, r.m.mark, r.m.title, r.m.text, r.m.hint}
}

func (r *messageRenderer) Destroy() {}
