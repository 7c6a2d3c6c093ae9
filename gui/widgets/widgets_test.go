package widgets

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/stretchr/testify/require"
)

// shown returns the objects of a widget that are drawn.
func shown[T fyne.CanvasObject](w fyne.Widget) (found []T) {
	for _, o := range test.LaidOutObjects(w) {
		if t, ok := o.(T); ok && o.Visible() {
			found = append(found, t)
		}
	}
	return found
}

func TestTextKeepsItsRoom(t *testing.T) {
	test.NewTempApp(t)
	text := NewText("0000", TextStyle{Bold: true})
	before := text.MinSize()
	text.Set("a much longer text", Bad)
	require.Equal(t, before, text.MinSize())
	require.Equal(t, "a much longer text", text.Text())
	text.Resize(before)
	line := shown[*canvas.Text](text)[0]
	require.Regexp(t, "^a.*…$", line.Text)
	require.LessOrEqual(t, line.MinSize().Width, before.Width+1)
	require.Equal(t, theme.Color(theme.ColorNameError), line.Color)

	text.Resize(fyne.NewSize(1, 10))
	require.Empty(t, shown[*canvas.Text](text)[0].Text)

	hug := NewText("", TextStyle{Hug: true})
	hug.Set("wide", Normal)
	require.Greater(t, hug.MinSize().Width, float32(10))
}

func TestMarkShapes(t *testing.T) {
	test.NewTempApp(t)
	m := NewMark(12)
	require.Equal(t, fyne.NewSquareSize(12), m.MinSize())
	for shape, want := range map[Shape][3]int{Ring: {1, 0, 0}, Disc: {1, 0, 0}, Triangle: {0, 1, 0}, Square: {0, 0, 1}} {
		m.Set(shape, Good)
		require.Equal(t, want, [3]int{
			len(shown[*canvas.Circle](m)), len(shown[*canvas.ArbitraryPolygon](m)), len(shown[*canvas.Rectangle](m)),
		})
	}
	m.Set(Ring, Quiet)
	require.Equal(t, color.Transparent, shown[*canvas.Circle](m)[0].FillColor)
	m.Set(Disc, Quiet)
	require.Equal(t, Quiet.color(), shown[*canvas.Circle](m)[0].FillColor)
}

func TestPillAndStat(t *testing.T) {
	test.NewTempApp(t)
	p := NewPill()
	require.Empty(t, shown[*canvas.Rectangle](p), "an empty pill is not there")
	p.Set("up", Good)
	require.Len(t, shown[*canvas.Rectangle](p), 1)
	narrow := p.MinSize().Width
	p.Set("silent 12 s", Bad)
	require.Greater(t, p.MinSize().Width, narrow)

	s := NewStat("lost", theme.SizeNameHeadingText)
	s.Resize(s.MinSize().AddWidthHeight(100, 0))
	s.Set("0", Good)
	texts := shown[*canvas.Text](s)
	require.Equal(t, "0", texts[0].Text)
	require.Equal(t, "lost", texts[1].Text)
	require.Equal(t, Good.color(), texts[0].Color)
}

func TestCardTakesAWash(t *testing.T) {
	test.NewTempApp(t)
	c := NewCard(NewMark(10), 5)
	require.Equal(t, fyne.NewSquareSize(20), c.MinSize())
	plain := shown[*canvas.Rectangle](c)[0].FillColor
	c.SetTone(Bad)
	require.NotEqual(t, plain, shown[*canvas.Rectangle](c)[0].FillColor)
	c.SetTone(Normal)
	require.Equal(t, plain, shown[*canvas.Rectangle](c)[0].FillColor)
}

func TestSparkline(t *testing.T) {
	test.NewTempApp(t)
	s := NewSparkline(11)
	opaque := func(img image.Image, x int) (ys []int) {
		for y := range img.Bounds().Dy() {
			if _, _, _, a := img.At(x, y).RGBA(); a > 0xc000 {
				ys = append(ys, y)
			}
		}
		return ys
	}
	img := s.draw(100, 24)
	for x := range 100 {
		require.Empty(t, opaque(img, x), "nothing to draw")
	}

	s.Set([]float64{0, 0, 0, 10, 10, 10}, 10, Good) // half of its span, so at the right
	img = s.draw(100, 24)
	require.Empty(t, opaque(img, 20))
	require.Equal(t, []int{23}, opaque(img, 60), "zero is at the bottom")
	require.Equal(t, []int{0}, opaque(img, 95), "the top is at the top")
	_, _, _, below := img.At(95, 20).RGBA()
	require.NotZero(t, below, "the wash under the line")
	_, _, _, above := img.At(60, 2).RGBA()
	require.Zero(t, above)

	s.Set([]float64{2, 2, 2, math.NaN(), 2, 2, 2, 2, 2, 2, 2}, 2, Good)
	img = s.draw(100, 24)
	require.NotEmpty(t, opaque(img, 5))
	require.Empty(t, opaque(img, 30), "a hole")
	require.NotEmpty(t, opaque(img, 60))
	for _, size := range []image.Point{{}, {X: 1, Y: 1}, {X: 3, Y: 2}} {
		require.NotPanics(t, func() { s.draw(size.X, size.Y) })
	}
}

func TestLane(t *testing.T) {
	test.NewTempApp(t)
	l := NewLane([laneCells]string{"Mb/s", "% share", "packets/s", "saved", "ms jitter", "ms delay"}, 60)
	before := l.MinSize()
	l.Set(LaneValues{
		Shape: Square, Tone: Bad, Name: "5080", From: "10.77.2.2:40114", State: "silent 12 s",
		Cells: [laneCells]Cell{
			{Text: "0.00"}, {Text: "0"}, {Text: "0"}, {Text: "488"}, {Text: "–", Tone: Quiet}, {Text: "–"},
		},
		Rate: []float64{1, 2, 3}, RateTop: 3, Saved: []float64{0, 1},
	})
	require.Equal(t, before.Height, l.MinSize().Height)
	l.Resize(fyne.NewSize(360, l.MinSize().Height))
	test.AssertObjectRendersToMarkup(t, "lane.xml", l)
}

func TestVideo(t *testing.T) {
	test.NewTempApp(t)
	v := NewVideo()
	v.Resize(fyne.NewSize(640, 360))
	require.Empty(t, shown[*canvas.Image](v))

	p := image.NewRGBA(image.Rect(0, 0, 4, 2))
	for i := range p.Pix {
		p.Pix[i] = 200
	}
	v.SetPicture(p)
	require.Same(t, p, shown[*canvas.Image](v)[0].Image, "the picture itself, not a copy")

	v.SetFrozen(true)
	dead := shown[*canvas.Image](v)[0].Image.(*image.RGBA)
	require.Less(t, dead.Pix[0], uint8(100))
	require.Equal(t, dead.Pix[0], dead.Pix[2], "grey")
	require.Equal(t, uint8(200), p.Pix[0], "the picture is left alone")
	v.SetFrozen(false)
	require.Same(t, p, shown[*canvas.Image](v)[0].Image)

	v.SetPicture(nil)
	require.Empty(t, shown[*canvas.Image](v))
}

func TestVideoMessage(t *testing.T) {
	test.NewTempApp(t)
	v := NewVideo()
	v.Resize(fyne.NewSize(640, 360))
	m := Message{
		Shape: Square, Tone: Bad, Title: "No signal since 14:02:31",
		Text: "Packets came on UDP 5078-5081, and have stopped on all of them. The last came from 10.77.0.2.",
		Hint: "See to the rig.",
	}
	v.SetMessage(m)
	require.Equal(t, m, v.Message())
	test.AssertObjectRendersToMarkup(t, "message.xml", v)
	card := v.message
	require.True(t, card.Visible())
	require.GreaterOrEqual(t, card.Position().X, float32(0))
	require.LessOrEqual(t, card.Position().Y+card.Size().Height, float32(360))
	v.SetMessage(Message{})
	require.False(t, card.Visible())
}

func TestTile(t *testing.T) {
	test.NewTempApp(t)
	tile := NewTile()
	tile.Set(TileValues{
		Shape: Triangle, Tone: Warning, Name: "Ambulance 2", Word: "Live, damaged", Clock: "14:02:31",
		Late: "0.21 s", Behind: "the receiver's input", Format: "2.4 Mb/s · 25 fps · 1280×720", FormatTone: Quiet,
		Chosen: true,
	})
	tile.Video().SetPicture(image.NewRGBA(image.Rect(0, 0, 64, 36)))
	for name, size := range map[string]fyne.Size{
		"tile-wide": fyne.NewSize(800, 480), "tile-narrow": fyne.NewSize(420, 300), "tile-small": fyne.NewSize(200, 150),
	} {
		tile.Resize(size)
		test.AssertObjectRendersToMarkup(t, name+".xml", tile)
		for _, words := range []*Text{tile.name, tile.word, tile.clock, tile.late, tile.what, tile.format} {
			require.GreaterOrEqual(t, words.Position().X, float32(0), name)
			require.LessOrEqual(t, words.Position().X+words.Size().Width, size.Width+1, name)
		}
	}
	values := tile.Values()
	values.Name = strings.Repeat("Ambulance of the North-Western District, ", 3)
	tile.Set(values)
	for _, size := range []fyne.Size{fyne.NewSize(640, 384), fyne.NewSize(400, 280)} {
		tile.Resize(size)
		for _, words := range []*Text{tile.word, tile.clock, tile.late, tile.what} {
			require.Equal(t, words.Text(), shown[*canvas.Text](words)[0].Text, "the name leaves room for what matters more")
		}
	}
	tile.Tapped(nil) // nobody listens
	tapped := 0
	tile.OnTapped = func() { tapped++ }
	test.Tap(tile)
	require.Equal(t, 1, tapped)
}

func TestSmallVideoSaysOnlyTheTitle(t *testing.T) {
	test.NewTempApp(t)
	v := NewVideo()
	v.SetMessage(Message{Shape: Square, Tone: Bad, Title: "No signal since 14:02:31", Text: "Why.", Hint: "What to do."})
	for _, size := range []fyne.Size{fyne.NewSize(300, 160), fyne.NewSize(160, 90)} {
		v.Resize(size)
		require.False(t, v.message.text.Visible())
		require.True(t, v.message.title.Visible())
		require.LessOrEqual(t, v.message.Size().Width, size.Width)
		require.LessOrEqual(t, v.message.Size().Height, size.Height)
		require.Equal(t, "No signal since 14:02:31", shown[*canvas.Text](v.message.title)[0].Text, "whole")
	}
	v.Resize(fyne.NewSize(120, 67))
	require.Equal(t, "No signal since", shown[*canvas.Text](v.message.title)[0].Text)
	require.Equal(t, "14:02:31", shown[*canvas.Text](v.message.more)[0].Text)
	require.LessOrEqual(t, v.message.Size().Height, float32(67))
	v.Resize(fyne.NewSize(640, 360))
	require.True(t, v.message.text.Visible())
}

func TestLogLine(t *testing.T) {
	test.NewTempApp(t)
	l := NewLogLine()
	l.Resize(fyne.NewSize(300, l.MinSize().Height))
	l.Set(LogValues{
		Shape: Triangle, Tone: Warning, Time: "14:02:31", Lead: "Link 5080 is silent.",
		Text: "Nothing is lost: the coding covers it.",
	})
	texts := shown[*canvas.Text](l)
	require.Equal(t, "14:02:31", texts[0].Text)
	require.Equal(t, "Link 5080 is silent.", texts[1].Text)
	require.Regexp(t, "^Nothing.*…$", texts[2].Text)
	for _, o := range []*Text{l.time, l.lead, l.text} {
		require.LessOrEqual(t, o.Position().X+o.Size().Width, float32(300))
	}
	require.LessOrEqual(t, l.MinSize().Width, float32(200), "it asks for little")
}
