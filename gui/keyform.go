package gui

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// lives are for how long a new key can be good; the last two are no time.
var lives = []struct {
	text string
	life time.Duration
}{
	{"1 hour", time.Hour},
	{"8 hours", 8 * time.Hour},
	{"1 day", 24 * time.Hour},
	{"7 days", 7 * 24 * time.Hour},
	{untilDay, 0},
	{noEnd, 0},
}

const (
	untilDay   = "Until the end of a day"
	noEnd      = "Until it is removed"
	firstLife  = "1 day"
	rigsHeight = 100
)

// newKey is what the form asks for.
type newKey struct {
	name     string
	expires  time.Time
	channels []string
}

// keyForm asks what a new key is to be.
type keyForm struct {
	page        *fyne.Container
	name        *widget.Entry
	life        *widget.Select
	day         *widget.DateEntry
	dayRoom     fyne.CanvasObject
	ends        *widgets.Text // in words
	allRigs     *widget.Check
	rigs        *widget.CheckGroup
	rigRows     []fyne.CanvasObject // there where there are several rigs
	wrong       *widgets.Note
	add, cancel *widget.Button

	onAdd func(k newKey)

	ids   []string // of the rigs, in the order of the boxes
	model model
	tried bool // to add it, so that what is missing is told of
}

func newKeyForm() *keyForm {
	f := &keyForm{
		name: widget.NewEntry(), day: widget.NewDateEntry(), ends: widgets.NewText("", widgets.TextStyle{}),
		rigs: widget.NewCheckGroup(nil, nil), wrong: widgets.NewNote(theme.SizeNameText),
		add:    widget.NewButtonWithIcon("Add key", theme.ConfirmIcon(), nil),
		cancel: widget.NewButton("Cancel", nil),
	}
	texts := make([]string, len(lives))
	for i, l := range lives {
		texts[i] = l.text
	}
	f.life = widget.NewSelect(texts, f.lifeChosen)
	f.allRigs = widget.NewCheck("All rigs, also those that are added later", func(bool) { f.changed() })
	f.rigs.OnChanged = func([]string) { f.changed() }
	f.name.SetPlaceHolder("Ward 3, Dr Weber, the wall display in theatre 2 ...")
	f.name.OnChanged = func(string) { f.changed() }
	f.name.OnSubmitted = func(string) { f.tryAdd() }
	f.day.OnChanged = func(*time.Time) { f.changed() }
	f.add.Importance = widget.HighImportance
	f.add.OnTapped = f.tryAdd
	scroll := container.NewVScroll(f.rigs)
	scroll.SetMinSize(fyne.NewSize(0, rigsHeight))
	f.rigRows = []fyne.CanvasObject{label("Rigs"), container.NewVBox(f.allRigs, scroll)}
	f.dayRoom = container.NewGridWrap(fyne.NewSize(150, f.day.MinSize().Height), f.day)
	longest := widget.NewButtonWithIcon(untilDay, theme.MenuDropDownIcon(), nil).MinSize() // a select asks for less
	end := container.New(layout.NewCustomPaddedHBoxLayout(10),
		container.NewStack(spacer(longest.Width, 0), f.life), f.dayRoom, f.ends)
	fields := container.New(layout.NewFormLayout(), append([]fyne.CanvasObject{
		label("Whom is it for?"), f.name, label("Good for"), end,
	}, f.rigRows...)...)
	f.page = container.NewBorder(fields, container.New(layout.NewCustomPaddedVBoxLayout(8),
		container.New(layout.NewCustomPaddedLayout(0, 0, 4, 4), f.wrong),
		container.NewHBox(layout.NewSpacer(), f.cancel, f.add)), nil, nil)
	return f
}

func label(text string) fyne.CanvasObject { return widget.NewLabel(text) }

// begin begins with a key about which nothing is said yet.
func (f *keyForm) begin(m model) {
	f.model, f.tried = m, false
	f.ids = nil
	names := make([]string, 0, len(m.Config.Channels))
	for _, c := range m.Config.Channels {
		name := c.Name
		if slices.Contains(names, name) {
			name += " (" + c.ID + ")" // boxes are told apart by what they say
		}
		f.ids, names = append(f.ids, c.ID), append(names, name)
	}
	f.rigs.Options = names
	f.rigs.SetSelected(nil)
	f.allRigs.SetChecked(true)
	for _, o := range f.rigRows {
		o.(interface{ Hide() }).Hide()
		if len(names) > 1 {
			o.Show()
		}
	}
	f.name.SetText("")
	f.day.SetDate(nil)
	f.life.SetSelected(firstLife)
	f.changed()
}

// show takes the time and the keys that there are now.
func (f *keyForm) show(m model) {
	if f.page.Visible() {
		f.model = m
		f.changed()
	}
}

// lifeChosen begins with tomorrow where a day is to be chosen.
func (f *keyForm) lifeChosen(life string) {
	if life == untilDay && f.day.Date == nil {
		tomorrow := f.model.Now.Local().AddDate(0, 0, 1)
		f.day.SetDate(&tomorrow)
	}
	f.changed()
}

// changed shows what follows from what is entered.
func (f *keyForm) changed() {
	if asks := f.life.Selected == untilDay; asks != f.dayRoom.Visible() {
		f.dayRoom.Hide()
		if asks {
			f.dayRoom.Show()
		}
	}
	k, problem := f.key()
	ends := ""
	if !k.expires.IsZero() {
		ends = "until " + dayTime(k.expires, f.model.Now)
	}
	f.ends.Set(ends, widgets.Quiet)
	if all := f.allRigs.Checked; all && !f.rigs.Disabled() {
		f.rigs.Disable()
	} else if !all && f.rigs.Disabled() {
		f.rigs.Enable()
	}
	if !f.tried {
		problem = ""
	}
	if f.wrong.Set(problem, widgets.Square, widgets.Bad) {
		f.page.Refresh()
	}
}

// key returns the key that is asked for, and what is wrong with it, or an empty text.
func (f *keyForm) key() (k newKey, problem string) {
	k.name = strings.TrimSpace(f.name.Text)
	now := f.model.Now
	for _, l := range lives {
		if l.text == f.life.Selected && l.life > 0 {
			k.expires = now.Add(l.life)
		}
	}
	err := app.CheckKey(k.name, f.model.Viewers.Keys)
	if f.life.Selected == untilDay {
		if f.day.Date == nil {
			problem = "Choose the day that the key is good until."
		} else if k.expires = app.EndOfDay(*f.day.Date); !k.expires.After(now) {
			problem = "That day is over: choose today or a later one."
		}
	}
	if !f.allRigs.Checked {
		for i, name := range f.rigs.Options {
			if slices.Contains(f.rigs.Selected, name) {
				k.channels = append(k.channels, f.ids[i])
			}
		}
		if len(k.channels) == 0 {
			problem = "Choose at least one rig."
		}
	}
	if err != nil {
		problem = widgets.Sentence(err.Error())
	}
	return k, problem
}

// tryAdd has the key added, or says what is wrong with it.
func (f *keyForm) tryAdd() {
	k, problem := f.key()
	if problem != "" {
		f.tried = true
		f.changed()
		return
	}
	f.onAdd(k)
}
