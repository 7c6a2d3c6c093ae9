package gui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/isc-receiver/isc-receiver/app"
)

// commands is what the operator can ask for; a controller fulfils it. None of it may block.
type commands interface {
	Start(netInterface string, ports app.Ports)
	Stop()
	SetLatency(d time.Duration)
	SetHLS(on bool)
}

// desk is what the pages need of the desktop around the window.
type desk struct {
	copy func(text string)
	open func(address string)
	quit func()
}

// window is the operator's window: a head, the picture or the set-up, the totals below it, the links beside it.
type window struct {
	commands commands
	desk     desk

	head   *head
	stage  *stage
	setup  *setup
	totals *totals
	links  *links
	root   fyne.CanvasObject

	model     model
	settingUp bool // the set-up is shown in place of the picture though there may be one
}

func newWindow(c commands, d desk) *window {
	w := &window{
		commands: c, desk: d,
		head: newHead(), stage: newStage(), setup: newSetup(), totals: newTotals(), links: newLinks(),
	}
	w.head.setup.OnTapped = w.toggleSetup
	w.head.start.OnTapped = w.startOrStop
	w.setup.start.OnTapped = w.startAsSetUp
	w.setup.back.OnTapped = w.toggleSetup
	w.totals.onLatency = c.SetLatency
	w.totals.hls.OnTapped = w.toggleHLS
	w.totals.copy.OnTapped = w.copyAddress
	w.totals.open.OnTapped = w.openPage

	body := container.New(&bodyLayout{w.stage.stripHeight()},
		container.NewStack(w.stage.panel, w.setup.page), w.totals.panel, w.links.panel)
	w.root = container.NewBorder(w.head.bar, nil, nil, nil, body)
	return w
}

// Show implements view.
func (w *window) Show(m model) {
	if m.Phase == running && w.model.Phase == starting {
		w.settingUp = false // the operator has pressed Start and now wants to see
	}
	w.model = m
	w.head.show(m, w.stage.age(m.Now), w.settingUp)
	w.stage.show(m)
	w.setup.show(m)
	w.totals.show(m)
	w.links.show(m)
	w.place()
}

// ShowPicture implements view.
func (w *window) ShowPicture(p picture) { w.stage.showPicture(p, time.Now()) }

// place shows picture or set-up.
func (w *window) place() {
	settingUp := w.settingUp || w.model.Phase == stopped
	if settingUp == w.setup.page.Visible() {
		return
	}
	if settingUp {
		w.stage.panel.Hide()
		w.setup.page.Show()
	} else {
		w.setup.page.Hide()
		w.stage.panel.Show()
	}
}

func (w *window) toggleSetup() {
	w.settingUp = !w.settingUp && w.model.Phase != stopped
	w.setup.fill(w.model)
	w.head.show(w.model, w.stage.age(w.model.Now), w.settingUp)
	w.place()
}

func (w *window) startOrStop() {
	switch {
	case w.model.Phase == running:
		w.commands.Stop()
	case w.model.Phase == stopped && w.setup.page.Visible():
		w.startAsSetUp()
	}
}

func (w *window) startAsSetUp() {
	if name, ports, ok := w.setup.values(); ok {
		w.commands.Start(name, ports)
	}
}

func (w *window) toggleHLS() { w.commands.SetHLS(!w.model.channel().HLS.Enabled) }

func (w *window) copyAddress() {
	if w.model.URL != "" {
		w.desk.copy(w.model.URL)
		w.totals.copied(w.model.Now)
	}
}

func (w *window) openPage() {
	if w.model.URL != "" {
		w.desk.open(w.model.URL)
	}
}

// bodyLayout gives the picture on the stage its 16 to 9 where there is room, what is below it the rest, and the links
// the right side from top to bottom.
type bodyLayout struct{ strip float32 }

const (
	gap       = 12
	barGap    = 4 // what a border layout leaves below the bar
	linksMin  = 352
	linksMax  = 440
	linksPart = 0.31
)

func (l *bodyLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	stage, below, side := objects[0], objects[1], objects[2]
	sideWidth := min(max(size.Width*linksPart, linksMin), linksMax)
	width := size.Width - sideWidth - 3*gap
	belowMin := below.MinSize().Height
	height := min(width*9/16+l.strip, size.Height-belowMin-3*gap+barGap)
	top := float32(gap - barGap)
	stage.Move(fyne.NewPos(gap, top))
	stage.Resize(fyne.NewSize(width, height))
	below.Move(fyne.NewPos(gap, top+height+gap))
	below.Resize(fyne.NewSize(width, size.Height-height-top-2*gap))
	side.Move(fyne.NewPos(width+2*gap, top))
	side.Resize(fyne.NewSize(sideWidth, size.Height-top-gap))
}

func (*bodyLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	stage, below, side := objects[0].MinSize(), objects[1].MinSize(), objects[2].MinSize()
	return fyne.NewSize(
		max(stage.Width, below.Width)+max(side.Width, linksMin)+3*gap,
		max(stage.Height+below.Height+3*gap, side.Height+2*gap),
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
