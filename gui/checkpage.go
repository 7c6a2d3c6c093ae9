package gui

import (
	"errors"
	"fmt"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// checkPage shows what became of a capture that is checked. It covers everything below the head, so that no number of
// the run is taken for one of the capture.
type checkPage struct {
	page     fyne.CanvasObject
	content  *fyne.Container
	title    *widgets.Text
	path     *widget.Label
	progress *widget.ProgressBar
	result   *fyne.Container
	play     *widget.Button
	back     *widget.Button // cancels as long as the check runs
	shown    check
	text     *widgets.Text
}

func newCheckPage() *checkPage {
	p := &checkPage{
		title:    widgets.NewText("", widgets.TextStyle{Size: theme.SizeNameHeadingText, Bold: true}),
		path:     widget.NewLabel(""),
		progress: widget.NewProgressBar(),
		result:   container.New(layout.NewCustomPaddedVBoxLayout(10)),
		play:     widget.NewButtonWithIcon("Play it", theme.MediaPlayIcon(), nil),
		back:     widget.NewButton("Cancel", nil),
		text:     widgets.NewText("", widgets.TextStyle{}),
	}
	p.path.Selectable, p.path.Truncation = true, fyne.TextTruncateEllipsis
	p.path.Importance = widget.LowImportance
	p.progress.TextFormatter = func() string { return "" } // it would be hard to read there
	p.content = container.New(layout.NewCustomPaddedVBoxLayout(8),
		p.title, container.New(layout.NewCustomPaddedLayout(0, 0, -theme.InnerPadding(), 0), p.path), p.progress, p.text,
		p.result, container.New(layout.NewCustomPaddedLayout(8, 0, 0, 0),
			container.New(layout.NewCustomPaddedHBoxLayout(8), p.back, p.play)))
	p.page = container.New(layout.NewCustomPaddedLayout(gap-barGap, gap, gap, gap),
		widgets.NewCard(container.NewVScroll(p.content), 2*gap))
	p.page.Hide()
	return p
}

func (p *checkPage) show(c check) {
	if c.Path != p.shown.Path || c.Done != p.shown.Done {
		p.title.Set("Check of "+filepath.Base(c.Path), widgets.Normal)
		p.path.SetText(c.Path)
		p.fill(c)
	}
	p.shown = c
	p.text.Set(progressText(c.Read, c.Size), widgets.Quiet)
	if value := part(c.Read, c.Size); value != p.progress.Value {
		p.progress.SetValue(value)
	}
}

// fill shows the result, once there is one.
func (p *checkPage) fill(c check) {
	p.result.RemoveAll()
	p.progress.Hidden, p.text.Hidden = c.Done, c.Done
	p.play.Hidden = !c.hasResult()
	label := "Cancel"
	if c.Done {
		label = "Back"
	}
	p.back.SetText(label)
	if c.Err != nil {
		shape, tone := widgets.Square, widgets.Bad
		if errors.Is(c.Err, app.ErrCutOff) {
			shape, tone = widgets.Triangle, widgets.Warning
		}
		p.result.Add(notice(c.Err.Error(), shape, tone))
	}
	if c.hasResult() {
		for _, o := range checkResult(c.Result) {
			p.result.Add(o)
		}
	}
	p.content.Refresh() // it needs more room, or less
}

// checkResult shows a channel as it is at the end of a capture: what is wrong, the packets, and the links.
func checkResult(c status.Channel) []fyne.CanvasObject {
	stats := container.NewGridWithColumns(5)
	for _, s := range []struct {
		caption string
		n       uint64
		bad     bool
	}{
		{"delivered as received", c.Packets.Delivered, false},
		{"recovered by the coding", c.Packets.Recovered, false},
		{"saved: no link brought them", c.Packets.Saved, false},
		{"lost", c.Packets.Lost, c.Packets.Lost > 0},
		{"of no whole picture", c.Packets.Unusable, c.Packets.Unusable > 0},
	} {
		tone := widgets.Normal
		if s.bad {
			tone = widgets.Bad
		}
		stat := widgets.NewStat(s.caption, theme.SizeNameHeadingText)
		stat.Set(fmt.Sprint(s.n), tone)
		stats.Add(stat)
	}
	return []fyne.CanvasObject{verdictNotice(c), stats, widget.NewSeparator(), linkTable(c.Links)}
}

// verdictNotice says whether all is well with a capture, or what is not.
func verdictNotice(c status.Channel) fyne.CanvasObject {
	text, shape, tone := "The whole picture comes out.", widgets.Disc, widgets.Good
	received := c.Packets.Delivered + c.Packets.Recovered
	switch {
	case received == 0:
		text, shape, tone = c.Verdict.Text, widgets.Square, widgets.Bad
	case c.Packets.Lost > 0:
		lost, all := c.Packets.Lost, received+c.Packets.Lost
		text = fmt.Sprintf("%d of %d packets are lost (%.2g %%).", lost, all, 100*float64(lost)/float64(all))
		shape, tone = widgets.Triangle, widgets.Warning
	case c.Packets.Saved > 0:
		text = "Nothing is lost: the coding made up for all that did not arrive."
	}
	if tone != widgets.Good {
		for _, more := range append(append([]string(nil), c.Verdict.Evidence...), c.Verdict.Advice) {
			if more != "" {
				text += "\n" + more
			}
		}
	}
	return notice(text, shape, tone)
}

// linkTable is what became of the datagrams of each link.
func linkTable(links []status.Link) fyne.CanvasObject {
	columns := [...]string{
		"link", "from", "received", "source", "parity", "duplicate", "late", "malformed", "refused", "saved",
	}
	table := container.New(layout.NewGridLayoutWithColumns(len(columns)))
	cell := func(text string, tone widgets.Tone, bold bool) {
		t := widgets.NewText("", widgets.TextStyle{Bold: bold})
		t.Set(text, tone)
		table.Add(t)
	}
	for _, c := range columns {
		cell(c, widgets.Quiet, false)
	}
	for _, l := range links {
		d := l.Datagrams
		cell(fmt.Sprint(l.Port), widgets.Normal, true)
		cell(l.From, widgets.Quiet, false)
		for _, n := range []uint64{d.Received, d.Source, d.Parity, d.Duplicate} {
			cell(fmt.Sprint(n), widgets.Normal, false)
		}
		for _, n := range []uint64{d.Late, d.Malformed, d.Refused} {
			tone := widgets.Quiet
			if n > 0 {
				tone = widgets.Warning
			}
			cell(fmt.Sprint(n), tone, false)
		}
		cell(fmt.Sprint(l.Saved), widgets.Normal, false)
	}
	return table
}
