package receiver

import (
	"fmt"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// lossy is the share of packets lost over the last second, one in so many, from which the loss is the verdict.
const lossy = 5

// Snapshot returns the channel as the pipeline sees it. Name, sockets, outputs and viewers are for others to add.
func (p *Pipeline) Snapshot(now time.Time) status.Channel {
	at := now.Sub(p.started)
	c := status.Channel{
		State: status.ChannelWaiting, Since: status.Time{Time: p.started},
		LatencyMS: float64(p.budget) / float64(time.Millisecond),
	}
	if s := p.current; s != nil {
		c.State = status.ChannelLive
		if at-s.last >= silence {
			c.State, c.Since = status.ChannelSilent, status.Time{Time: p.started.Add(s.last)}
		} else {
			c.Since = status.Time{Time: p.started.Add(p.liveSince)}
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
	p.ledger.Snapshot(at, p.started, &c)
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

// verdict says why there is no picture, or that there is one.
func (p *Pipeline) verdict(now time.Time, c *status.Channel) status.Verdict {
	counts, _ := p.ledger.Counts()
	recent := c.Recent["1s"]
	ports := status.FormatPorts(p.ports)
	switch {
	case c.State == status.ChannelSilent:
		return status.Verdict{Code: status.VerdictSilent, Text: fmt.Sprintf(
			"No signal. Nothing has come from the rig for %d s.", int(now.Sub(c.Since.Time).Seconds()))}
	case c.State == status.ChannelWaiting && counts.Received == 0:
		return status.Verdict{Code: status.VerdictNoPackets, Text: fmt.Sprintf("Nothing arrives on UDP %s.", ports)}
	case c.State == status.ChannelWaiting:
		return status.Verdict{Code: status.VerdictNotISC, Text: fmt.Sprintf(
			"What arrives on UDP %s is not the coded video of a rig.", ports)}
	case recent.Lost > 0 && recent.Lost*lossy >= recent.Lost+recent.Delivered+recent.Recovered:
		return status.Verdict{Code: status.VerdictTooLossy, Text: fmt.Sprintf(
			"Too much is lost on the way: %d of %d packets in the last second could not be rebuilt.",
			recent.Lost, recent.Lost+recent.Delivered+recent.Recovered)}
	case !p.picture.idr:
		return status.Verdict{Code: status.VerdictNoKeyframe, Text: "Packets arrive, but no keyframe yet."}
	default:
		return status.Verdict{Code: status.VerdictOK, Text: "The picture is live."}
	}
}
