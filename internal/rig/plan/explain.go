package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/words"
)

// telltale is the change of a weight that is worth a decision's line.
const telltale = 0.05

// equal tells whether two plans say the same.
func equal(a, b *Plan) bool {
	return a.Sources == b.Sources && a.Parity == b.Parity && a.Paths == b.Paths && a.Bitrate == b.Bitrate &&
		slices.Equal(a.Links, b.Links)
}

// explain tells what is new in the plan, old being the one before it or nil.
func (p *Planner) explain(now time.Time, old *Plan) {
	next := p.plan
	if old == nil || old.Sources != next.Sources || old.Parity != next.Parity || old.Paths != next.Paths {
		p.say(now, "%s", p.codingText())
	}
	if next.Bitrate > 0 && (old == nil || old.Bitrate != next.Bitrate) {
		p.say(now, "the video may have %d kb/s: %s in use", next.Bitrate/1000, words.Count(next.Paths, "path"))
	}
	if next.Paths == 0 {
		p.said = p.said[:0]
		return
	}
	moved := len(p.said) != len(next.Links)
	for i := range p.said {
		moved = moved || math.Abs(p.said[i]-next.Links[i].Weight) > telltale
	}
	if !moved {
		return
	}
	var shares []string
	p.said = p.said[:0]
	for _, l := range next.Links {
		p.said = append(p.said, l.Weight)
		shares = append(shares, fmt.Sprintf("%.0f", 100*l.Weight))
	}
	reason := "by how steady their delays are"
	if p.blind {
		reason = "without scores"
	}
	p.say(now, "the links are weighted %s %%, %s", strings.Join(shares, "/"), reason)
}

// codingText says what the coding is and why.
func (p *Planner) codingText() string {
	next := p.plan
	text := fmt.Sprintf("%d+%d over %s", next.Sources, next.Parity, words.Count(next.Paths, "path"))
	switch {
	case next.Paths == 0:
		return text + ": nothing can be sent"
	case next.Parity == 0:
		return text + ": no parity, as was asked for"
	case !next.Survives():
		return text + ": there is no other path that could make up for its loss"
	}
	text += ": survives the loss of any one"
	if next.Overhead() > p.config.Overhead+1e-9 {
		text += fmt.Sprintf(", which takes %.0f %% of parity, more than the %.0f %% allowed", 100*next.Overhead(),
			100*p.config.Overhead)
	}
	return text
}
