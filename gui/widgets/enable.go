package widgets

import "fyne.io/fyne/v2"

// Enable enables or disables a widget, where that is a change.
func Enable(w fyne.Disableable, on bool) {
	switch {
	case on && w.Disabled():
		w.Enable()
	case !on && !w.Disabled():
		w.Disable()
	}
}
