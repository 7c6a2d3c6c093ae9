package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Note is a sentence or a few, wrapped to the width that there is. Unless it is Normal or Quiet, the shape of its mark
// stands before it. An empty note asks for no room.
type Note struct {
	widget.BaseWidget

	text  string
	shape Shape
	tone  Tone
	size  fyne.ThemeSizeName
}

// NewNote returns an empty note with text of a size of the theme.
func NewNote(size fyne.ThemeSizeName) *Note {
	n := &Note{size: size}
	n.ExtendBaseWidget(n)
	n.Hide()
	return n
}

// Set changes the note, and reports whether it is another.
func (n *Note) Set(text string, shape Shape, tone Tone) (changed bool) {
	if n.text == text && n.shape == shape && n.tone == tone {
		return false
	}
	n.text, n.shape, n.tone = text, shape, tone
	n.Hidden = text == ""
	n.Refresh()
	return true
}

// Text returns the text.
func (n *Note) Text() string { return n.text }

// Tone returns the tone.
func (n *Note) Tone() Tone { return n.tone }

// marked tells whether the mark is shown.
func (n *Note) marked() bool { return n.tone != Normal && n.tone != Quiet }

// CreateRenderer implements fyne.Widget.
func (n *Note) CreateRenderer() fyne.WidgetRenderer {
	r := &noteRenderer{n: n, mark: NewMark(10)}
	r.apply(0)
	return r
}

type noteRenderer struct {
	n     *Note
	mark  *Mark
	lines []*canvas.Text
	width float32 // that the lines are for
}

const noteIndent = 16 // of the text, where there is a mark

// apply wraps the text to a width. Before that is known, all is in one line.
func (r *noteRenderer) apply(width float32) {
	r.width = width
	r.mark.Set(r.n.shape, r.n.tone)
	r.mark.Hidden = !r.n.marked()
	size := theme.Size(r.n.size)
	lines := []string{r.n.text}
	if width > 0 {
		lines = wrap(r.n.text, width-r.indent(), size)
	}
	for len(r.lines) < len(lines) {
		r.lines = append(r.lines, canvas.NewText("", nil))
	}
	r.lines = r.lines[:len(lines)]
	for i, line := range r.lines {
		line.Text, line.TextSize, line.Color = lines[i], size, r.n.tone.color()
	}
	r.place()
}

func (r *noteRenderer) indent() float32 {
	if r.n.marked() {
		return noteIndent
	}
	return 0
}

// place puts mark and lines where they belong.
func (r *noteRenderer) place() {
	height := lineHeight(theme.Size(r.n.size), fyne.TextStyle{})
	r.mark.Resize(fyne.NewSize(10, height))
	for i, line := range r.lines {
		line.Move(fyne.NewPos(r.indent(), float32(i)*height))
		line.Resize(fyne.NewSize(max(r.width-r.indent(), 0), height))
	}
}

func (r *noteRenderer) Layout(size fyne.Size) { r.apply(size.Width) }

func (r *noteRenderer) MinSize() fyne.Size {
	if r.n.text == "" {
		return fyne.Size{}
	}
	return fyne.NewSize(80, float32(len(r.lines))*lineHeight(theme.Size(r.n.size), fyne.TextStyle{}))
}

func (r *noteRenderer) Refresh() {
	r.apply(r.width)
	canvas.Refresh(r.n)
}

func (r *noteRenderer) Objects() []fyne.CanvasObject {
	objects := append(make([]fyne.CanvasObject, 0, 1+len(r.lines)), r.mark)
	for _, line := range r.lines {
		objects = append(objects, line)
	}
	return objects
}

func (r *noteRenderer) Destroy() {}

// wrap breaks a text into lines of a width, at spaces where there are any. A word that is wider than that is broken.
func wrap(text string, width, size float32) []string {
	fits := func(line string) bool { return fyne.MeasureText(line, size, fyne.TextStyle{}).Width <= width }
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimLeft(line+" "+word, " ")
		if fits(longer) {
			line = longer
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; !fits(line); {
			head := []rune(fit(line, width, size, fyne.TextStyle{}))
			if len(head) < 2 { // there is no room at all
				break
			}
			cut := len(string(head[:len(head)-1])) // without the ellipsis
			lines = append(lines, line[:cut])
			line = line[cut:]
		}
	}
	return append(lines, line)
}
