package plan

import (
	"fmt"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/words"
)

const (
	// silence is how long no scores may come until nothing is known of any link any more.
	silence = 10 * time.Second
	// relapse is how soon after its return a link that dies again must prove itself for longer the next time: it needs
	// twice as many scores in a row, up to patience.
	relapse  = 30 * time.Second
	patience = 4
	// telling is how many datagrams must have been sent on a link since the last scores for a score of 0 to say anything.
	telling = 5
	// unit is the score of a link whose delay varies by 10 ms, the step of the clock that it is measured with, on
	// average. A steadier link is hardly a better one.
	unit = 100_000
	// step is how far a link's quality moves towards that of its last score.
	step = 0.1
	// least is the smallest part of the best link's weight that a link in use has. It keeps enough traffic there for its
	// scores to mean something.
	least = 0.1
	// kept is how many decisions are kept until they are taken.
	kept = 64
)

// state is what the planner knows of one link.
type state struct {
	Up

	used    bool      // it carries coded packets; where not, and it is up, it is probed
	quality float64   // 0 to 1, smoothed; where used
	scored  bool      // quality comes from scores
	good    int       // scores in a row since it was last found dead
	needs   int       // as many give it its share back
	back    time.Time // when that was
	sent    int       // datagrams since the last scores
	failed  int       // datagrams in a row that could not be sent
	passed  int       // datagrams in a row that could, since then
}

// Planner makes plans. It is not safe for concurrent use.
type Planner struct {
	config   Config
	links    []state
	plan     *Plan
	scored   time.Time // when the last scores came
	earned   int       // by datagrams, which scores are believed for
	unearned uint64    // scores that were not
	blind    bool      // no scores came for so long that nothing is known
	rate     rate
	said     []float64 // the weights that a decision told last
	news     []Decision
}

// New returns a planner all of whose links are up, each a path of its own, at now. The error is ErrConfig.
func New(config Config, now time.Time) (*Planner, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	p := &Planner{config: config, links: make([]state, config.Links), blind: true, scored: now, earned: 2 * earns}
	for i := range p.links {
		p.links[i] = state{Up: Up{Path: i, Up: true}, used: true, quality: 1, needs: 1}
	}
	p.decide(now)
	return p, nil
}

// Plan returns the present plan. It is another pointer after each change.
func (p *Planner) Plan() *Plan { return p.plan }

// Blind tells that no scores have come for so long that the split is even for want of knowledge.
func (p *Planner) Blind() bool { return p.blind }

// Unearned returns how many scores were not believed; see Scores.
func (p *Planner) Unearned() uint64 { return p.unearned }

// Decisions appends what was decided since the last call to dst.
func (p *Planner) Decisions(dst []Decision) []Decision {
	dst = append(dst, p.news...)
	p.news = p.news[:0]
	return dst
}

// SetLinks takes note of which links are up, and of their paths; there is one for each link of the configuration. A
// link that comes up while scores are coming is probed first, and so is one on which nothing could be sent before.
func (p *Planner) SetLinks(now time.Time, links []Up) {
	for i, up := range links {
		l := &p.links[i]
		was := l.Up
		l.Up = up
		switch {
		case was.Up != up.Up && l.fails(): // it was told; its socket may come and go each second
			l.used, l.good, l.sent = false, 0, 0
		case was.Up && !up.Up:
			l.used, l.good = false, 0
			p.say(now, "link %d carries nothing: it has no socket that can send", i)
		case !was.Up && up.Up:
			l.used, l.quality, l.scored, l.sent = p.blind, 1, false, 0
			if p.blind {
				p.say(now, "link %d carries its share: it can send, and no scores say otherwise", i)
			} else {
				p.say(now, "link %d is probed: it can send, and no score says yet whether anything arrives", i)
			}
		}
	}
	p.decide(now)
}

// Scores takes the receiver's scores, one for each of its links, from link 0: larger is better, and 0 means that
// nothing came since the scores before. A link that the receiver does not have is as one from which nothing came.
// Scores that come faster than what was sent can have caused them are not believed: whoever makes them up has no more
// to say than the receiver.
func (p *Planner) Scores(now time.Time, scores []uint32) (believed bool) {
	if p.earned < earns {
		p.unearned++
		return false
	}
	p.earned -= earns
	p.scored, p.blind = now, false
	for i := range p.links {
		l := &p.links[i]
		if l.Up.Up {
			p.score(now, i, scores)
		}
		l.sent = 0
	}
	p.decide(now)
	return true
}

// score takes the score of one link that is up.
func (p *Planner) score(now time.Time, i int, scores []uint32) {
	l := &p.links[i]
	score := uint32(0)
	if i < len(scores) {
		score = scores[i]
	}
	if score == 0 {
		if l.sent < telling {
			return
		}
		if l.used {
			reason := fmt.Sprintf("none of the %d datagrams sent there since the last scores came (score 0)", l.sent)
			if i >= len(scores) {
				reason = fmt.Sprintf("the receiver has %s; should it not have this rig's ports?", words.Count(len(scores), "link"))
			}
			p.lose(now, i, reason)
		}
		l.good = 0
		return
	}
	if !l.used && l.sent <= 0 {
		return // it is about what was sent before the link came up
	}
	quality := 1 / (1 + unit/float64(score))
	l.good++
	switch {
	case l.used && l.scored:
		l.quality += step * (quality - l.quality)
	case l.used:
		l.quality, l.scored = quality, true
	case l.good >= l.needs:
		l.used, l.quality, l.scored, l.back, l.failed = true, quality, true, now, 0
		p.say(now, "link %d has its share again: it has %s", i, words.Count(l.needs, "score"))
	}
}

// Tick does what is due at now. It is to be called a few times a second.
func (p *Planner) Tick(now time.Time) {
	if !p.blind && now.Sub(p.scored) >= silence {
		p.blind = true
		p.say(now, "all links that can send have equal shares: no scores have come for %v", silence)
		for i := range p.links {
			l := &p.links[i]
			l.used, l.quality, l.scored, l.good = l.Up.Up && !l.fails(), 1, false, 0
		}
	}
	p.decide(now)
}

// decide makes a new plan, if the present one does not fit any more.
func (p *Planner) decide(now time.Time) {
	next := &Plan{Links: p.weights()}
	next.Paths = paths(next.Links, func(i int) bool { return next.Links[i].Weight > 0 })
	next.Sources, next.Parity = p.config.coding(max(1, next.Paths))
	all := paths(next.Links, func(int) bool { return true })
	next.Bitrate = p.rate.decide(now, p.config, next.Paths, all)
	old := p.plan
	if old != nil && equal(old, next) {
		return
	}
	p.plan = next
	p.explain(now, old)
}

// weights returns the links as they are to be used.
func (p *Planner) weights() []Link {
	links := make([]Link, len(p.links))
	used, best := 0, 0.0
	for i, l := range p.links {
		links[i] = Link{Path: l.Path, Probe: l.Up.Up && !l.used}
		if l.used {
			used++
			best = max(best, l.quality)
		}
	}
	sum := 0.0
	for i, l := range p.links {
		switch {
		case used == 0 && l.Up.Up: // all that is left: each is as likely to work as any other
			links[i].Weight, links[i].Probe = 1, false
		case l.used:
			links[i].Weight = max(l.quality, least*best)
		}
		sum += links[i].Weight
	}
	for i := range links {
		if sum > 0 {
			links[i].Weight /= sum
		}
	}
	return links
}

// say keeps a decision. The oldest one goes where nobody takes them.
func (p *Planner) say(now time.Time, format string, arguments ...any) {
	if len(p.news) == kept {
		p.news = append(p.news[:0], p.news[1:]...)
	}
	p.news = append(p.news, Decision{At: now, Text: fmt.Sprintf(format, arguments...)})
}

// paths counts the paths of the links that are chosen.
func paths(links []Link, chosen func(i int) bool) int {
	n := 0
	for i, l := range links {
		first := chosen(i)
		for j := range i {
			first = first && !(chosen(j) && links[j].Path == l.Path)
		}
		if first {
			n++
		}
	}
	return n
}
