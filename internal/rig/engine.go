package rig

import (
	"fmt"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
)

// EngineConfig says how an Engine codes and what it may decide.
type EngineConfig struct {
	Links    int           // 1 or more
	Parity   int           // r in every segment; or plan.Auto for the least with which any one path may die
	Overhead float64       // parity for each source, above 0; see plan.Config
	Bitrate  int           // of the video in bits a second while all paths are in use; 0 where it is not ours to choose
	Wait     time.Duration // a segment that is not full is closed this long after its first packet
	Padded   bool          // parity packets have the form of deployed rigs
}

// DefaultEngine is what suits four links: 3+1, closed after 25 ms.
func DefaultEngine() EngineConfig {
	return EngineConfig{Links: 4, Parity: plan.Auto, Overhead: 0.34, Wait: 25 * time.Millisecond}
}

// Engine is the sending side of a rig without sockets and clock: RTP packets and feedback go in, datagrams and
// decisions come out. It is not safe for concurrent use.
type Engine struct {
	coder   *Coder
	planner *plan.Planner
	plan    *plan.Plan // that the coder follows
	rounds  rounds
	answers uint64 // the links on which the last score datagram came whose copies must all have come, as bits

	pictures pictures
	jitter   uint32
}

// NewEngine returns an engine all of whose links are up, each a path of its own, at now. The error is plan.ErrConfig.
func NewEngine(config EngineConfig, now time.Time) (*Engine, error) {
	planner, err := plan.New(plan.Config{
		Links: config.Links, Parity: config.Parity, Overhead: config.Overhead, Bitrate: config.Bitrate,
		MostSources: mostSources,
	}, now)
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	p := planner.Plan()
	coder, err := NewCoder(CoderConfig{
		Sources: p.Sources, Parity: p.Parity, Links: config.Links, Wait: config.Wait, Padded: config.Padded,
	})
	if err != nil {
		return nil, err
	}
	return &Engine{coder: coder, planner: planner, plan: p}, nil
}

// Push adds an RTP packet as Coder.Push does. It closes its segment, too, where it is the last of a picture and the
// next one will not come before the segment would be due: waiting would gain nothing.
func (e *Engine) Push(dst []Datagram, packet []byte, now time.Time) ([]Datagram, error) {
	n := len(dst)
	e.pictures.push(packet, now)
	dst, err := e.coder.Push(dst, packet, now)
	if due, open := e.coder.Due(); err == nil && open && isLast(packet) && e.pictures.next().After(due) {
		dst, err = e.coder.Close(dst)
	}
	e.sent(dst[n:])
	return dst, err
}

// Due tells when the open segment is to be closed; it reports false when there is none.
func (e *Engine) Due() (time.Time, bool) { return e.coder.Due() }

// Open returns how many packets are in the open segment.
func (e *Engine) Open() int { return e.coder.Open() }

// Close closes the open segment as Coder.Close does.
func (e *Engine) Close(dst []Datagram) ([]Datagram, error) {
	n := len(dst)
	dst, err := e.coder.Close(dst)
	e.sent(dst[n:])
	return dst, err
}

func (e *Engine) sent(datagrams []Datagram) {
	for _, d := range datagrams {
		e.planner.Sent(d.Link)
	}
}

// Failed takes note that the system did not take a datagram of Push or Close for its link.
func (e *Engine) Failed(link int, now time.Time) error {
	e.planner.Failed(now, link)
	return e.follow()
}

// Passed takes note that the system took a datagram for its link, where it did not take one before.
func (e *Engine) Passed(link int, now time.Time) error {
	e.planner.Passed(now, link)
	return e.follow()
}

// Feedback takes what the receiver said on a link at now. It says the same on each of its links; the copies are known
// as such.
func (e *Engine) Feedback(link int, feedback Feedback, now time.Time) error {
	if feedback.Scores == nil {
		e.jitter = feedback.Jitter
		return nil
	}
	if !e.rounds.begins(link, feedback.Scores, now) {
		return nil
	}
	if !e.planner.Scores(now, feedback.Scores) {
		e.rounds.dismiss()
	}
	return e.follow()
}

// SetLinks takes note of which links are up, and of their paths: one for each link.
func (e *Engine) SetLinks(now time.Time, links []plan.Up) error {
	e.planner.SetLinks(now, links)
	return e.follow()
}

// Tick does what is due at now. It is to be called a few times a second.
func (e *Engine) Tick(now time.Time) error {
	e.planner.Tick(now)
	for links, ok := e.rounds.close(now); ok; links, ok = e.rounds.close(now) {
		e.missing(links, now)
	}
	return e.follow()
}

// missing tells the planner on which links the copy of a score datagram is missing though that of the one before came.
func (e *Engine) missing(links uint64, now time.Time) {
	for i := range e.plan.Links {
		if (e.answers&^links)>>i&1 != 0 {
			e.planner.Missing(now, i)
		}
	}
	e.answers = links
}

// Plan returns the plan that is followed. It never changes; a decision makes a new one.
func (e *Engine) Plan() *plan.Plan { return e.plan }

// Blind tells that no scores have come for so long that the split is even for want of knowledge.
func (e *Engine) Blind() bool { return e.planner.Blind() }

// Unearned returns how many scores were not believed, since they came faster than what was sent can have caused them.
func (e *Engine) Unearned() uint64 { return e.planner.Unearned() }

// Jitter returns what the receiver said last of the variation of delay, in thousandths of a hundredth of a second.
func (e *Engine) Jitter() uint32 { return e.jitter }

// Decisions appends what was decided since the last call to dst.
func (e *Engine) Decisions(dst []plan.Decision) []plan.Decision { return e.planner.Decisions(dst) }

func (e *Engine) follow() error {
	if e.plan == e.planner.Plan() {
		return nil
	}
	e.plan = e.planner.Plan()
	return e.coder.Follow(e.plan)
}
