package gui

import (
	"fmt"
	"math"
	"time"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	historySpan = 60 // samples of a second each
	recentSpan  = 8  // of them, for the loss in figures

	weakLoss  = 0.02 // of a link's packets over recentSpan
	weakDelay = 0.5  // of the latency budget
)

// linkCaptions name the numbers of a lane, in the order that laneValues gives them.
var linkCaptions = [6]string{"Mb/s", "% share", "% lost", "saved", "ms jitter", "ms delay"}

// linkSample is what a link's counters said at one moment.
type linkSample struct {
	rate          float64 // bits a second
	source, saved uint64
}

// history is a link's last minute, a sample a second, oldest first.
type history struct {
	samples []linkSample
	last    time.Time
}

// add takes a snapshot's values if a second has passed.
func (h *history) add(now time.Time, l status.Link) {
	if !h.last.IsZero() && now.Sub(h.last) < time.Second-numbersEvery/2 {
		return
	}
	h.last = now
	if len(h.samples) > historySpan {
		h.samples = append(h.samples[:0], h.samples[1:]...)
	}
	h.samples = append(h.samples, linkSample{rate: l.BitrateBPS, source: l.Datagrams.Source, saved: l.Saved})
}

// lost is the part of its source packets that a link has not brought between two samples, as far as the coding gave
// them back and so knows whose they were; not-a-number where there were none.
func lost(from, to linkSample) float64 {
	saved, source := to.saved-from.saved, to.source-from.source
	if saved > to.saved || source > to.source || saved+source == 0 {
		return math.NaN()
	}
	return float64(saved) / float64(saved+source)
}

// recentLoss is lost over the last seconds.
func (h *history) recentLoss() float64 {
	if len(h.samples) < 2 {
		return math.NaN()
	}
	last := len(h.samples) - 1
	return lost(h.samples[max(0, last-recentSpan)], h.samples[last])
}

// lines returns rate and loss for the lane's two lines.
func (h *history) lines() (rates, losses []float64) {
	for i, s := range h.samples {
		rates = append(rates, s.rate)
		if i > 0 {
			losses = append(losses, lost(h.samples[i-1], s))
		}
	}
	return rates, losses
}

// laneValues turns a link and its history into what its lane shows. The top is the rate at the upper edge, the same
// for all lanes, so that their heights compare.
func laneValues(m model, l status.Link, h *history, top float64) widgets.LaneValues {
	loss := h.recentLoss()
	late := l.DelayMS > weakDelay*m.channel().LatencyMS
	weak := loss > weakLoss || late
	shape, tone, word := linkState(m, l, weak)
	rates, losses := h.lines()
	v := widgets.LaneValues{
		Shape: shape, Tone: tone, Name: fmt.Sprint(l.Port), From: l.From, State: word,
		Rate: rates, Loss: losses, RateTop: top, LossTop: 0.1,
	}
	if l.State == status.LinkDown && l.Error != "" {
		v.From = l.Error
	}

	none := widgets.Cell{Text: "–", Tone: widgets.Quiet}
	for i := range v.Cells {
		v.Cells[i] = none
	}
	if m.Phase != running || l.Datagrams.Received == 0 {
		return v
	}
	v.Cells[3].Text = compact(l.Saved)
	if l.State != status.LinkUp {
		v.Cells[0].Text, v.Cells[1].Text = "0.00", "0"
		return v
	}
	v.Cells = [6]widgets.Cell{
		{Text: megabits(l.BitrateBPS)},
		{Text: fmt.Sprintf("%.0f", 100*l.Share)},
		none,
		{Text: compact(l.Saved)},
		{Text: fmt.Sprintf("%.1f", l.JitterMS)},
		{Text: fmt.Sprintf("+%.0f", l.DelayMS)},
	}
	if l.DelayMS < 0.5 {
		v.Cells[5].Text = "0"
	}
	if late {
		v.Cells[5].Tone = widgets.Warning
	}
	if !math.IsNaN(loss) {
		v.Cells[2].Text = fmt.Sprintf("%.1f", 100*loss)
		if v.Cells[2].Tone = widgets.Normal; loss > weakLoss {
			v.Cells[2].Tone = widgets.Warning
		}
	}
	return v
}

// compact formats a count in at most five characters.
func compact(n uint64) string {
	switch {
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%.0fk", float64(n)/1e3)
	default:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
}
