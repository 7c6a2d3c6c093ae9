package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// LogLine is a line of a log: the mark of its tone, a time, what happened in the tone's colour, and more about it. What
// finds no room ends in an ellipsis.
type LogLine struct {
	widget.BaseWidget

	mark             *Mark
	time, lead, text *Text
	row              *fyne.Container
}

// LogValues is what a LogLine shows.
type LogValues struct {
	Shape            Shape
	Tone             Tone
	Time, Lead, Text string
}

// NewLogLine returns an empty line.
func NewLogLine() *LogLine {
	l := &LogLine{
		mark: NewMark(9), time: NewText("00:00:00", TextStyle{}), lead: NewText("", TextStyle{Hug: true}),
		text: NewText("", TextStyle{}),
	}
	l.row = container.New(layout.NewCustomPaddedLayout(1, 1, 2, 2),
		container.New(logLayout{}, l.mark, l.time, l.lead, l.text))
	l.ExtendBaseWidget(l)
	return l
}

// Set changes what the line shows.
func (l *LogLine) Set(v LogValues) {
	l.mark.Set(v.Shape, v.Tone)
	l.time.Set(v.Time, Quiet)
	l.lead.Set(v.Lead, v.Tone)
	l.text.Set(v.Text, Normal)
	l.row.Refresh() // the lead may be of another width
}

// CreateRenderer implements fyne.Widget.
func (l *LogLine) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(l.row) }

// logLayout puts a mark, a time, a lead and a text beside each other; the text gives way first.
type logLayout struct{}

func (logLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	line := wordLine{right: size.Width, height: size.Height}
	for i, o := range objects {
		if i == len(objects)-1 {
			o.Move(fyne.NewPos(line.left, 0))
			o.Resize(fyne.NewSize(max(line.right-line.left, 0.1), size.Height))
			return
		}
		line.fromLeft(o, 7)
	}
}

func (logLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(objects[0].MinSize().Width+objects[1].MinSize().Width+60, objects[1].MinSize().Height)
}
