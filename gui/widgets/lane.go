package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Lane is one of several parallel ways: its name and state, six numbers, and two lines of the last while.
type Lane struct {
	widget.BaseWidget

	card       *Card
	mark       *Mark
	name, from *Text
	state      *Pill
	cells      [laneCells]*Stat
	rate, part *Sparkline
}

const laneCells = 6

// Cell is a number in a Lane.
type Cell struct {
	Text string
	Tone Tone
}

// LaneValues is what a Lane shows.
type LaneValues struct {
	Shape             Shape
	Tone              Tone
	Name, From, State string
	Cells             [laneCells]Cell // in the order of the captions
	Rate              []float64
	RateTop           float64   // the value at the upper edge
	Saved             []float64 // parts, from 0 to 1
}

// NewLane returns a lane with captions for its numbers and room for span values in its lines.
func NewLane(captions [laneCells]string, span int) *Lane {
	l := &Lane{
		mark: NewMark(11), name: NewText("65535", TextStyle{Bold: true}), from: NewText("", TextStyle{}),
		state: NewPill(), rate: NewSparkline(span), part: NewSparkline(span),
	}
	parts := make([]fyne.CanvasObject, 0, laneCells+2)
	for i, caption := range captions {
		l.cells[i] = NewStat(caption, theme.SizeNameText)
		parts = append(parts, l.cells[i])
	}
	head := container.NewBorder(nil, nil,
		container.New(layout.NewCustomPaddedHBoxLayout(8), l.mark, l.name), l.state,
		container.New(layout.NewCustomPaddedLayout(0, 0, 4, 4), l.from))
	body := container.New(laneLayout{}, append(parts, l.rate, l.part)...)
	l.card = NewCard(container.New(layout.NewCustomPaddedVBoxLayout(3), head, body), 9)
	l.ExtendBaseWidget(l)
	return l
}

// Set changes what the lane shows.
func (l *Lane) Set(v LaneValues) {
	l.mark.Set(v.Shape, v.Tone)
	l.name.Set(v.Name, Normal)
	l.from.Set(v.From, Quiet)
	l.state.Set(v.State, v.Tone)
	for i, c := range v.Cells {
		l.cells[i].Set(c.Text, c.Tone)
	}
	wash := Normal
	if v.Tone == Bad {
		wash = Bad
	}
	l.card.SetTone(wash)
	rate := Accent
	if v.Tone == Bad || v.Tone == Quiet {
		rate = Quiet
	}
	l.rate.Set(v.Rate, v.RateTop, rate)
	l.part.Set(v.Saved, 1, Quiet)
}

// CreateRenderer implements fyne.Widget.
func (l *Lane) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(l.card) }

// laneLayout puts six numbers in two rows at the left, and two lines at the right of them: the upper twice as high.
type laneLayout struct{}

const (
	laneCellMin = 58
	laneCellMax = 70
)

func (laneLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	cell := min(max((size.Width-100)/4, laneCellMin), laneCellMax)
	row := size.Height / 2
	for i, o := range objects[:laneCells] {
		o.Move(fyne.NewPos(float32(i%3)*cell, float32(i/3)*row))
		o.Resize(fyne.NewSize(cell-4, row))
	}
	left := 3*cell + 4
	rate, part := objects[laneCells], objects[laneCells+1]
	const gap, top = 6, 4
	height := size.Height - gap - 2*top
	rate.Move(fyne.NewPos(left, top))
	rate.Resize(fyne.NewSize(size.Width-left, height*2/3))
	part.Move(fyne.NewPos(left, top+height*2/3+gap))
	part.Resize(fyne.NewSize(size.Width-left, height/3))
}

func (laneLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	row := objects[0].MinSize().Height
	return fyne.NewSize(3*laneCellMin+4+60, 2*row+2)
}
