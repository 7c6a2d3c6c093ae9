package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Shape tells states apart for those who do not see their colours.
type Shape int

// The shapes.
const (
	Ring     Shape = iota // not at work
	Disc                  // as it should be
	Triangle              // weak
	Square                // gone
)

// Mark is the shape of a state.
type Mark struct {
	widget.BaseWidget

	shape Shape
	tone  Tone
	side  float32
}

// NewMark returns a ring of a size.
func NewMark(side float32) *Mark {
	m := &Mark{side: side, tone: Quiet}
	m.ExtendBaseWidget(m)
	return m
}

// Set changes shape and tone.
func (m *Mark) Set(shape Shape, tone Tone) {
	if m.shape == shape && m.tone == tone {
		return
	}
	m.shape, m.tone = shape, tone
	m.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (m *Mark) CreateRenderer() fyne.WidgetRenderer {
	r := &markRenderer{
		m:        m,
		round:    canvas.NewCircle(color.Transparent),
		square:   canvas.NewRectangle(color.Transparent),
		triangle: canvas.NewArbitraryPolygon([]fyne.Position{{X: 0.5, Y: 0.04}, {X: 1, Y: 0.94}, {X: 0, Y: 0.94}}, nil),
	}
	r.square.CornerRadius = 1
	r.triangle.NormalizedPoints = true
	r.apply()
	return r
}

type markRenderer struct {
	m        *Mark
	round    *canvas.Circle
	square   *canvas.Rectangle
	triangle *canvas.ArbitraryPolygon
}

func (r *markRenderer) apply() {
	c := r.m.tone.color()
	r.round.Hidden = r.m.shape != Ring && r.m.shape != Disc
	r.square.Hidden = r.m.shape != Square
	r.triangle.Hidden = r.m.shape != Triangle

	r.round.FillColor, r.round.StrokeColor, r.round.StrokeWidth = c, color.Transparent, 0
	if r.m.shape == Ring {
		r.round.FillColor, r.round.StrokeColor, r.round.StrokeWidth = color.Transparent, c, r.m.side/6
	}
	r.square.FillColor = c
	r.triangle.FillColor = c
}

func (r *markRenderer) Layout(size fyne.Size) {
	side := r.m.side
	at := fyne.NewPos((size.Width-side)/2, (size.Height-side)/2)
	inset := side / 10 // a square looks larger than a disc of its width
	r.round.Move(at)
	r.round.Resize(fyne.NewSquareSize(side))
	r.square.Move(at.AddXY(inset, inset))
	r.square.Resize(fyne.NewSquareSize(side - 2*inset))
	r.triangle.Move(at)
	r.triangle.Resize(fyne.NewSquareSize(side))
}

func (r *markRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(r.m.side) }

func (r *markRenderer) Refresh() {
	r.apply()
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

func (r *markRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.round, r.square, r.triangle}
}

func (r *markRenderer) Destroy() {}
