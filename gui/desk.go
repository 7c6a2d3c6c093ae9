package gui

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/events"
)

// desk is what the pages need of the window around them and of the desktop.
type desk struct {
	copy func(text string)
	open func(address string)
	call func(c events.Call)
	quit func()

	free       func() bool // no dialog is open
	dismiss    func()      // leave the dialog that is
	minimised  func() bool // the window is
	ask        func(q question)
	show       func(title string, content fyne.CanvasObject, size fyne.Size)
	chooseFile func(q fileQuestion)
	saveFile   func(name, text string)
	setTheme   func(name string)
	fullScreen func()
}

// newDesk returns the desktop that there is. The function minimised is called where the window's OpenGL context is
// current; it may be nil.
func newDesk(a fyne.App, win fyne.Window, calls callQueue, log *slog.Logger, minimised func() bool) desk {
	failed := func(err error) { dialog.ShowError(err, win) }
	return desk{
		copy: a.Clipboard().SetContent,
		open: func(address string) { openURL(a, address, log) },
		call: calls.send,
		quit: func() {
			if !win.FullScreen() {
				rememberSize(a.Preferences(), win.Canvas().Size())
			}
			a.Quit()
		},
		free: func() bool { return win.Canvas().Overlays().Top() == nil },
		minimised: func() (is bool) {
			if w, has := win.(interface{ RunWithContext(f func()) }); has && minimised != nil {
				w.RunWithContext(func() { is = minimised() })
			}
			return is
		},
		dismiss:    func() { dismiss(win) },
		ask:        func(q question) { ask(win, q) },
		show:       func(title string, o fyne.CanvasObject, size fyne.Size) { showDialog(win, title, o, size) },
		chooseFile: func(q fileQuestion) { chooseFile(win, q, failed) },
		saveFile:   func(name, text string) { saveFile(win, name, text, failed) },
		fullScreen: func() { win.SetFullScreen(!win.FullScreen()) },
		setTheme: func(name string) {
			a.Preferences().SetString(keepTheme, name)
			a.Settings().SetTheme(newLook(name))
		},
	}
}

// callQueue holds calls on their way to the desktop, which is asked over D-Bus and shows them in its own time.
type callQueue chan events.Call

// send has a call shown, unless the desktop has not yet shown those before it.
func (q callQueue) send(c events.Call) {
	select {
	case q <- c:
	default:
	}
}

// run shows calls until the context ends.
func (q callQueue) run(ctx context.Context, show func(*fyne.Notification)) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-q:
			show(fyne.NewNotification(c.Title, c.Text))
		}
	}
}

// openURL opens an address in the browser. It starts a helper of the desktop's and does not wait for the browser.
func openURL(a fyne.App, address string, log *slog.Logger) {
	u, err := url.Parse(address)
	if err == nil {
		err = a.OpenURL(u)
	}
	if err != nil {
		log.Error("the browser was not opened", "error", err)
	}
}

// showDialog shows something over the window until it is closed, by Escape too.
func showDialog(win fyne.Window, title string, content fyne.CanvasObject, size fyne.Size) {
	d := dialog.NewCustomWithoutButtons(title, content, win)
	d.SetButtons([]fyne.CanvasObject{widget.NewButton("Close", func() { d.Hide() })})
	if !size.IsZero() {
		room := win.Canvas().Size()
		d.Resize(fyne.NewSize(min(size.Width, room.Width-40), min(size.Height, room.Height-40)))
	}
	d.Show()
}

// dismiss takes the dialog away that is open. To hide it alone would leave it in the way of all keys and clicks.
func dismiss(win fyne.Window) {
	overlays := win.Canvas().Overlays()
	if top := overlays.Top(); top != nil {
		overlays.Remove(top)
	}
}

// saveFile has the operator choose a file, and writes text to it.
func saveFile(win fyne.Window, name, text string, failed func(error)) {
	d := dialog.NewFileSave(func(file fyne.URIWriteCloser, err error) {
		if err != nil {
			failed(err)
			return
		}
		if file == nil {
			return // it was left
		}
		_, err = file.Write([]byte(text))
		if closed := file.Close(); err == nil {
			err = closed
		}
		if err != nil {
			failed(fmt.Errorf("the file was not written whole: %w. Free some room or choose another folder", err))
		}
	}, win)
	d.SetFileName(name)
	d.Show() // it has no size to change before
	size := win.Canvas().Size()
	d.Resize(fyne.NewSize(min(size.Width-80, 900), min(size.Height-80, 600)))
}
