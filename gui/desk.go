package gui

import (
	"log/slog"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
)

// desk is what the pages need of the desktop around the window.
type desk struct {
	copy func(text string)
	open func(address string)
	quit func()

	chooseCapture func(chosen func(path string))
	ask           func(q question)
}

// newDesk returns the desktop that there is.
func newDesk(a fyne.App, win fyne.Window, log *slog.Logger) desk {
	return desk{
		copy: a.Clipboard().SetContent,
		quit: a.Quit,
		ask:  func(q question) { ask(win, q) },
		chooseCapture: func(chosen func(string)) {
			chooseCapture(win, chosen, func(err error) { dialog.ShowError(err, win) })
		},
		open: func(address string) {
			// On the window's goroutine: this starts a helper of the desktop's and does not wait for the browser.
			u, err := url.Parse(address)
			if err == nil {
				err = a.OpenURL(u)
			}
			if err != nil {
				log.Error("the browser was not opened", "error", err)
			}
		},
	}
}
