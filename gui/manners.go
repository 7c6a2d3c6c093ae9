package gui

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/isc-receiver/isc-receiver/gui/events"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// What the window remembers of itself; all else is in the settings.
const (
	keepWidth, keepHeight = "window.width", "window.height"
	keepTheme             = "window.theme"

	usualWidth, usualHeight = 1280, 800
	leastWidth, leastHeight = 640, 400
)

// rememberedSize is the size that the window had when it was closed.
func rememberedSize(p fyne.Preferences) fyne.Size {
	return fyne.NewSize(
		max(float32(p.FloatWithFallback(keepWidth, usualWidth)), leastWidth),
		max(float32(p.FloatWithFallback(keepHeight, usualHeight)), leastHeight))
}

// rememberSize keeps the size that the window has.
func rememberSize(p fyne.Preferences, size fyne.Size) {
	p.SetFloat(keepWidth, float64(size.Width))
	p.SetFloat(keepHeight, float64(size.Height))
}

// closing is what to ask before the window closes and reception ends; false where there is nothing to ask.
func closing(m model, quit func()) (question, bool) {
	if m.Phase != running || m.Config.Demo || m.Config.Capture != "" {
		return question{}, false
	}
	var live []string
	for _, c := range m.Snapshot.Channels {
		if c.State == status.ChannelLive {
			live = append(live, c.Name)
		}
	}
	if len(live) == 0 {
		return question{}, false
	}
	text := live[0] + " is live."
	if len(live) > 1 {
		text = fmt.Sprintf("%d rigs are live.", len(live))
	}
	switch n := m.viewers(); n {
	case 0:
	case 1:
		text += " 1 viewer is watching."
	default:
		text += fmt.Sprintf(" %d viewers are watching.", n)
	}
	if m.dump().Running {
		text += " What arrives is being saved."
	}
	return question{
		title: "Stop receiving and close?", text: text + "\nClosing the window ends that.",
		answers: []answer{{"Close", quit}}, ends: true,
	}, true
}

// close closes the window, after a question where reception would end.
func (w *window) close() {
	if q, ask := closing(w.model, w.desk.quit); ask {
		if w.desk.free() {
			w.desk.ask(q)
		}
		return
	}
	w.desk.quit()
}

func (w *window) setTheme(name string) {
	w.theme = name
	w.desk.setTheme(name)
	w.menus.update(w)
}

func (w *window) setRate(rate int) { w.commands.SetRate(rate) }

func (w *window) showShare() {
	w.share.show(w.model)
	w.desk.show("Share", w.share.content, fyne.Size{})
}

func (w *window) showKeys() { w.desk.show("Keyboard", keyboard(w.menus), fyne.NewSize(500, 550)) }

func (w *window) showAbout() { w.desk.show("About", about(), fyne.NewSize(620, 480)) }

func (w *window) toggleFilter() { w.events.filter.SetChecked(!w.events.filter.Checked) }

func (w *window) copyEvents() {
	if text := w.events.text(); text != "" {
		w.desk.copy(text)
	}
}

func (w *window) saveEvents() {
	if text := w.events.text(); text != "" {
		w.desk.saveFile("events-"+w.model.Now.Local().Format("2006-01-02-150405")+".txt", text)
	}
}

// call tells an operator who looks elsewhere that a picture has gone, or is back.
func (w *window) call(s events.State) {
	for _, c := range w.alarm.Step(s.Time, s) {
		w.desk.call(c)
	}
}
