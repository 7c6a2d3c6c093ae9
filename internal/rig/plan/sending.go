package plan

import (
	"fmt"
	"time"
)

const (
	// failing is how many datagrams in a row must have failed to be sent on a link for it to be given up; and as many, for
	// each score that it would need, must be sent for it to have its share back where no scores come.
	failing = 3
	// earns is how many datagrams must have been sent for scores to be believed. A receiver gives them for each 100 that
	// came on one link; some may have been repeated on the way.
	earns = 50
	// savings is what may be saved up of that: scores come late, and then several at once.
	savings = 20 * earns
)

// Sent takes note that a datagram is sent on a link. Failed or Passed may say more.
func (p *Planner) Sent(link int) {
	p.links[link].sent++
	p.earned = min(p.earned+1, savings)
}

// Failed takes note that the system did not take a datagram for a link, which Sent was called for. When none of several
// in a row were taken, the link is only probed.
func (p *Planner) Failed(now time.Time, link int) {
	l := &p.links[link]
	l.sent--
	l.failed++
	l.passed = 0
	if l.used && l.failed >= failing {
		p.lose(now, link, fmt.Sprintf("none of the last %d datagrams could be sent there", l.failed))
		p.decide(now)
	}
}

// Passed takes note that the system took a datagram for a link. It need not be called for a link that never failed.
func (p *Planner) Passed(now time.Time, link int) {
	l := &p.links[link]
	if l.used {
		l.failed = 0
	}
	if l.failed == 0 {
		return
	}
	l.passed++
	if l.passed < failing*l.needs {
		return
	}
	l.failed = 0
	if p.blind && l.Up.Up {
		l.used, l.quality, l.scored, l.back = true, 1, false, now
		p.say(now, "link %d has its share again: %d datagrams in a row could be sent there", link, l.passed)
		p.decide(now)
	}
}

// Missing takes note that the last scores came on other links and not on this one, as those before did. It has just
// died, most likely, and what its score counts came before that: it is only probed until the next score. That is all
// that it costs where the copy alone was lost, so it is no relapse. Of two paths none is given up for that: each of
// them carries enough by itself.
func (p *Planner) Missing(now time.Time, link int) {
	l := &p.links[link]
	if !l.used || p.blind || p.plan.Paths <= 2 {
		return
	}
	l.needs = 1
	p.probe(now, link, "the last scores came on other links and not on this one")
	p.decide(now)
}

// fails tells whether nothing can be sent on the link, whatever the state of its socket.
func (l *state) fails() bool { return l.failed >= failing }

// lose has a link carry nothing but probes; the longer, the oftener it has died soon after its return.
func (p *Planner) lose(now time.Time, i int, reason string) {
	l := &p.links[i]
	if l.back.IsZero() || now.Sub(l.back) >= relapse {
		l.needs = 1
	} else {
		l.needs = min(2*l.needs, patience)
	}
	p.probe(now, i, reason)
}

// probe has a link carry nothing but probes, until it has as many scores as it needs.
func (p *Planner) probe(now time.Time, i int, reason string) {
	l := &p.links[i]
	l.used, l.good = false, 0
	condition := "it has a score"
	switch {
	case p.blind:
		condition = fmt.Sprintf("%d in a row can be sent", failing*l.needs)
	case l.needs > 1:
		condition = fmt.Sprintf("it has %d scores in a row, since it died again soon after its return", l.needs)
	}
	p.say(now, "link %d is only probed, until %s: %s", i, condition, reason)
}
