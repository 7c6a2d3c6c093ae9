package gui

import (
	"fmt"
	"time"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	historySpan = 60 // samples of a second each
	recentSpan  = 8  // of them, to tell whether a link is weak

	weakPart  = 0.02 // of a link's packets over recentSpan that came too late or found no room
	weakDelay = 0.5  // of the latency budget
)

// linkCaptions name the numbers of a lane, in the order that laneValues gives them. There is no loss among them: the
// packets carry no number of their link's own, so nobody can tell whose link a lost one took.
var linkCaptions = [6]string{"Mb/s", "% share", "packets/s", "saved", "ms jitter", "ms delay"}

// linkSample is what a link's counters said at one moment.
type linkSample struct {
	rate             float64 // bits a second
	received, wasted uint64
	source, saved    uint64
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
	d := l.Datagrams
	h.samples = append(h.samples, linkSample{
		rate: l.BitrateBPS, received: d.Received, wasted: d.Late + d.KernelDropped, source: d.Source, saved: l.Saved,
	})
}

// weak tells whether too much of what a link brought lately was of no use.
func (h *history) weak() bool {
	if len(h.samples) < 2 {
		return false
	}
	last := len(h.samples) - 1
	from, to := h.samples[max(0, last-recentSpan)], h.samples[last]
	return float64(to.wasted-from.wasted) > weakPart*float64(to.received-from.received)
}

// lines returns, for the lane's two lines, the rate, and the part of the link's packets that did not come and that the
// coding gave in their place: 1 where it gave all, not-a-number where there were none.
func (h *history) lines() (rates, saved []float64) {
	for i, s := range h.samples {
		rates = append(rates, s.rate)
		if i > 0 {
			before := h.samples[i-1]
			given, came := float64(s.saved-before.saved), float64(s.source-before.source)
			saved = append(saved, given/(given+came))
		}
	}
	return rates, saved
}

// laneValues turns a link and its history into what its lane shows. The top is the rate at the upper edge, the same
// for all lanes, so that their heights compare.
func laneValues(m model, l status.Link, h *history, top float64) widgets.LaneValues {
	late := l.DelayMS > weakDelay*m.channel().LatencyMS
	shape, tone, word := linkState(m, l, late || h.weak())
	rates, saved := h.lines()
	v := widgets.LaneValues{
		Shape: shape, Tone: tone, Name: fmt.Sprint(l.Port), From: l.From, State: word,
		Rate: rates, Saved: saved, RateTop: top,
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
		v.Cells[0].Text, v.Cells[1].Text, v.Cells[2].Text = "0.00", "0", "0"
		return v
	}
	v.Cells = [6]widgets.Cell{
		{Text: megabits(l.BitrateBPS)},
		{Text: fmt.Sprintf("%.0f", 100*l.Share)},
		{Text: fmt.Sprintf("%.0f", l.RatePPS)},
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
