package gui

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

const (
	keysWidth  = 720
	keysHeight = 220
)

// keysPanel is what a dialog shows about the viewers' keys: the list of them with what can be done, or in its place the
// form for a new one.
type keysPanel struct {
	content fyne.CanvasObject
	page    *fyne.Container // the list and what is around it
	list    *widget.List
	none    *widgets.Note // in place of the list, where it is empty
	wrong   *widgets.Note
	form    *keyForm

	add, copy, code, replace, remove *widget.Button

	onChoose func(name string)

	rows   []keyRow
	chosen int   // the row, or -1
	seen   int   // the number of the last error that is not told of any more
	model  model // that is shown

	copiedAt time.Time
}

func newKeysPanel() *keysPanel {
	p := &keysPanel{
		none: widgets.NewNote(theme.SizeNameText), wrong: widgets.NewNote(theme.SizeNameText), form: newKeyForm(),
		add:     widget.NewButtonWithIcon("Add key...", theme.ContentAddIcon(), nil),
		copy:    widget.NewButtonWithIcon("Copy link", theme.ContentCopyIcon(), nil),
		code:    widget.NewButton("Show QR code", nil),
		replace: widget.NewButton("Replace...", nil),
		remove:  widget.NewButton("Remove...", nil),
		chosen:  -1,
	}
	p.list = widget.NewList(func() int { return len(p.rows) }, newKeyRow, p.fill)
	p.list.OnSelected = func(row widget.ListItemID) {
		if p.chosen != row && row < len(p.rows) {
			p.chosen = row
			p.onChoose(p.rows[row].name)
		}
	}
	about := widgets.NewNote(theme.SizeNameText)
	about.Set("Whoever has the link of a key can watch. Give each ward or guest a key of its own: then it can be "+
		"replaced or removed without a new link for the others.", widgets.Ring, widgets.Quiet)
	room := spacer(keysWidth, keysHeight)
	p.page = container.NewBorder(
		container.New(layout.NewCustomPaddedLayout(0, 10, 4, 4),
			container.New(&linesLayout{width: keysWidth - 8}, about)),
		container.New(layout.NewCustomPaddedVBoxLayout(8),
			container.New(layout.NewCustomPaddedLayout(8, 0, 4, 4), p.wrong),
			container.NewHBox(p.add, layout.NewSpacer(), p.copy, p.code, p.replace, p.remove)),
		nil, nil, container.NewStack(room, p.list, container.New(layout.NewCustomPaddedLayout(20, 0, 8, 8), p.none)))
	p.add.OnTapped = p.showForm
	p.form.cancel.OnTapped = p.showList
	p.content = container.NewStack(p.page, p.form.page)
	p.showList()
	return p
}

// newKeyRow returns the row of a list, in columns.
func newKeyRow() fyne.CanvasObject {
	column := func(sample string) *widgets.Text { return widgets.NewText(sample, widgets.TextStyle{}) }
	columns := container.New(layout.NewCustomPaddedHBoxLayout(14),
		column("until the end of 30 September"), column("Ambulance 1, Ambulance"), column("100 watching"))
	return container.New(layout.NewCustomPaddedLayout(5, 5, 8, 8), container.NewBorder(nil, nil, nil, columns,
		widgets.NewText("", widgets.TextStyle{Bold: true})))
}

// fill fills a row of the list.
func (p *keysPanel) fill(i widget.ListItemID, o fyne.CanvasObject) {
	row := p.rows[i]
	border := o.(*fyne.Container).Objects[0].(*fyne.Container)
	tone := widgets.Normal
	if row.expired {
		tone = widgets.Quiet
	}
	border.Objects[0].(*widgets.Text).Set(row.name, tone)
	columns := border.Objects[1].(*fyne.Container).Objects
	columns[0].(*widgets.Text).Set(row.end, row.tone)
	columns[1].(*widgets.Text).Set(row.rigs, widgets.Quiet)
	columns[2].(*widgets.Text).Set(row.watching, widgets.Quiet)
}

// show shows the keys of a model, of which one is chosen.
func (p *keysPanel) show(m model, chosen string) {
	p.model = m
	if rows := keyRows(m); !slices.Equal(rows, p.rows) {
		p.rows = rows
		p.list.Refresh()
	}
	p.choose(slices.IndexFunc(p.rows, func(r keyRow) bool { return r.name == chosen }))
	none := ""
	if len(p.rows) == 0 {
		none = "There is no key, so nobody can watch. Add one."
	}
	changed := p.none.Set(none, widgets.Triangle, widgets.Warning)
	wrong := ""
	if m.KeyErr.err != nil && m.KeyErr.number > p.seen {
		wrong = widgets.Sentence(m.KeyErr.err.Error())
	}
	if p.wrong.Set(wrong, widgets.Square, widgets.Bad) || changed {
		p.page.Refresh() // it needs more room, or less
	}
	if !p.copiedAt.IsZero() && m.Now.Sub(p.copiedAt) > copiedFor {
		p.copiedAt = time.Time{}
		p.copy.SetIcon(theme.ContentCopyIcon())
	}
	k, is := p.key()
	widgets.Enable(p.copy, is && k.Link != "")
	widgets.Enable(p.code, is && k.Link != "")
	widgets.Enable(p.replace, is && !k.Expired)
	widgets.Enable(p.remove, is)
	p.form.show(m)
}

// choose marks a row of the list, or none.
func (p *keysPanel) choose(row int) {
	if row == p.chosen {
		return
	}
	p.chosen = row
	if row < 0 {
		p.list.UnselectAll()
		return
	}
	p.list.Select(row)
}

// key returns the key that is chosen.
func (p *keysPanel) key() (app.ViewerKey, bool) {
	if p.chosen < 0 || p.chosen >= len(p.model.Viewers.Keys) {
		return app.ViewerKey{}, false
	}
	return p.model.Viewers.Keys[p.chosen], true
}

// open begins with the list, and without what went wrong before.
func (p *keysPanel) open() {
	p.seen = p.model.KeyErr.number
	p.wrong.Set("", widgets.Ring, widgets.Quiet)
	p.showList()
}

func (p *keysPanel) showList() {
	p.form.page.Hide()
	p.page.Show()
}

func (p *keysPanel) showForm() {
	p.seen = p.model.KeyErr.number
	p.page.Hide()
	p.form.begin(p.model)
	p.form.page.Show()
	if c := fyne.CurrentApp().Driver().CanvasForObject(p.content); c != nil {
		c.Focus(p.form.name)
	}
}

// useKeys ties the buttons about keys to what they do.
func (w *window) useKeys() {
	p := w.share.keys
	w.share.manage.OnTapped = func() {
		p.open()
		w.desk.show("Keys", p.content, fyne.Size{})
	}
	p.onChoose = func(name string) { w.share.choose(name, w.model) }
	p.copy.OnTapped = func() {
		if k, is := p.key(); is {
			w.desk.copy(k.Link)
			p.copiedAt = p.model.Now
			p.copy.SetIcon(theme.ConfirmIcon())
		}
	}
	p.code.OnTapped = w.desk.dismiss // what it was opened from shows it
	p.replace.OnTapped = func() {
		if k, is := p.key(); is {
			w.desk.ask(replaceQuestion(k, func() { w.commands.ReplaceKey(k.Name) }))
		}
	}
	p.remove.OnTapped = func() {
		if k, is := p.key(); is {
			w.desk.ask(removeQuestion(w.model, k, func() { w.commands.RemoveKey(k.Name) }))
		}
	}
	p.form.onAdd = func(k newKey) {
		w.commands.AddKey(k.name, k.expires, k.channels)
		w.share.chosen = k.name // as soon as it is there
		p.showList()
	}
}
