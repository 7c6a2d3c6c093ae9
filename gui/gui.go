// Package gui is the operator's window.
//
// A controller owns the run of the receiver on a goroutine of its own: four times a second it takes a snapshot, and
// each new picture, and hands them to the window by fyne.Do. The window leaves its wishes with the controller and
// never waits. Pages turn the snapshot into sentences and numbers; the widgets below them know nothing of it.
package gui

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/dialog"

	"github.com/isc-receiver/isc-receiver/app"
)

const (
	// title stays as it is: desktops find the window's entry by it.
	title = "ISC Receiver"
	appID = "io.github.isc_receiver.ISCReceiver" // as in FyneApp.toml

	// patience is how long a run may take to end after the window has closed.
	patience = 2500 * time.Millisecond
)

// ErrSlow says that the run had not ended when the program had to.
var ErrSlow = errors.New("gui: the receiver did not stop in time")

// Options are what the window starts with.
type Options struct {
	Settings app.UserSettings
	Log      *slog.Logger

	// Started is called with the viewers' address with each start of a run, on a goroutine of its own.
	Started func(url string)

	// Raise brings the window to the front, whenever something comes from it.
	Raise <-chan Raise
}

// Raise asks for the window to come to the front, and to offer a capture file where it names one. Shown is then closed.
type Raise struct {
	Capture string
	Shown   chan<- struct{}
}

// Run shows the window, starts to receive where the settings do not say to ask first, and returns when the window has
// been closed or the context has ended, after the run has been closed; ErrSlow where that took too long. It must be
// called on the main goroutine, with a display that works.
func Run(ctx context.Context, options Options) error {
	return show(ctx, options, func(cfg app.Config, log *slog.Logger) (run, error) {
		r, err := app.Start(cfg, log)
		if err != nil {
			return nil, err
		}
		options.Started(r.ViewerURL())
		return r, nil
	})
}

// show is Run with a starter of one's own.
func show(ctx context.Context, options Options, start starter) error {
	cfg, log := options.Settings.Config, options.Log
	a := fyneapp.NewWithID(appID)
	a.Settings().SetTheme(newLook())
	win := a.NewWindow(title)
	c := newController(cfg, start, fyne.Do, log)
	w := newWindow(c, desk{
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
	})
	c.view = w
	w.Show(c.model)
	win.SetContent(w.root)
	win.SetPadded(false)
	w.addKeys(win.Canvas())
	win.Resize(fyne.NewSize(1280, 800))
	win.SetMaster()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	a.Lifecycle().SetOnStarted(func() {
		if !options.Settings.Ask || cfg.Capture != "" {
			c.Restart()
		}
		go func() {
			defer close(ended)
			c.Run(ctx)
		}()
	})
	stop := context.AfterFunc(ctx, func() { fyne.Do(a.Quit) })
	defer stop()
	var raising sync.WaitGroup
	raising.Go(func() { raise(ctx, options.Raise, func(capture string) { w.toFront(win, capture) }) })
	win.ShowAndRun()

	cancel()
	raising.Wait()
	select {
	case <-ended:
		return nil
	case <-time.After(patience):
		return ErrSlow
	}
}

// toFront brings the window to the front, and offers a capture where there is one.
func (w *window) toFront(win fyne.Window, capture string) {
	win.Show()
	win.RequestFocus()
	if capture != "" {
		w.offerCapture(capture)
	}
}

// raise brings the window to the front each time that it is asked to, until the context ends.
func raise(ctx context.Context, asked <-chan Raise, front func(capture string)) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-asked:
			fyne.Do(func() {
				front(r.Capture)
				close(r.Shown)
			})
		}
	}
}
