package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

var digits = [...]fyne.KeyName{
	fyne.Key1, fyne.Key2, fyne.Key3, fyne.Key4, fyne.Key5, fyne.Key6, fyne.Key7, fyne.Key8, fyne.Key9,
}

// actions are the main actions by their keys, to be pressed with Control.
func (w *window) actions() map[fyne.KeyName]func() {
	actions := map[fyne.KeyName]func(){
		fyne.KeyR: w.startOrStop, fyne.KeyO: w.openCapture, fyne.KeyS: w.toggleSaving, fyne.KeyH: w.toggleHLS,
		fyne.KeyL: w.copyAddress, fyne.KeyB: w.openPage, fyne.KeyComma: w.toggleSetup, fyne.KeyQ: w.desk.quit,
	}
	for i, key := range digits {
		actions[key] = func() { w.showNumber(i) }
	}
	return actions
}

// addKeys binds the actions, and Escape to leave the set-up or a check. Under a dialog only Quit acts.
func (w *window) addKeys(c fyne.Canvas) {
	for key, action := range w.actions() {
		shortcut := &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
		c.AddShortcut(shortcut, func(fyne.Shortcut) {
			if c.Overlays().Top() == nil || key == fyne.KeyQ {
				action()
			}
		})
	}
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch {
		case e.Name != fyne.KeyEscape:
		case w.model.Check.Path != "":
			w.commands.EndCheck()
		case w.settingUp:
			w.toggleSetup()
		case len(w.model.Config.Channels) > 1:
			w.showRig("")
		}
	})
}
