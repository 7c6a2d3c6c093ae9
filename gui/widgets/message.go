package widgets

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Message is what a Video says when there is no live picture. The zero value is none.
type Message struct {
	Shape    Shape
	Tone     Tone
	Title    string   // a few words, shown large
	Text     string   // why, in a sentence or two
	Evidence []string // what that rests on, a sentence each; where there is no room for all, they scroll
	Hint     string   // what to do
}

func (m Message) equal(other Message) bool {
	return m.Shape == other.Shape && m.Tone == other.Tone && m.Title == other.Title && m.Text == other.Text &&
		m.Hint == other.Hint && slices.Equal(m.Evidence, other.Evidence)
}

// messageCard is a Message in the middle of a Video. All its sentences can be selected, as they may hold a command.
type messageCard struct {
	widget.BaseWidget

	shown                Message
	ground               *canvas.Rectangle
	mark                 *Mark
	title                *Text
	more                 *Text // the rest of the title, where there is little room
	text, evidence, hint *widget.Label
	scroll               *container.Scroll // around the evidence
}

const (
	briefHeight = 230 // in less, the mark and the title stand alone;
	briefMark   = 90  // in less than this, the title

	messageWidth   = 500
	evidenceWidth  = 720
	messageMargin  = 12
	messagePadding = 18
	evidenceMin    = 40 // a line, and that there is more
)

func newMessageCard() *messageCard {
	m := &messageCard{
		ground: canvas.NewRectangle(nil),
		mark:   NewMark(22),
		title:  NewText("", TextStyle{Size: theme.SizeNameHeadingText, Bold: true, Align: fyne.TextAlignCenter}),
		more:   NewText("", TextStyle{Size: theme.SizeNameCaptionText, Bold: true, Align: fyne.TextAlignCenter}),
		text:   widget.NewLabel(""), evidence: widget.NewLabel(""), hint: widget.NewLabel(""),
	}
	m.ground.CornerRadius = radius
	for _, l := range []*widget.Label{m.text, m.evidence, m.hint} {
		l.Wrapping = fyne.TextWrapWord
		l.Selectable = true
	}
	m.text.SizeName = theme.SizeNameSubHeadingText
	m.text.Alignment = fyne.TextAlignCenter
	m.hint.Alignment = fyne.TextAlignCenter
	m.hint.TextStyle.Bold = true
	m.scroll = container.NewVScroll(m.evidence)
	m.Hide()
	m.ExtendBaseWidget(m)
	return m
}

// set changes the message and reports whether it is another.
func (m *messageCard) set(message Message) bool {
	if m.shown.equal(message) {
		return false
	}
	m.shown = message
	m.Hidden = message.equal(Message{})
	m.mark.Set(message.Shape, message.Tone)
	m.title.Set(message.Title, Normal)
	m.text.SetText(message.Text)
	m.evidence.SetText(list(message.Evidence))
	m.hint.SetText(message.Hint)
	m.scroll.ScrollToTop()
	m.Refresh()
	return true
}

// list puts each sentence on a line of its own.
func list(sentences []string) string {
	if len(sentences) == 0 {
		return ""
	}
	return "•  " + strings.Join(sentences, "\n•  ")
}

// place puts the card in the middle of an area, as high as its text is at that width. Only the evidence gives way where
// there is not enough room.
func (m *messageCard) place(area fyne.Size) {
	brief := area.Height < briefHeight
	m.text.Hidden = brief || m.shown.Text == ""
	if brief || len(m.shown.Evidence) == 0 {
		m.scroll.Hide()
	} else {
		m.scroll.Show()
	}
	m.hint.Hidden = brief || m.shown.Hint == ""
	if brief {
		m.placeBrief(area)
		return
	}
	m.more.Hide()
	m.mark.Show()
	m.title.Set(m.shown.Title, Normal)
	m.title.SetSize(theme.SizeNameHeadingText)
	width := min(messageWidth, area.Width-40)
	if m.scroll.Visible() {
		width = min(evidenceWidth, area.Width-2*messageMargin)
	}
	inner := width - 2*messagePadding
	for _, o := range []fyne.CanvasObject{m.mark, m.title, m.text, m.evidence, m.hint} {
		// A wrapping label knows its height only once it knows its width.
		o.Resize(fyne.NewSize(inner, o.MinSize().Height))
		o.Resize(fyne.NewSize(inner, o.MinSize().Height))
	}
	y := float32(messagePadding)
	put := func(o fyne.CanvasObject, height, after float32) {
		if !o.Visible() {
			return
		}
		o.Resize(fyne.NewSize(inner, height))
		o.Move(fyne.NewPos(messagePadding, y))
		y += height + after
	}
	put(m.mark, m.mark.MinSize().Height, 6)
	put(m.title, m.title.MinSize().Height, 2)
	put(m.text, m.text.MinSize().Height, -8)
	below := float32(messagePadding - 4)
	if m.hint.Visible() {
		below += m.hint.MinSize().Height
	}
	room := area.Height - 2*messageMargin - y - below
	put(m.scroll, min(m.evidence.MinSize().Height, max(room, evidenceMin)), -4)
	put(m.hint, m.hint.MinSize().Height, 0)
	height := y + messagePadding - 4
	m.ground.Resize(fyne.NewSize(width, height))
	m.Resize(fyne.NewSize(width, height))
	m.Move(fyne.NewPos((area.Width-width)/2, (area.Height-height)/2))
}

// placeBrief puts the title, on two lines where it must be, in the middle of a small area, below the mark if there is
// room for that.
func (m *messageCard) placeBrief(area fyne.Size) {
	const padding = 8
	size := theme.SizeNameText
	if area.Width < 240 {
		size = theme.SizeNameCaptionText
	}
	measure := func(text string) float32 { return fyne.MeasureText(text, theme.Size(size), m.title.style).Width }
	first, rest := split(m.shown.Title, area.Width-2*padding, measure)
	m.title.SetSize(size)
	m.title.Set(first, Normal)
	m.more.SetSize(size)
	m.more.Set(rest, Normal)
	m.more.Hidden = rest == ""
	m.mark.Hidden = area.Height < briefMark

	inner := min(max(measure(first), measure(rest)), area.Width-2*padding)
	y := float32(padding)
	put := func(o fyne.CanvasObject, height float32) {
		if o.Visible() {
			o.Move(fyne.NewPos(padding, y))
			o.Resize(fyne.NewSize(inner, height))
			y += height
		}
	}
	line := lineHeight(theme.Size(size), m.title.style)
	put(m.mark, m.mark.MinSize().Height+4)
	put(m.title, line)
	put(m.more, line)
	m.ground.Resize(fyne.NewSize(inner+2*padding, y+padding))
	m.Resize(m.ground.Size())
	m.Move(fyne.NewPos((area.Width-m.Size().Width)/2, (area.Height-m.Size().Height)/2))
}

// split breaks a text that is too wide for one line at a space.
func split(text string, width float32, measure func(string) float32) (first, rest string) {
	if measure(text) <= width {
		return text, ""
	}
	for i := len(text) - 1; i > 0; i-- {
		if text[i] == ' ' && measure(text[:i]) <= width {
			return text[:i], text[i+1:]
		}
	}
	return text, ""
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
	return []fyne.CanvasObject{r.m.ground, r.m.mark, r.m.title, r.m.more, r.m.text, r.m.scroll, r.m.hint}
}

func (r *messageRenderer) Destroy() {}
