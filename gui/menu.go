package gui

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

var digits = [...]fyne.KeyName{
	fyne.Key1, fyne.Key2, fyne.Key3, fyne.Key4, fyne.Key5, fyne.Key6, fyne.Key7, fyne.Key8, fyne.Key9,
}

// menus is the window's menu with the items that change. Every key is in it, so that it can be found.
type menus struct {
	main                   *fyne.MainMenu
	start, save, hls       *fyne.MenuItem
	open, setup            *fyne.MenuItem
	copy, browse           *fyne.MenuItem
	all, rigs, needsAction *fyne.MenuItem
	rates, themes          []*fyne.MenuItem
}

// pictureRates are the most pictures a second that each preview may show; 0 is by their number.
var pictureRates = [...]int{0, 25, 12, 5}

func newMenus(w *window) *menus {
	m := &menus{}
	item := func(label string, key fyne.KeyName, do func()) *fyne.MenuItem {
		i := fyne.NewMenuItem(label, func() {
			if w.desk.free() {
				do()
			}
		})
		if key != "" {
			i.Shortcut = &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
		}
		return i
	}
	m.start = item("Start", fyne.KeyR, w.startOrStop)
	m.open = item("Open capture...", fyne.KeyO, w.openCapture)
	m.save = item("Save what arrives", fyne.KeyS, w.toggleSaving)
	m.setup = item("Set-up", fyne.KeyComma, w.toggleSetup)
	quit := fyne.NewMenuItem("Quit", w.close)
	quit.IsQuit = true
	quit.Shortcut = &desktop.CustomShortcut{KeyName: fyne.KeyQ, Modifier: fyne.KeyModifierShortcutDefault}

	m.all = item("All pictures", fyne.Key0, func() { w.showRig("") })
	m.rigs = item("One picture", "", nil)
	m.rigs.ChildMenu = fyne.NewMenu("")
	rates := item("Pictures a second", "", nil)
	rates.ChildMenu = fyne.NewMenu("")
	for _, rate := range pictureRates {
		label := "Automatic"
		if rate > 0 {
			label = fmt.Sprintf("%d at most", rate)
		}
		m.rates = append(m.rates, item(label, "", func() { w.setRate(rate) }))
	}
	rates.ChildMenu.Items = m.rates
	themes := item("Colours", "", nil)
	for _, name := range themeNames {
		m.themes = append(m.themes, item(name, "", func() { w.setTheme(name) }))
	}
	themes.ChildMenu = fyne.NewMenu("", m.themes...)

	m.hls = item("HLS output", fyne.KeyH, w.toggleHLS)
	m.copy = item("Copy address", fyne.KeyL, w.copyAddress)
	m.browse = item("Open in browser", fyne.KeyB, w.openPage)
	m.needsAction = item("Only what needs action", fyne.KeyE, w.toggleFilter)
	m.main = fyne.NewMainMenu(
		fyne.NewMenu("Receiver", m.start, m.setup, fyne.NewMenuItemSeparator(), m.open, m.save,
			fyne.NewMenuItemSeparator(), quit),
		fyne.NewMenu("View", m.all, m.rigs, fyne.NewMenuItemSeparator(), rates, themes,
			item("Full screen", fyne.KeyF, w.desk.fullScreen)),
		fyne.NewMenu("Viewers", item("Share...", fyne.KeyU, w.showShare), m.copy, m.browse,
			fyne.NewMenuItemSeparator(), m.hls),
		fyne.NewMenu("Events", m.needsAction, item("Copy events", fyne.KeyT, w.copyEvents),
			item("Save events...", fyne.KeyD, w.saveEvents)),
		fyne.NewMenu("Help", item("Keyboard", fyne.KeyK, w.showKeys), item("About ISC Receiver", fyne.KeyI, w.showAbout)),
	)
	return m
}

// update brings the items up to date and shows the menu anew if any has changed.
func (m *menus) update(w *window) {
	before := m.state()
	is := w.model
	idle := is.Phase == running || is.Phase == stopped
	m.start.Label = "Start"
	if is.Phase == running || is.Phase == stopping {
		m.start.Label = "Stop"
	}
	m.start.Disabled, m.open.Disabled = !idle, !idle
	m.setup.Checked = w.settingUp
	m.setup.Disabled = is.Phase == stopped || is.Check.Path != ""
	m.save.Checked = is.dump().Running
	m.save.Disabled = w.totals.save.toggle.Disabled()
	m.hls.Checked = is.channel().HLS.Enabled
	m.copy.Disabled, m.browse.Disabled = is.URL == "", is.URL == ""
	m.needsAction.Checked = w.events.filter.Checked

	rigs := is.Config.Channels
	m.all.Disabled, m.rigs.Disabled = len(rigs) < 2, len(rigs) < 2
	m.all.Checked = is.All && len(rigs) > 1
	m.fillRigs(w)
	for i, rate := range pictureRates {
		m.rates[i].Checked = rate == is.Rate
	}
	for i, name := range themeNames {
		m.themes[i].Checked = name == w.theme
	}
	if m.state() != before {
		m.main.Refresh()
	}
}

// fillRigs offers each rig's picture, the first nine by a key.
func (m *menus) fillRigs(w *window) {
	items := m.rigs.ChildMenu.Items
	for len(items) < len(w.model.Config.Channels) {
		n := len(items)
		i := fyne.NewMenuItem("", func() {
			if w.desk.free() {
				w.showNumber(n)
			}
		})
		if n < len(digits) {
			i.Shortcut = &desktop.CustomShortcut{KeyName: digits[n], Modifier: fyne.KeyModifierShortcutDefault}
		}
		items = append(items, i)
	}
	items = items[:len(w.model.Config.Channels)]
	for i, c := range w.model.Config.Channels {
		items[i].Label = c.Name
		items[i].Checked = !w.model.All && c.ID == w.model.Chosen
	}
	m.rigs.ChildMenu.Items = items
}

// state is all that changes, to tell whether it has.
func (m *menus) state() string {
	var b strings.Builder
	m.each(func(i *fyne.MenuItem) { fmt.Fprint(&b, i.Label, i.Checked, i.Disabled, " ") })
	return b.String()
}

// each calls a function with every item, below other items too.
func (m *menus) each(f func(i *fyne.MenuItem)) {
	var below func(menu *fyne.Menu)
	below = func(menu *fyne.Menu) {
		for _, i := range menu.Items {
			f(i)
			if i.ChildMenu != nil {
				below(i.ChildMenu)
			}
		}
	}
	for _, menu := range m.main.Items {
		below(menu)
	}
}

// typed does what a key without Control does: Escape leads back, arrows go from picture to picture, Return shows one.
func (w *window) typed(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		w.leave()
		return
	}
	if !w.desk.free() || w.covered || len(w.model.Config.Channels) < 2 {
		return
	}
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		w.tapPicture(w.model.Chosen)
	case fyne.KeyLeft:
		w.choose(-1)
	case fyne.KeyRight:
		w.choose(1)
	case fyne.KeyUp:
		w.choose(-w.stage.columns())
	case fyne.KeyDown:
		w.choose(w.stage.columns())
	default:
	}
}

// leave leads back from a dialog, a check, the set-up, or one picture of several.
func (w *window) leave() {
	switch {
	case !w.desk.free():
		w.desk.dismiss()
	case w.model.Check.Path != "":
		w.commands.EndCheck()
	case w.settingUp:
		w.toggleSetup()
	case !w.covered && len(w.model.Config.Channels) > 1:
		w.showRig("")
	}
}

// choose chooses the rig that is so many further on.
func (w *window) choose(by int) {
	rigs := w.model.Config.Channels
	if i := channelIndex(w.model.Config, w.model.Chosen) + by; i >= 0 && i < len(rigs) {
		w.commands.Choose(rigs[i].ID)
	}
}
