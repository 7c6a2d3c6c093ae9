// Package form is the page on which the operator sets up where and how to receive: settings go in and come out whole,
// with what is wrong marked at its field. It knows the rules of settings, which are app's, but nothing of a run. As
// with all of Fyne, it belongs to the window's goroutine.
package form

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"github.com/isc-receiver/isc-receiver/app"
)

// State is what the form shows besides what is entered.
type State struct {
	Config     app.Config // that runs, or that the next start takes
	Running    bool
	Busy       bool // starting or stopping
	First      bool // nobody has set anything up yet
	Interfaces []Interface
	Ports      app.PortChecks // of the settings that OnChange was last called with
	Failure    error          // why the last run did not start, or ended, or why settings were not applied
	Kept       Kept
	Right      string // what live capture needs that the program does not have, and how it gets that; or empty
}

// Kept is where settings are kept.
type Kept struct {
	Path   string     // the file; empty where they are not kept, as in a demonstration
	Config app.Config // what is in it; without channels where there is no such file
	Over   []string   // the flags that win over the file when the program starts like this again
	Wrong  error      // what is wrong with the file, or why there is none
	Beside string     // where what could not be read of the file was put when it was saved
	Err    error      // why it could not be saved
}

// Form is the page. What is entered stays until it is applied or reverted; while nothing is, it follows the State.
type Form struct {
	Object fyne.CanvasObject

	// OnApply is to receive with these settings, and to keep them. What no settings file says is as it was.
	OnApply  func(cfg app.Config)
	OnSave   func(cfg app.Config) // to keep them for the next start
	OnChange func(cfg app.Config) // what the fields hold has changed: its ports are to be checked
	OnCopy   func(text string)
	OnChoose func(extensions []string, chosen func(path string)) // to choose a file
	OnBack   func()                                              // to leave the form as it is

	state    State
	draft    draft
	filled   app.Config // that the draft began with
	cfg      app.Config // that the fields hold
	entered  []problem  // with what they hold
	problems []problem  // with that, and with the certificate's files
	place    place

	notices *notices
	sidebar *sidebar
	rig     *rigPage
	web     *webPage
	ways    *waysPage
	video   *videoPage
	save    *savePage
	pages   *fyne.Container
	scroll  *container.Scroll
	footer  *footer
	height  float32 // that the pages took
}

// place is which page of the form is shown: the one of a rig, or another.
type place struct {
	rig  int // -1 where it is another
	page string
}

// The pages besides those of rigs.
const (
	pageWeb   = "web"
	pageWays  = "ways"
	pageVideo = "video"
	pageSave  = "save"
)

// New returns a form. Its OnX must be set before it is shown.
func New() *Form {
	f := &Form{}
	f.notices = newNotices(func(text string) { f.OnCopy(text) })
	f.rig = newRigPage(func(change func(*rigDraft)) {
		f.edit(func(d *draft) { change(&d.rigs[f.place.rig]) })
	})
	f.rig.up.OnTapped = func() { f.changeRigs(func(d *draft) int { return d.moveRig(f.place.rig, -1) }) }
	f.rig.down.OnTapped = func() { f.changeRigs(func(d *draft) int { return d.moveRig(f.place.rig, 1) }) }
	f.rig.remove.OnTapped = func() { f.changeRigs(func(d *draft) int { return d.removeRig(f.place.rig) }) }
	f.web = newWebPage(f.edit, func(extensions []string, chosen func(string)) { f.OnChoose(extensions, chosen) })
	f.ways = newWaysPage(f.edit)
	f.video = newVideoPage(f.edit)
	f.save = newSavePage(f.edit)
	f.sidebar = newSidebar(f.goTo, func() { f.changeRigs((*draft).addRig) })
	f.footer = newFooter()
	f.footer.apply.OnTapped = f.Apply
	f.footer.save.OnTapped = func() { f.OnSave(f.cfg.Clone()) }
	f.footer.revert.OnTapped = f.revert
	f.footer.back.OnTapped = func() { f.OnBack() }

	f.pages = container.NewStack(f.rig.object, f.web.object, f.video.object, f.save.object, f.ways.object)
	f.scroll = container.NewVScroll(container.New(&columnLayout{width: 820},
		container.New(layout.NewCustomPaddedLayout(0, 12, 0, 12),
			container.New(layout.NewCustomPaddedVBoxLayout(12), f.notices.object, f.pages))))
	f.Object = container.NewBorder(nil, f.footer.object, f.sidebar.object, nil,
		container.New(layout.NewCustomPaddedLayout(8, 0, 12, 4), f.scroll))
	return f
}

// Show shows a state. What has been entered stays.
func (f *Form) Show(s State) {
	f.state = s
	f.findProblems()
	applied := len(f.problems) == 0 && f.cfg.Equal(s.Config)
	if len(f.draft.rigs) == 0 || (applied || !f.edited()) && !s.Config.Equal(f.filled) {
		f.fill()
		return
	}
	f.show()
}

// ShowRig shows the page of a rig, where there is one.
func (f *Form) ShowRig(id string) {
	for i, rig := range f.draft.rigs {
		if rig.ID == id {
			f.goTo(place{rig: i})
		}
	}
}

// revert drops what has been entered.
func (f *Form) revert() { f.fill() }

// Apply raises OnApply with what the fields hold, if it is right and there is something to do.
func (f *Form) Apply() {
	if !f.footer.apply.Disabled() {
		f.OnApply(f.cfg.Clone())
	}
}

// edited tells whether something has been entered that is neither applied nor reverted.
func (f *Form) edited() bool { return !reflect.DeepEqual(f.draft, newDraft(f.filled)) }

// fill puts the state's settings into the fields.
func (f *Form) fill() {
	f.filled = f.state.Config.Clone()
	f.draft = newDraft(f.filled)
	f.place.rig = min(f.place.rig, len(f.draft.rigs)-1)
	f.read()
	f.fillPages()
	f.show()
}

// fillPages puts what the draft holds into the fields.
func (f *Form) fillPages() {
	if f.place.rig >= 0 {
		f.rig.fill(f.draft.rigs[f.place.rig])
	}
	f.web.fill(f.draft)
	f.ways.fill(f.draft)
	f.video.fill(f.draft)
	f.save.fill(f.draft)
}

// edit changes the draft as the operator does.
func (f *Form) edit(change func(*draft)) {
	f.draft = f.draft.clone()
	change(&f.draft)
	f.read()
	f.show()
}

// changeRigs adds, moves or removes rigs, and goes to one.
func (f *Form) changeRigs(change func(*draft) int) {
	f.draft = f.draft.clone()
	f.place = place{rig: change(&f.draft)}
	f.read()
	f.fillPages()
	f.show()
	f.scroll.ScrollToTop()
}

// goTo shows a page.
func (f *Form) goTo(to place) {
	f.place = to
	f.fillPages()
	f.show()
	f.scroll.ScrollToTop()
}

// read finds out what the fields hold, and has its ports checked.
func (f *Form) read() {
	f.cfg, f.entered = f.draft.config()
	f.findProblems()
	f.OnChange(f.cfg.Clone())
}

// findProblems finds out what is wrong, by what is known of the certificate's files now.
func (f *Form) findProblems() {
	f.problems = append(certificateProblem(f.draft, f.state.Ports.Certificate), f.entered...)
}

// wrong returns what is wrong in the fields of a rig, or of the other pages.
func (f *Form) wrong(rig int) map[string]string {
	found := map[string]string{}
	for _, p := range f.problems {
		if p.rig == rig {
			found[p.setting] = p.text
		}
	}
	return found
}

// uses returns who has the ports of a rig, as far as that is known.
func (f *Form) uses(rig int) []app.PortUse {
	if rig >= len(f.state.Ports.Channels) {
		return nil
	}
	uses := f.state.Ports.Channels[rig]
	ports := f.cfg.Channels[rig].Ports
	if len(uses) != len(ports) {
		return nil
	}
	for i, use := range uses {
		if use.Port != ports[i] {
			return nil // they are of what was entered before
		}
	}
	return uses
}

// show shows everything but what the fields hold.
func (f *Form) show() {
	show := func(o fyne.CanvasObject, on bool) {
		if on != o.Visible() {
			if on {
				o.Show()
			} else {
				o.Hide()
			}
		}
	}
	f.notices.show(f)
	show(f.rig.object, f.place.rig >= 0)
	show(f.web.object, f.place.page == pageWeb)
	show(f.ways.object, f.place.page == pageWays)
	show(f.video.object, f.place.page == pageVideo)
	show(f.save.object, f.place.page == pageSave)
	if i := f.place.rig; i >= 0 {
		f.rig.show(rigView{
			index: i, of: len(f.draft.rigs), draft: f.draft.rigs[i], channel: f.cfg.Channels[i],
			wrong: f.wrong(i), interfaces: f.state.Interfaces, uses: f.uses(i), right: f.state.Right,
		})
	}
	f.web.show(f.draft, f.wrong(app.NoChannel), f.state.Interfaces, f.state.Ports)
	f.ways.show(f.draft, f.wrong(app.NoChannel), f.state.Ports.Legacy)
	f.video.show(f.draft, f.wrong(app.NoChannel))
	f.save.show(f.wrong(app.NoChannel))
	f.sidebar.show(f)
	f.footer.show(f)
	if height := f.scroll.Content.MinSize().Height; height != f.height {
		f.height = height
		f.scroll.Content.Refresh()
		f.scroll.Refresh()
	}
}
