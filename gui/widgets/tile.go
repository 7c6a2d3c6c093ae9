package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Tile is a Video with what is known about it: above the picture and, where it is narrow, below it too, so that words
// cover none of it.
type Tile struct {
	widget.BaseWidget

	OnTapped func() // nil: it does nothing

	video              *Video
	mark               *Mark
	name, word, clock  *Text
	late, what, format *Text
	frame              *canvas.Rectangle
	shown              TileValues
}

// TileValues is what a Tile shows beside its picture. Empty words take no room.
type TileValues struct {
	Shape      Shape
	Tone       Tone
	Name, Word string // a tile without a word has no mark
	Clock      string // of the picture
	Late       string // how late the picture is,
	Behind     string // behind what, where there is room to say so
	Format     string
	FormatTone Tone
	Chosen     bool // of several
}

const (
	tileWide   = 520 // from here on everything is above the picture
	tileSmall  = 290 // below, the words are small
	tileWords  = 230 // what they need then
	tileInset  = 5   // between the frame and what is in it
	tileGap    = 10  // between words
	tileAspect = 16.0 / 9
)

// NewTile returns a tile without a picture.
func NewTile() *Tile {
	t := &Tile{
		video:  NewVideo(),
		mark:   NewMark(11),
		name:   NewText("", TextStyle{Bold: true, Hug: true}),
		word:   NewText("", TextStyle{Hug: true}),
		clock:  NewText("00:00:00", TextStyle{}),
		late:   NewText("", TextStyle{Bold: true, Hug: true}),
		what:   NewText("", TextStyle{Hug: true}),
		format: NewText("", TextStyle{Hug: true}),
	}
	t.ExtendBaseWidget(t)
	return t
}

// Video returns the tile's Video.
func (t *Tile) Video() *Video { return t.video }

// Values returns what is shown beside the picture.
func (t *Tile) Values() TileValues { return t.shown }

// Set changes what is shown beside the picture.
func (t *Tile) Set(v TileValues) {
	if v == t.shown {
		return
	}
	t.shown = v
	t.mark.Set(v.Shape, v.Tone)
	t.mark.Hidden = v.Word == ""
	t.name.Set(v.Name, Normal)
	t.word.Set(v.Word, v.Tone)
	t.clock.Set(v.Clock, Normal)
	t.late.Set(v.Late, Normal)
	t.format.Set(v.Format, v.FormatTone)
	t.Refresh()
}

// Tapped implements fyne.Tappable.
func (t *Tile) Tapped(*fyne.PointEvent) {
	if t.OnTapped != nil {
		t.OnTapped()
	}
}

// Cursor implements desktop.Cursorable.
func (t *Tile) Cursor() desktop.Cursor {
	if t.OnTapped != nil {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// CreateRenderer implements fyne.Widget.
func (t *Tile) CreateRenderer() fyne.WidgetRenderer {
	t.frame = canvas.NewRectangle(color.Transparent)
	t.frame.CornerRadius = radius + 2
	return &tileRenderer{t: t}
}

type tileRenderer struct{ t *Tile }

func (r *tileRenderer) Layout(size fyne.Size) {
	if size.Width >= tileWide {
		r.t.layoutWide(size)
	} else {
		r.t.layoutNarrow(size)
	}
}

func (t *Tile) layoutWide(size fyne.Size) {
	line := t.setSize(theme.SizeNameText)
	t.frame.Resize(size)
	t.video.Move(fyne.NewPos(0, line))
	t.video.Resize(fyne.NewSize(size.Width, size.Height-line))

	t.what.Set("", Quiet)
	if t.shown.Late != "" {
		t.what.Set("behind "+t.shown.Behind, Quiet)
	}
	words := wordLine{right: size.Width, height: line - 4}
	words.fromRight(t.what)
	words.fromRight(t.late)
	words.fromLeft(t.mark, tileGap)
	words.leaving(t.word.MinSize().Width+t.clock.MinSize().Width+2*tileGap, t.name, tileGap)
	words.fromLeft(t.word, tileGap)
	words.fromLeft(t.clock, tileGap)
	words.left += tileGap
	words.fromLeft(t.format, tileGap)
}

// layoutNarrow makes the tile no wider than its picture, so that the words stand at the picture's edges; or as wide as
// the words need.
func (t *Tile) layoutNarrow(size fyne.Size) {
	name := theme.SizeNameText
	if size.Width < tileSmall {
		name = theme.SizeNameCaptionText
	}
	line := t.setSize(name)
	inner := size.SubtractWidthHeight(2*tileInset, 2*tileInset+2*line)
	width := min(inner.Width, inner.Height*tileAspect)
	height := min(inner.Height, width/tileAspect)
	top := (size.Height - height - 2*line) / 2
	t.video.Move(fyne.NewPos((size.Width-width)/2, top+line))
	t.video.Resize(fyne.NewSize(width, height))
	width = max(width, min(inner.Width, tileWords))
	left := (size.Width - width) / 2
	t.frame.Move(fyne.NewPos(left-tileInset, top-tileInset))
	t.frame.Resize(fyne.NewSize(width+2*tileInset, height+2*line+2*tileInset))

	t.what.Set("", Quiet)
	if t.shown.Late != "" {
		t.what.Set("late", Quiet)
	}
	above := wordLine{left: left, right: left + width, top: top, height: line - 4}
	above.fromRight(t.clock)
	above.fromLeft(t.mark, tileGap*2/3)
	room := float32(0) // where there is little, who it is says more than the word, which has a mark too
	if size.Width >= tileSmall {
		room = t.word.MinSize().Width + tileGap*2/3
	}
	above.leaving(room, t.name, tileGap*2/3)
	above.fromLeft(t.word, 0)
	below := wordLine{left: left, right: left + width, top: top + line + height + 3, height: line - 4}
	below.fromLeft(t.late, tileGap/2)
	below.fromLeft(t.what, tileGap*2/3)
	below.fromRight(t.format)
}

// setSize sets the size of all words and returns the height of a line of them, with room between it and the picture.
func (t *Tile) setSize(size fyne.ThemeSizeName) float32 {
	for _, o := range []*Text{t.name, t.word, t.clock, t.late, t.what, t.format} {
		o.SetSize(size)
	}
	return t.name.MinSize().Height + 6
}

// MinSize implements fyne.WidgetRenderer: a picture that still tells something, and the words.
func (r *tileRenderer) MinSize() fyne.Size {
	line := lineHeight(theme.Size(theme.SizeNameCaptionText), fyne.TextStyle{}) + 6
	return fyne.NewSize(108, 44+2*line+2*tileInset)
}

func (r *tileRenderer) Refresh() {
	t := r.t
	t.frame.StrokeColor, t.frame.StrokeWidth = color.Transparent, 0
	if t.shown.Chosen {
		t.frame.StrokeColor, t.frame.StrokeWidth = Accent.color(), 2
	}
	r.Layout(t.Size())
	canvas.Refresh(t)
}

func (r *tileRenderer) Objects() []fyne.CanvasObject {
	t := r.t
	return []fyne.CanvasObject{t.frame, t.video, t.mark, t.name, t.word, t.clock, t.late, t.what, t.format}
}

func (r *tileRenderer) Destroy() {}

// wordLine gives things on a line their places, from either side, for as long as there is room.
type wordLine struct{ left, right, top, height float32 }

func (l *wordLine) fromLeft(o fyne.CanvasObject, gap float32) {
	width := l.place(o)
	o.Move(fyne.NewPos(l.left, l.top))
	if width > 1 {
		l.left += width + gap
	}
}

// leaving is fromLeft of a thing that has to leave room to those after it.
func (l *wordLine) leaving(room float32, o fyne.CanvasObject, gap float32) {
	right := l.right
	l.right = max(right-room, l.left)
	l.fromLeft(o, gap)
	l.right = right
}

func (l *wordLine) fromRight(o fyne.CanvasObject) {
	width := l.place(o)
	o.Move(fyne.NewPos(l.right-width, l.top))
	if width > 1 {
		l.right -= width + 5
	}
}

// place gives a thing the width that it wants, or what there is, and returns it.
func (l *wordLine) place(o fyne.CanvasObject) float32 {
	width := float32(0)
	if o.Visible() {
		width = max(min(o.MinSize().Width, l.right-l.left), 0.1) // none at all would stand for any
	}
	o.Resize(fyne.NewSize(width, l.height))
	return width
}
