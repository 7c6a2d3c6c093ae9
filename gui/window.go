package gui

import (
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/events"
	"github.com/isc-receiver/isc-receiver/gui/form"
)

// commands is what the operator can ask for; a controller fulfils it. None of it may block.
type commands interface {
	Apply(cfg app.Config)
	Keep(cfg app.Config)
	Look(cfg app.Config)
	LookAtPorts(on bool)
	Stop()
	Play(capture string)
	PlayAgain()
	GoLive()
	Choose(channel string)
	ShowAll(on bool)
	Cover(on bool)
	SetLatency(d time.Duration)
	SetHLS(on bool)
	AddKey(name string, expires time.Time, channels []string)
	ReplaceKey(name string)
	RemoveKey(name string)
	SetRate(pictures int)
	SetDump(on bool)
	Check(capture string)
	EndCheck()
}

// window is the operator's window: a head, tabs where there are several rigs, a bar while a capture plays, and then
// the picture or the set-up, the totals below it, the links beside it; or a check in place of all these.
type window struct {
	commands commands
	desk     desk

	head     *head
	tabs     *tabs
	playback *playback
	stage    *stage
	setup    *form.Form
	totals   *totals
	events   *eventsPanel
	links    *links
	share    *share
	menus    *menus
	check    *checkPage
	layout   *bodyLayout
	body     fyne.CanvasObject // all but the bars and the check
	root     fyne.CanvasObject

	alarm     events.Alarm
	theme     string // one of themeNames
	model     model
	settingUp bool // the set-up is shown in place of the picture though there may be one
	covered   bool // no picture is in sight
}

func newWindow(c commands, d desk) *window {
	w := &window{
		commands: c, desk: d,
		head: newHead(), tabs: newTabs(), playback: newPlayback(), stage: newStage(),
		totals: newTotals(), events: newEventsPanel(), links: newLinks(), share: newShare(d.copy), check: newCheckPage(),
		theme: asSystem,
	}
	w.setup = newSetup(w)
	w.menus = newMenus(w)
	w.head.hls.OnTapped = w.toggleHLS
	w.head.share.OnTapped = w.showShare
	w.head.setup.OnTapped = w.toggleSetup
	w.head.start.OnTapped = w.startOrStop
	w.tabs.onTap = w.showRig
	w.stage.onTap = w.tapPicture
	w.playback.again.OnTapped = c.PlayAgain
	w.playback.live.OnTapped = c.GoLive
	w.check.back.OnTapped = c.EndCheck
	w.check.play.OnTapped = w.playChecked
	w.totals.save.toggle.OnTapped = w.toggleSaving
	w.totals.save.copy.OnTapped = w.copySaved
	w.totals.onLatency = c.SetLatency
	w.share.copy.OnTapped = w.copyShared
	w.share.open.OnTapped = w.openShared
	w.useKeys()
	w.share.hls.OnTapped = w.toggleHLS
	w.events.copy.OnTapped = w.copyEvents
	w.events.save.OnTapped = w.saveEvents

	w.layout = &bodyLayout{}
	w.body = container.New(w.layout, w.stage.panel, w.totals.panel, w.events.panel, w.links.panel)
	bars := container.New(layout.NewCustomPaddedVBoxLayout(0), w.head.bar, w.tabs.bar, w.playback.bar)
	w.root = container.NewBorder(bars, nil, nil, nil, container.NewStack(w.body, w.setup.Object, w.check.page))
	return w
}

// Show implements view.
func (w *window) Show(m model) {
	if m.Phase == running && w.model.Phase == starting {
		w.settingUp = false // the operator has pressed Start and now wants to see
	}
	w.model = m
	state := eventsState(m)
	w.events.show(state)
	w.call(state)
	if w.desk.minimised() {
		w.cover(true) // and nothing is to be painted
		return
	}
	w.head.show(m, w.age, w.settingUp)
	w.tabs.show(m, w.age)
	w.playback.show(m)
	w.stage.show(m)
	w.totals.show(m)
	w.links.show(m)
	w.share.show(m)
	w.place()
	w.showSetup()
	w.menus.update(w)
}

// ShowPictures implements view.
func (w *window) ShowPictures(pictures []picture) { w.stage.showPictures(pictures, time.Now()) }

// age is how old a channel's picture is, as stateText wants it.
func (w *window) age(channel string) time.Duration { return w.stage.age(channel, w.model.Now) }

// place shows a check, or set-up, or picture with all that is beside it.
func (w *window) place() {
	checks := w.model.Check.Path != ""
	if checks {
		w.check.show(w.model.Check)
	}
	settingUp := !checks && (w.settingUp || w.model.Phase == stopped)
	show := func(o fyne.CanvasObject, on bool) (changed bool) {
		switch {
		case on == o.Visible():
			return false
		case on:
			o.Show()
		default:
			o.Hide()
		}
		return true
	}
	if several := len(w.model.visible()) > 1; several != w.layout.several {
		w.layout.several = several
		w.body.Refresh()
	}
	show(w.check.page, checks)
	if show(w.setup.Object, settingUp) {
		w.commands.LookAtPorts(settingUp)
		w.showSetup()
	}
	show(w.body, !checks && !settingUp)
	w.cover(checks || settingUp)
}

// cover says whether something covers the pictures.
func (w *window) cover(covered bool) {
	if covered != w.covered {
		w.covered = covered
		w.commands.Cover(covered)
	}
}

func (w *window) startOrStop() {
	switch {
	case w.model.Phase == running:
		w.commands.Stop()
	case w.model.Phase == stopped && w.setup.Object.Visible():
		w.setup.Apply()
	}
}

// openCapture has the operator choose a capture, and what to do with it.
func (w *window) openCapture() {
	if w.model.Phase == running || w.model.Phase == stopped {
		w.desk.chooseFile(fileQuestion{"Open capture", []string{".pcap", ".pcapng", ".cap"}, w.offerCapture})
	}
}

// offerCapture has the operator choose what to do with a capture.
func (w *window) offerCapture(path string) { w.desk.ask(captureQuestion(w.model, path, w.commands)) }

// playChecked plays the capture that has been checked.
func (w *window) playChecked() {
	path := w.model.Check.Path
	play := func() { w.commands.Play(path) }
	if stops := whatStops(w.model); stops != "" {
		title := "Play " + shorten(filepath.Base(path), maxFileName) + "?"
		w.desk.ask(question{title: title, text: stops, answers: []answer{{"Play", play}}})
		return
	}
	play()
}

// showRig shows the picture of one rig, or those of all for an empty ID.
func (w *window) showRig(id string) {
	if id != "" {
		w.commands.Choose(id)
	}
	w.commands.ShowAll(id == "")
}

// tapPicture shows the picture that was tapped by itself, or all again.
func (w *window) tapPicture(id string) {
	if w.model.All {
		w.showRig(id)
	} else {
		w.showRig("")
	}
}

// showNumber shows the rig of a number, from 0.
func (w *window) showNumber(i int) {
	if rigs := w.model.Config.Channels; i < len(rigs) && len(rigs) > 1 {
		w.showRig(rigs[i].ID)
	}
}

func (w *window) toggleSaving() {
	if !w.totals.save.toggle.Disabled() {
		w.commands.SetDump(!w.model.dump().Running)
	}
}

func (w *window) copySaved() { w.desk.copy(w.model.dump().Path) }

func (w *window) toggleHLS() { w.commands.SetHLS(!w.model.channel().HLS.Enabled) }

func (w *window) copyAddress() {
	if w.model.URL != "" {
		w.desk.copy(w.model.URL)
	}
}

func (w *window) openPage() {
	if w.model.URL != "" {
		w.desk.open(w.model.URL)
	}
}

func (w *window) copyShared() {
	w.desk.copy(w.share.shown)
	w.share.copied(w.model.Now)
}

func (w *window) openShared() { w.desk.open(w.share.shown) }

// bodyLayout gives one picture on the stage its 16 to 9 where there is room, or several all the room; what is below it
// the rest; and the links the right side from top to bottom.
type bodyLayout struct{ several bool }

const (
	gap       = 12
	barGap    = 4  // what a border layout leaves below the bar
	strip     = 23 // of words above a picture
	belowMin  = 134
	linksMin  = 324
	linksMax  = 440
	linksPart = 0.31
	totalsMin = 330
	totalsMax = 420
)

func (l *bodyLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	stage, totals, events, side := objects[0], objects[1], objects[2], objects[3]
	sideWidth := min(max(size.Width*linksPart, linksMin), linksMax)
	width := size.Width - sideWidth - 3*gap
	top := float32(gap - barGap)
	height := size.Height - max(totals.MinSize().Height, belowMin) - top - 2*gap
	if !l.several {
		height = min(height, width*9/16+strip)
	}
	stage.Move(fyne.NewPos(gap, top))
	stage.Resize(fyne.NewSize(width, height))
	below := fyne.NewPos(gap, top+height+gap)
	totalsWidth := min(max(width*0.47, totalsMin), totalsMax)
	totals.Move(below)
	totals.Resize(fyne.NewSize(totalsWidth, size.Height-below.Y-gap))
	events.Move(below.AddXY(totalsWidth+gap, 0))
	events.Resize(fyne.NewSize(width-totalsWidth-gap, size.Height-below.Y-gap))
	side.Move(fyne.NewPos(width+2*gap, top))
	side.Resize(fyne.NewSize(sideWidth, size.Height-top-gap))
}

func (*bodyLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	stage, totals, events, side := objects[0].MinSize(), objects[1].MinSize(), objects[2].MinSize(), objects[3].MinSize()
	return fyne.NewSize(
		max(stage.Width, max(totals.Width, totalsMin)+gap+events.Width)+max(side.Width, linksMin)+3*gap,
		max(stage.Height+max(totals.Height, belowMin)+3*gap, side.Height+2*gap),
	)
}

// spacer is empty room.
func spacer(width, height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(nil)
	r.SetMinSize(fyne.NewSize(width, height))
	return r
}

// titleSize is the size of headings in panels.
const titleSize = theme.SizeNameSubHeadingText
