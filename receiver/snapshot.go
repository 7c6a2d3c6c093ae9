package receiver

import (
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// Snapshot returns the channel as the pipeline sees it. Name, sockets, outputs and viewers are for others to add.
func (p *Pipeline) Snapshot(now time.Time) status.Channel {
	at := now.Sub(p.started)
	started := now.Add(-at) // by the clock as it is now: it may have been set, and the machine have slept
	c := status.Channel{
		State: status.ChannelWaiting, Since: status.Time{Time: started},
		LatencyMS: float64(p.budget) / float64(time.Millisecond),
	}
	if s := p.current; s != nil {
		c.State = status.ChannelLive
		if at-s.last >= silence {
			c.State, c.Since = status.ChannelSilent, status.Time{Time: started.Add(s.last)}
		} else {
			c.Since = status.Time{Time: started.Add(p.liveSince)}
		}
		c.Packets.Pending = uint64(s.waiting)
		if p.draining != nil {
			c.Packets.Pending += uint64(p.draining.waiting)
		}
		c.Stream = status.Stream{
			SSRC: s.identity.SSRC, PayloadType: s.identity.PayloadType, Codec: "h264",
			Width: p.picture.width, Height: p.picture.height, Damaged: p.depacket.Damaged(),
		}
	}
	p.ledger.Snapshot(at, started, &c)
	c.Packets.Unusable = p.depacket.Dropped
	c.Ceilings = p.ceilings(now)
	for i := range c.Links {
		link := &c.Links[i]
		link.Port = p.ports[i]
		link.FeedbackSent, link.FeedbackWithheld = p.gates[i].Counts()
	}
	c.Verdict = p.verdict(now, &c)
	return c
}
