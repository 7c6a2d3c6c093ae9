package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// keysText names the keys of actions.
const keysText = "Ctrl+R start or stop · Ctrl+H HLS on or off · Ctrl+L copy the address · " +
	"Ctrl+O open the page · Ctrl+, set-up · Ctrl+Q quit"

// actions are the main actions by their keys, to be pressed with Control.
func (w *window) actions() map[fyne.KeyName]func() {
	return map[fyne.KeyName]func(){
		fyne.KeyR: w.startOrStop, fyne.KeyH: w.toggleHLS, fyne.KeyL: w.copyAddress, fyne.KeyO: w.openPage,
		fyne.KeyComma: w.toggleSetup, fyne.KeyQ: w.desk.quit,
	}
}

// addKeys binds the actions, and Escape to leave the set-up.
func (w *window) addKeys(c fyne.Canvas) {
	for key, action := range w.actions() {
		shortcut := &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
		c.AddShortcut(shortcut, func(fyne.Shortcut) { action() })
	}
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape && w.settingUp {
			w.toggleSetup()
		}
	})
}
