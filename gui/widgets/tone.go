// Package widgets holds the window's own widgets. They know nothing of the receiver: values go in by Set methods, what
// the operator does comes out by OnX fields. As with all of Fyne, they belong to the window's goroutine.
package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Tone says how a thing is meant, and so its colour in the theme.
type Tone int

// The tones.
const (
	Normal  Tone = iota
	Quiet        // beside the point, or not live
	Accent       // the product's own colour
	Good         // as it should be
	Warning      // someone should look
	Bad          // someone must act
)

// color returns the tone's colour in the present theme.
func (t Tone) color() color.Color {
	switch t {
	case Quiet:
		return theme.Color(theme.ColorNamePlaceHolder)
	case Accent:
		return theme.Color(theme.ColorNamePrimary)
	case Good:
		return theme.Color(theme.ColorNameSuccess)
	case Warning:
		return theme.Color(theme.ColorNameWarning)
	case Bad:
		return theme.Color(theme.ColorNameError)
	default:
		return theme.Color(theme.ColorNameForeground)
	}
}

// fade returns a colour at an opacity from 0 to 1.
func fade(c color.Color, opacity float32) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = uint8(float32(n.A) * opacity)
	return n
}

// blend returns a ground with a part of a tone's colour, from 0 to 1, in it.
func blend(ground color.Color, tone Tone, part float32) color.Color {
	g := color.NRGBAModel.Convert(ground).(color.NRGBA)
	t := color.NRGBAModel.Convert(tone.color()).(color.NRGBA)
	mix := func(a, b uint8) uint8 { return uint8(float32(a)*(1-part) + float32(b)*part) }
	return color.NRGBA{R: mix(g.R, t.R), G: mix(g.G, t.G), B: mix(g.B, t.B), A: g.A}
}

// radius is the corner radius of cards and pictures.
const radius float32 = 8

// lineHeight is the height of a line of text of a size.
func lineHeight(size float32, style fyne.TextStyle) float32 {
	return fyne.MeasureText("M", size, style).Height
}
