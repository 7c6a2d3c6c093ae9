package gui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	latencyMin  = 20 // milliseconds
	latencyMax  = 1000
	latencyStep = 10

	// copiedFor is how long the copy button says that it has copied.
	copiedFor = 2 * time.Second
)

// totals is the panel below the picture: what was lost, the latency budget, and the viewers.
type totals struct {
	panel fyne.CanvasObject

	lost1, lost8, recovered, wait *widgets.Stat

	latency     *widget.Slider
	latencyText *widgets.Text
	onLatency   func(time.Duration)
	showing     bool // a value is being shown: not the operator's doing

	address         *widgets.Text
	viewers         *widgets.Text // how many are watching
	hls, copy, open *widget.Button
	copiedAt        time.Time
}

func newTotals() *totals {
	t := &totals{
		lost1:       widgets.NewStat("lost, last 1 s", theme.SizeNameHeadingText),
		lost8:       widgets.NewStat("lost, last 8 s", theme.SizeNameHeadingText),
		recovered:   widgets.NewStat("recovered by coding", theme.SizeNameHeadingText),
		wait:        widgets.NewStat("longest wait, last 8 s", theme.SizeNameHeadingText),
		latency:     widget.NewSlider(latencyMin, latencyMax),
		latencyText: widgets.NewText("1000 ms", widgets.TextStyle{Bold: true, Align: fyne.TextAlignTrailing}),
		address:     widgets.NewText("", widgets.TextStyle{}),
		hls:         widget.NewButton("Turn HLS off", nil),
		copy:        widget.NewButtonWithIcon("Copy", theme.ContentCopyIcon(), nil),
		open:        widget.NewButtonWithIcon("Open", theme.ComputerIcon(), nil),
	}
	t.viewers = caption("Viewers")
	t.latency.Step = latencyStep
	t.latency.OnChanged = func(ms float64) {
		t.latencyText.Set(fmt.Sprintf("%.0f ms", ms), widgets.Normal)
		if !t.showing {
			t.onLatency(time.Duration(ms) * time.Millisecond)
		}
	}

	stats := container.NewGridWithColumns(4, t.lost1, t.lost8, t.recovered, t.wait)
	latency := container.NewBorder(nil, nil, caption("Latency budget"), t.latencyText, t.latency)
	viewers := container.NewBorder(nil, nil, t.viewers,
		container.New(layout.NewCustomPaddedHBoxLayout(8), t.copy, t.open, t.hls), t.address)
	t.panel = widgets.NewCard(container.New(layout.NewCustomPaddedVBoxLayout(6),
		stats, layout.NewSpacer(), latency, layout.NewSpacer(), viewers), gap)
	return t
}

// caption is the name of a row, of one width for all of them.
func caption(text string) *widgets.Text {
	c := widgets.NewText("Latency budget  ", widgets.TextStyle{})
	c.Set(text, widgets.Quiet)
	return c
}

func (t *totals) show(m model) {
	c := m.channel()
	t.showLosses(m, c)

	t.showing = true
	if ms := float64(time.Duration(m.Config.Channels[0].Latency).Milliseconds()); t.latency.Value != ms {
		t.latency.SetValue(ms)
		t.latencyText.Set(fmt.Sprintf("%.0f ms", ms), widgets.Normal)
	}
	t.showing = false

	t.showViewers(m, c)
}

func (t *totals) showLosses(m model, c status.Channel) {
	dash := func(s *widgets.Stat) { s.Set("–", widgets.Quiet) }
	if m.Phase != running || c.State == status.ChannelWaiting {
		for _, s := range []*widgets.Stat{t.lost1, t.lost8, t.recovered, t.wait} {
			dash(s)
		}
		return
	}
	t.recovered.Set(fmt.Sprint(c.Packets.Recovered), widgets.Normal)
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

func (t *totals) showViewers(m model, c status.Channel) {
	address, tone, watching := m.URL, widgets.Normal, "Viewers"
	switch {
	case m.Phase != running || m.URL == "":
		address, tone = "The page is served while receiving.", widgets.Quiet
	case c.HLS.Error != "":
		address, tone = sentence(c.HLS.Error), widgets.Bad
	case !c.HLS.Enabled:
		address, tone = "HLS is off: viewers see no video.", widgets.Warning
	default:
		watching = fmt.Sprintf("%d watching", c.Viewers)
	}
	t.address.Set(address, tone)
	t.viewers.Set(watching, widgets.Quiet)

	enable(t.copy, m.URL != "")
	enable(t.open, m.URL != "")
	label := "Turn HLS on"
	if c.HLS.Enabled {
		label = "Turn HLS off"
	}
	if t.hls.Text != label {
		t.hls.SetText(label)
	}
	if !t.copiedAt.IsZero() && m.Now.Sub(t.copiedAt) > copiedFor {
		t.copiedAt = time.Time{}
		t.copy.SetIcon(theme.ContentCopyIcon())
	}
}

// copied tells the operator that the address was copied.
func (t *totals) copied(now time.Time) {
	t.copiedAt = now
	t.copy.SetIcon(theme.ConfirmIcon())
}
