package gui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// latencySteps are the latency budgets that the slider offers: all that are possible, the fine steps where they matter.
var latencySteps = [...]time.Duration{
	app.MinLatency, 30 * time.Millisecond, 40 * time.Millisecond, 50 * time.Millisecond, 60 * time.Millisecond,
	80 * time.Millisecond, 100 * time.Millisecond, 120 * time.Millisecond, 150 * time.Millisecond,
	200 * time.Millisecond, 250 * time.Millisecond, 300 * time.Millisecond, 350 * time.Millisecond,
	400 * time.Millisecond, 500 * time.Millisecond, 600 * time.Millisecond, 800 * time.Millisecond,
	time.Second, 1200 * time.Millisecond, 1500 * time.Millisecond, 2 * time.Second, 2500 * time.Millisecond,
	3 * time.Second, 4 * time.Second, app.MaxLatency,
}

// totals is the panel below the picture: what was lost, the latency budget, and what is saved.
type totals struct {
	panel fyne.CanvasObject

	lost1, lost8, saved, wait *widgets.Stat

	latency     *widget.Slider // over the indices of latencySteps
	latencyText *widgets.Text
	onLatency   func(time.Duration)
	showing     bool // a value is being shown: not the operator's doing

	save *save
}

func newTotals() *totals {
	t := &totals{
		lost1:       widgets.NewStat("lost, last 1 s", theme.SizeNameHeadingText),
		lost8:       widgets.NewStat("lost, last 8 s", theme.SizeNameHeadingText),
		saved:       widgets.NewStat("coding saved", theme.SizeNameHeadingText),
		wait:        widgets.NewStat("longest wait", theme.SizeNameHeadingText),
		latency:     widget.NewSlider(0, float64(len(latencySteps)-1)),
		latencyText: widgets.NewText("1000 ms", widgets.TextStyle{Bold: true, Align: fyne.TextAlignTrailing}),
		save:        newSave(),
	}
	t.latency.OnChanged = func(step float64) {
		if !t.showing {
			budget := latencySteps[int(step)]
			t.latencyText.Set(milliseconds(budget), widgets.Normal)
			t.onLatency(budget)
		}
	}

	stats := container.NewGridWithColumns(4, t.lost1, t.lost8, t.saved, t.wait)
	latency := container.NewBorder(nil, nil, caption("Latency budget"), t.latencyText, t.latency)
	t.panel = widgets.NewCard(container.New(layout.NewCustomPaddedVBoxLayout(2),
		stats, layout.NewSpacer(), latency, layout.NewSpacer(), t.save.row), gap)
	return t
}

// caption is the name of a row.
func caption(text string) *widgets.Text {
	c := widgets.NewText("", widgets.TextStyle{Hug: true})
	c.Set(text, widgets.Quiet)
	return c
}

func (t *totals) show(m model) {
	c := m.channel()
	t.showLosses(m, c)

	budget := time.Duration(m.rig().Latency)
	t.showing = true
	t.latency.SetValue(float64(latencyStep(budget)))
	t.showing = false
	t.latencyText.Set(milliseconds(budget), widgets.Normal)

	t.save.show(m)
}

// latencyStep returns the index of the greatest step that is at most a budget.
func latencyStep(budget time.Duration) int {
	step := 0
	for step+1 < len(latencySteps) && latencySteps[step+1] <= budget {
		step++
	}
	return step
}

// milliseconds formats a duration to the last digit.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%g ms", float64(d)/float64(time.Millisecond))
}

// savedText formats a count to its last digit while there is room for that.
func savedText(n uint64) string {
	if n < 100_000 {
		return fmt.Sprint(n)
	}
	return compact(n)
}

func (t *totals) showLosses(m model, c status.Channel) {
	dash := func(s *widgets.Stat) { s.Set("–", widgets.Quiet) }
	if m.Phase != running || c.State == status.ChannelWaiting {
		for _, s := range []*widgets.Stat{t.lost1, t.lost8, t.saved, t.wait} {
			dash(s)
		}
		return
	}
	t.saved.Set(savedText(c.Packets.Saved), widgets.Normal)
	if c.State != status.ChannelLive {
		// A zero would be true and mislead.
		dash(t.lost1)
		dash(t.lost8)
		dash(t.wait)
		return
	}
	for s, lost := range map[*widgets.Stat]uint64{t.lost1: c.Recent["1s"].Lost, t.lost8: c.Recent["8s"].Lost} {
		tone := widgets.Good
		if lost > 0 {
			tone = widgets.Bad
		}
		s.Set(fmt.Sprint(lost), tone)
	}
	t.wait.Set(fmt.Sprintf("%.0f ms", c.Wait.Max), widgets.Normal)
}
