package gui

import (
	"slices"
	"strings"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/form"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

// newSetup returns the page that says where and how to receive, connected to what it asks for.
func newSetup(w *window) *form.Form {
	f := form.New()
	f.OnApply = w.applySetup
	f.OnSave = w.commands.Keep
	f.OnChange = w.commands.Look
	f.OnCopy = w.desk.copy
	f.OnChoose = func(extensions []string, chosen func(string)) {
		w.desk.chooseFile(fileQuestion{"Choose a file", extensions, chosen})
	}
	f.OnBack = w.toggleSetup
	f.Object.Hide()
	return f
}

// formState is what the form shows of a model.
func formState(m model) form.State {
	failure := m.SetupErr
	if m.Phase == stopped {
		failure = m.Failure
	}
	return form.State{
		Config: m.Config, Running: m.Phase == running, Busy: m.Phase == starting || m.Phase == stopping, First: m.Ask,
		Interfaces: m.Interfaces, Ports: m.Ports, Failure: failure, Kept: m.Kept,
		Right: m.Right,
	}
}

// showSetup brings the form up to date, where it can be seen.
func (w *window) showSetup() {
	if w.setup.Object.Visible() {
		w.setup.Show(formState(w.model))
	}
}

// toggleSetup shows the set-up, beginning with the chosen rig, or leaves it. What was entered stays.
func (w *window) toggleSetup() {
	if w.check.page.Visible() {
		return
	}
	w.settingUp = !w.settingUp && w.model.Phase != stopped
	w.head.show(w.model, w.age, w.settingUp)
	w.place()
	if w.settingUp {
		w.setup.ShowRig(w.model.Chosen)
	}
}

// applySetup receives with other settings, once the operator knows what that interrupts.
func (w *window) applySetup(cfg app.Config) {
	apply := func() { w.commands.Apply(cfg) }
	if stops := whatSetupStops(w.model, cfg); stops != "" {
		w.desk.ask(question{title: "Apply these settings?", text: stops, answers: []answer{{"Apply", apply}}})
		return
	}
	apply()
}

// whatSetupStops says whose reception other settings interrupt; nothing where nobody would miss it.
func whatSetupStops(m model, next app.Config) string {
	if m.Phase != running {
		return ""
	}
	var ended, anew []string
	for _, id := range m.Config.Interrupts(next) {
		c := m.of(id).channel()
		switch {
		case c.State != status.ChannelLive:
		case channelIndexOf(next, id) < 0:
			ended = append(ended, c.Name)
		default:
			anew = append(anew, c.Name)
		}
	}
	var sentences []string
	if len(anew) > 0 {
		sentences = append(sentences, "Reception of "+list(anew)+" stops for a moment.")
	}
	if len(ended) > 0 {
		sentences = append(sentences, "Reception of "+list(ended)+" ends.")
	}
	return strings.Join(sentences, "\n")
}

// list names a few things, or the first of many.
func list(names []string) string {
	const most = 4
	if more := len(names) - most; more > 0 {
		names = append(slices.Clone(names[:most]), words.Count(more, "other rig"))
	}
	return words.List(names)
}
