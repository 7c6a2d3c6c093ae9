package gui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// look is the window's theme: Fyne's own with this project's colours and sizes.
type look struct {
	fyne.Theme

	name string // one of themeNames
}

const asSystem, alwaysDark, alwaysLight = "As the system", "Dark", "Light"

// themeNames are the colours to choose from.
var themeNames = [...]string{asSystem, alwaysDark, alwaysLight}

// newLook returns the theme of a name, or the one that follows the system.
func newLook(name string) fyne.Theme { return look{Theme: theme.DefaultTheme(), name: name} }

type palette map[fyne.ThemeColorName]color.Color

var dark = palette{
	theme.ColorNameBackground:          rgb(0x0e1318),
	theme.ColorNameHeaderBackground:    rgb(0x161d25),
	theme.ColorNameMenuBackground:      rgb(0x171f27),
	theme.ColorNameOverlayBackground:   rgb(0x171f27),
	theme.ColorNameInputBackground:     rgb(0x1d2731),
	theme.ColorNameInputBorder:         rgb(0x33414e),
	theme.ColorNameButton:              rgb(0x222d38),
	theme.ColorNameDisabledButton:      rgb(0x19212a),
	theme.ColorNameDisabled:            rgb(0x5d6c7b),
	theme.ColorNameSeparator:           rgb(0x242f3a),
	theme.ColorNameForeground:          rgb(0xe6edf3),
	theme.ColorNamePlaceHolder:         rgb(0x8b9bab),
	theme.ColorNamePrimary:             rgb(0x2dd4bf),
	theme.ColorNameHyperlink:           rgb(0x2dd4bf),
	theme.ColorNameForegroundOnPrimary: rgb(0x04211d),
	theme.ColorNameFocus:               rgb(0x2a4a4c),
	theme.ColorNameSelection:           rgb(0x1f4a4b),
	theme.ColorNameSuccess:             rgb(0x3ddc97),
	theme.ColorNameWarning:             rgb(0xf5b942),
	theme.ColorNameError:               rgb(0xff6b6b),
}

var light = palette{
	theme.ColorNameBackground:          rgb(0xeef2f5),
	theme.ColorNameHeaderBackground:    rgb(0xffffff),
	theme.ColorNameMenuBackground:      rgb(0xffffff),
	theme.ColorNameOverlayBackground:   rgb(0xffffff),
	theme.ColorNameInputBackground:     rgb(0xe6edf2),
	theme.ColorNameInputBorder:         rgb(0xb9c6d1),
	theme.ColorNameButton:              rgb(0xe1e8ee),
	theme.ColorNameDisabledButton:      rgb(0xe9eef2),
	theme.ColorNameDisabled:            rgb(0x94a2af),
	theme.ColorNameSeparator:           rgb(0xd3dce4),
	theme.ColorNameForeground:          rgb(0x14202b),
	theme.ColorNamePlaceHolder:         rgb(0x566675),
	theme.ColorNamePrimary:             rgb(0x0b8578),
	theme.ColorNameHyperlink:           rgb(0x0b8578),
	theme.ColorNameForegroundOnPrimary: rgb(0xffffff),
	theme.ColorNameFocus:               rgb(0xb5ded9),
	theme.ColorNameSelection:           rgb(0xbfe6e1),
	theme.ColorNameSuccess:             rgb(0x12803f),
	theme.ColorNameWarning:             rgb(0xa85b00),
	theme.ColorNameError:               rgb(0xc42b2b),
}

// Color implements fyne.Theme.
func (l look) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch l.name {
	case alwaysDark:
		variant = theme.VariantDark
	case alwaysLight:
		variant = theme.VariantLight
	}
	colors := dark
	if variant == theme.VariantLight {
		colors = light
	}
	if c, ok := colors[name]; ok {
		return c
	}
	return l.Theme.Color(name, variant)
}

// Size implements fyne.Theme.
func (l look) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 13
	case theme.SizeNameCaptionText:
		return 11
	case theme.SizeNameSubHeadingText:
		return 16
	case theme.SizeNameHeadingText:
		return 21
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 7
	case theme.SizeNameInnerPadding:
		return 7
	}
	return l.Theme.Size(name)
}

func rgb(v uint32) color.Color {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}
