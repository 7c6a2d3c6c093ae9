package receiver

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/loglimit"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

const (
	// snapshotEvery is how often the channel's state is published.
	snapshotEvery = 250 * time.Millisecond
	// pushMost is how many datagrams are taken before waits may end, even if more are waiting.
	pushMost = 4096
)

// Channel receives one rig. Make one with New and run it once.
type Channel struct {
	cfg     Config
	source  Source
	packets PacketOutput // or nil
	queues  []*queue
	log     *slog.Logger
	limited *loglimit.Handler // that of log

	inbox    *inbox.Inbox
	pipeline *Pipeline // Run's
	state    atomic.Pointer[status.Channel]
	tap      atomic.Pointer[Tap] // nil where nobody looks
	latency  atomic.Int64        // the budget that is wanted
	turn     mark                // when the pipeline last published, none while it does not run
	nudge    chan struct{}       // capacity 1: latency has changed

	packetErrors, sendErrors throttle

	journal journal
}

// New returns a channel that takes datagrams from source, whose memory comes from pool. What it logs to log is no more
// than the configuration's limits allow.
func New(cfg Config, source Source, pool *inbox.Pool, log *slog.Logger, outputs ...Output) *Channel {
	cfg.Limits = cmp.Or(cfg.Limits, DefaultLimits())
	limited := loglimit.New(log.Handler(), float64(cfg.Limits.LogLines), cfg.Limits.LogLines)
	log = slog.New(limited)
	c := &Channel{
		cfg: cfg, source: source, log: log, limited: limited,
		inbox: inbox.New(len(cfg.Ports)), pipeline: NewPipeline(cfg, pool, time.Now()), nudge: make(chan struct{}, 1),
	}
	for _, o := range outputs {
		c.queues = append(c.queues, newQueue(o, log))
	}
	c.latency.Store(int64(cfg.Latency))
	c.journal.log = log
	c.publish(time.Now())
	return c
}

// SendPackets has the RTP packets go to an output, too. It is called before Run.
func (c *Channel) SendPackets(to PacketOutput) { c.packets = to }

// SetTap has a tap see what arrives from now on, in place of the one before; nil ends it. It may be called from any
// goroutine; the tap before may still be in a call when SetTap returns.
func (c *Channel) SetTap(tap Tap) {
	if tap == nil {
		c.tap.Store(nil)
		return
	}
	c.tap.Store(&tap)
}

// SetLatency changes the latency budget at once. It may be called from any goroutine.
func (c *Channel) SetLatency(budget time.Duration) {
	c.latency.Store(int64(budget))
	select {
	case c.nudge <- struct{}{}:
	default:
	}
}

// Snapshot returns the state as it was at most a quarter of a second ago. It may be called from any goroutine; what it
// returns is shared, and not to be written to.
func (c *Channel) Snapshot() status.Channel { return *c.state.Load() }

// Run receives until ctx ends, or the source does, and returns after all that it started has ended. Units that
// still wait for an output then are dropped. It returns why the source ended, or nil.
func (c *Channel) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var outputs sync.WaitGroup
	for _, q := range c.queues {
		outputs.Go(func() { q.run(ctx) })
	}
	ended := make(chan error, 1)
	go func() { ended <- c.source.Run(ctx, c.inbox) }()

	err := c.loop(ctx, ended)
	cancel()
	for _, q := range c.queues {
		close(q.units)
	}
	outputs.Wait()
	c.publish(time.Now())
	c.setEnded(err)
	return err
}

// loop drives the pipeline until the source has ended. What waits for a packet then is released where no more can come,
// but not where reception was stopped: nothing of it is lost, it is only no longer wanted.
func (c *Channel) loop(ctx context.Context, ended <-chan error) error {
	ticker := time.NewTicker(snapshotEvery)
	defer ticker.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var out Result
	var behind catchUp
	c.turn.set(time.Now())
	defer c.turn.clear()
	for {
		select {
		case <-c.inbox.Wake():
		case <-timer.C:
		case <-c.nudge:
			c.pipeline.SetLatency(time.Duration(c.latency.Load()))
		case <-ticker.C:
			now := time.Now()
			c.publish(now)
			c.turn.set(now)
		case err := <-ended:
			for c.drain(&out) {
			}
			if ctx.Err() == nil {
				now := time.Now()
				c.pipeline.Flush(&out, now)
				c.dispatch(&out, now)
			}
			return err
		}
		oldest, waits := c.inbox.Oldest()
		take, end := behind.step(time.Now(), oldest, waits)
		if take && c.drain(&out) {
			c.inbox.Signal() // what else there is to do has its turn before the rest
		}
		if end {
			now := time.Now()
			c.pipeline.Advance(&out, now)
			c.dispatch(&out, now)
		}
		if at, ok := behind.next(c.pipeline.Next()); ok {
			timer.Reset(time.Until(at))
		}
	}
}

// drain pushes what waits, and tells whether there may be more. Waits end only after it, so that packets which arrived
// in time but were taken late are not given up.
func (c *Channel) drain(out *Result) (more bool) {
	for range pushMost {
		d := c.inbox.Take()
		if d == nil {
			return false
		}
		if tap := c.tap.Load(); tap != nil {
			(*tap).WriteDatagram(d)
		}
		now := time.Now()
		c.pipeline.Push(out, now, d)
		c.dispatch(out, now)
	}
	return true
}

// dispatch hands on what the pipeline gave.
func (c *Channel) dispatch(out *Result, now time.Time) {
	if c.packets != nil {
		for _, packet := range out.Packets {
			if err := c.packets.WritePacket(packet.RTP, now); err != nil && c.packetErrors.allow(now) {
				c.log.Warn("RTP output failed", "error", err, "more", c.packetErrors.skipped())
			}
		}
	}
	for _, unit := range out.Units {
		for _, q := range c.queues {
			q.put(unit)
		}
	}
	if !c.cfg.ListenOnly {
		for _, text := range out.Feedback {
			c.answer(text, now)
		}
	}
	out.Reset()
}

// answer sends a feedback datagram to the sender of each link that may have it.
func (c *Channel) answer(text []byte, now time.Time) {
	for link := range c.cfg.Ports {
		to, ok := c.pipeline.Answer(now, link, len(text))
		if !ok {
			continue
		}
		if err := c.source.Send(link, to, text); err == nil {
			c.pipeline.Answered(now, link, len(text))
		} else if c.sendErrors.allow(now) {
			c.log.Warn("feedback not sent", "link", link, "to", to, "error", err, "more", c.sendErrors.skipped())
		}
	}
}

// publish makes the channel's state visible.
func (c *Channel) publish(now time.Time) {
	for i := range c.cfg.Ports {
		dropped, _ := c.source.Link(i)
		c.pipeline.KernelDropped(now, i, dropped)
	}
	s := c.pipeline.Snapshot(now)
	s.ID, s.Name = c.cfg.ID, c.cfg.Name
	s.Source, s.ListenOnly = c.cfg.SourceName, c.cfg.ListenOnly
	for i := range s.Links {
		_, down := c.source.Link(i)
		if down != nil {
			s.Links[i].State, s.Links[i].Error = status.LinkDown, down.Error()
		}
	}
	for _, q := range c.queues {
		s.OutputDropped += q.dropped.Load()
	}
	s.Ceilings[status.CeilingLogLines] = status.Ceiling{
		Limit: uint64(c.cfg.Limits.LogLines), Now: uint64(c.limited.Used(now)), Reached: c.limited.Dropped(),
	}
	if source, ok := c.source.(Reassembler); ok {
		s.Ceilings[status.CeilingFragments] = FragmentsCeiling(source)
	}
	c.state.Store(&s)
	c.journal.write(s, c.pipeline.evidence.malformed.cause, now)
}

// setEnded makes it visible that the channel receives no more.
func (c *Channel) setEnded(err error) {
	s := c.Snapshot()
	s.State, s.Since = status.ChannelStopped, status.Time{Time: time.Now()}
	s.Verdict = status.Verdict{Code: status.VerdictStopped, Text: "Reception is stopped."}
	if err != nil {
		s.State, s.Error = status.ChannelFailed, err.Error()
		s.Verdict = status.Verdict{Code: status.VerdictFailed, Text: "Reception failed: " + err.Error() + "."}
	}
	c.state.Store(&s)
}
