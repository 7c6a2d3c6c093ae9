package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

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
	r.m.ground.FillColor = fade(theme.Color(theme.ColorNameBackground), 0.94)
	canvas.Refresh(r.m)
}

func (r *messageRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.m.ground, r.m.mark, r.m.title, r.m.text, r.m.hint}
}

func (r *messageRenderer) Destroy() {}
