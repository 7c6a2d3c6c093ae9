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
	"sync"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

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

	// Started is called with the viewers' address, or an empty text where nobody can watch, with each start of a run, on
	// the goroutine that owns the run: never the window's.
	Started func(url string)

	// Minimised tells whether the window whose OpenGL context is current is minimised. It is called on the window's
	// goroutine. Nil: nobody knows.
	Minimised func() bool

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
	a.Settings().SetTheme(newLook(a.Preferences().String(keepTheme)))
	win := a.NewWindow(title)
	var later turns
	calls := make(callQueue, 4)
	c := newController(cfg, start, later.do, log)
	c.use(options.Settings)
	w := newWindow(c, newDesk(a, win, calls, log, options.Minimised))
	w.theme = a.Preferences().StringWithFallback(keepTheme, asSystem)
	c.view = w
	w.Show(c.model)
	win.SetContent(w.root)
	win.SetPadded(false)
	win.SetMainMenu(w.menus.main)
	win.Canvas().SetOnTypedKey(w.typed)
	win.Resize(rememberedSize(a.Preferences()))
	win.SetMaster()
	win.SetCloseIntercept(w.close)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	work.Go(func() { calls.run(ctx, a.SendNotification) })
	work.Go(func() { raise(ctx, options.Raise, later.do, func(capture string) { w.toFront(win, capture) }) })
	a.Lifecycle().SetOnStarted(func() {
		if !options.Settings.Ask || cfg.Capture != "" {
			c.Restart()
		}
		work.Go(func() { c.Run(ctx) })
	})
	a.Lifecycle().SetOnStopped(later.end)
	context.AfterFunc(ctx, func() { later.do(a.Quit) })
	win.ShowAndRun()
	later.end()

	cancel()
	return waitFor(&work)
}

// waitFor waits until what the window has started has ended, as long as its user should have to.
func waitFor(work *sync.WaitGroup) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		work.Wait()
	}()
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
func raise(ctx context.Context, asked <-chan Raise, do func(func()), front func(capture string)) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-asked:
			do(func() {
				front(r.Capture)
				close(r.Shown)
			})
		}
	}
}
