package widgets

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Sparkline draws values over time, oldest at the left, over a wash down to zero.
type Sparkline struct {
	widget.BaseWidget

	values []float64
	span   int
	top    float64
	tone   Tone
	raster *canvas.Raster
}

// NewSparkline returns a line with room for span values; fewer of them stand at the right.
func NewSparkline(span int) *Sparkline {
	s := &Sparkline{span: max(span, 2), tone: Accent}
	s.raster = canvas.NewRaster(s.draw)
	s.ExtendBaseWidget(s)
	return s
}

// Set changes the values, which the Sparkline keeps; the value at the top edge; and the tone. Not-a-number leaves a
// hole.
func (s *Sparkline) Set(values []float64, top float64, tone Tone) {
	s.values, s.top, s.tone = values, top, tone
	s.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (s *Sparkline) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(s.raster)
}

// MinSize implements fyne.CanvasObject: it takes what it is given.
func (s *Sparkline) MinSize() fyne.Size { return fyne.NewSize(40, 8) }

// draw paints the line at the size of the screen's own pixels.
func (s *Sparkline) draw(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	if w < 2 || h < 2 || len(s.values) == 0 || s.top <= 0 {
		return img
	}
	line := color.NRGBAModel.Convert(s.tone.color()).(color.NRGBA)
	width := max(1, float64(h)/24)
	for x := range w {
		left, right := s.y(x, w, h, width), s.y(x+1, w, h, width)
		if math.IsNaN(left) || math.IsNaN(right) {
			continue
		}
		upper, lower := min(left, right)-width/2, max(left, right)+width/2
		for y := max(int(upper), 0); y < h; y++ {
			// How much of this pixel the line covers, and how much the wash below it.
			on := min(float64(y+1), lower) - max(float64(y), upper)
			alpha := max(min(on, 1), 0)
			if float64(y) >= lower-1 {
				alpha = max(alpha, 0.16)
			}
			line.A = uint8(255 * alpha)
			img.Set(x, y, line)
		}
	}
	return img
}

// y is the height of the line at column x of w, in pixels from the top.
func (s *Sparkline) y(x, w, h int, width float64) float64 {
	at := float64(x)/float64(w)*float64(s.span-1) - float64(s.span-len(s.values))
	i := int(math.Floor(at))
	if i < 0 || i >= len(s.values) {
		return math.NaN()
	}
	v := s.values[i]
	if i+1 < len(s.values) {
		v += (s.values[i+1] - v) * (at - float64(i))
	}
	v = max(min(v/s.top, 1), 0)
	room := float64(h) - width
	return width/2 + room*(1-v)
}
