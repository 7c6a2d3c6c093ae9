package receiver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

const (
	// pictureTime is how long packets may arrive without a whole picture before that is the verdict: more than from one
	// picture to the next.
	pictureTime = 2 * time.Second
	// remarkTime is for how long a jump of the rig's clock is remarked on.
	remarkTime = time.Minute
)

const adviseAllow = "If that is the rig, add its address to those that are allowed."

// verdict says why there is no picture, or that there is one. What is wrong with the stream that is followed comes
// before what strangers send; where there is no stream, what is nearest to a rig's comes first: coded packets that are
// lost too often, coded packets that are not allowed, datagrams from where a rig may be, others, and nothing at all.
func (p *Pipeline) verdict(now time.Time, c *status.Channel) status.Verdict {
	at := now.Sub(p.started)
	e := &p.evidence
	switch {
	case c.State == status.ChannelLive:
		return p.liveVerdict(at, c)
	case c.State == status.ChannelSilent:
		return p.silentVerdict(at, c)
	case e.coded.fresh(at):
		return p.scatteredVerdict(at)
	case e.barredCoded.fresh(at), e.barred.fresh(at) && !e.malformed.fresh(at):
		return p.barredVerdict(at)
	case e.malformed.fresh(at):
		return p.malformedVerdict(at)
	default:
		return status.Verdict{
			Code: status.VerdictNoPackets, Evidence: p.strangers(at, false),
			Text: fmt.Sprintf("Nothing arrives on UDP %s.", portlist.Format(p.ports)),
		}
	}
}

// liveVerdict is the verdict while packets come.
func (p *Pipeline) liveVerdict(at time.Duration, c *status.Channel) status.Verdict {
	recent := c.Recent["1s"]
	all := recent.Lost + recent.Delivered + recent.Recovered
	without := at - p.picture.shown
	remarks := append(p.clockRemark(at), p.rival(at)...)
	var v status.Verdict
	switch {
	case recent.Lost > 0 && recent.Lost*lossy >= all:
		v = p.lossyVerdict(at, c, fmt.Sprintf(
			"Too much is lost on the way: %d of %d packets in the last second could not be rebuilt.", recent.Lost, all))
	case p.picture.idr && without < pictureTime:
		return status.Verdict{
			Code: status.VerdictOK, Text: "The picture is live.", Evidence: append(lossRemark(c), remarks...),
		}
	case p.picture.clock.jumps > 1 && at-p.picture.clock.jumpedAt < freshTime:
		v = p.clockVerdict(at)
	case p.picture.idr && c.Recent["8s"].Lost > 0 && !p.depacket.Freeze:
		v = p.lossyVerdict(at, c, fmt.Sprintf(
			"Too much is lost on the way: no picture has come through whole for %s.", lasting(without)))
	default:
		v = p.keyframeVerdict(at, c)
	}
	v.Evidence = slices.Concat(v.Evidence, remarks, p.strangers(at, true))
	if p.evidence.barredCoded.fresh(at) {
		v.Advice = adviseAllow + " " + v.Advice
	}
	return v
}

// keyframeVerdict is the verdict where packets arrive but no picture can begin.
func (p *Pipeline) keyframeVerdict(at time.Duration, c *status.Channel) status.Verdict {
	pic := &p.picture
	v := status.Verdict{
		Code: status.VerdictNoKeyframe, Text: "Packets arrive, but no keyframe yet.",
		Evidence: []string{fmt.Sprintf("%s came within %s.", words.Count(pic.packets, "packet"), lasting(at-pic.since))},
		Advice:   "Have the rig send a keyframe with SPS and PPS each second.",
	}
	keyframe, sps, pps := pic.has(naluIDR), pic.has(naluSPS), pic.has(naluPPS)
	switch {
	case pic.idr && p.depacket.Freeze && c.Stream.Damaged:
		v.Text = "Packets arrive, but no whole keyframe since some were lost."
		v.Evidence = []string{fmt.Sprintf("The last whole picture came %s, and what follows is held back until a keyframe.",
			ago(at-pic.shown))}
	case pic.idr:
		v.Text = fmt.Sprintf("Packets arrive, but have made no whole picture for %s.", lasting(at-pic.shown))
		v.Evidence = []string{fmt.Sprintf("%s came that belong to no picture.", words.Count(p.depacket.Dropped, "packet"))}
		v.Advice = "See that the rig sends H.264 as RFC 6184 has it, or restart its encoder."
	case keyframe && sps && pps:
		v.Text = "Packets arrive, but no whole keyframe yet."
		v.Evidence = append(v.Evidence, "Keyframes came, with SPS and PPS, but each lacked packets that were lost.")
		v.Advice = "Have the rig send less video, or more parity, so that keyframes come through whole."
	case keyframe:
		v.Text = "Packets arrive, but no keyframe that can be decoded yet."
		v.Evidence = append(v.Evidence, fmt.Sprintf("Keyframes came, but without %s.", missingSets(sps, pps)))
	case sps && pps:
		v.Evidence = append(v.Evidence, "SPS and PPS came, but no keyframe.")
	default:
		v.Evidence = append(v.Evidence, fmt.Sprintf("Neither a keyframe nor %s came.", missingSets(sps, pps)))
	}
	return v
}

// missingSets names the parameter sets that did not come; both where both did, but could not be read.
func missingSets(sps, pps bool) string {
	switch {
	case sps && !pps:
		return "PPS"
	case pps && !sps:
		return "SPS"
	default:
		return "SPS and PPS"
	}
}

// clockVerdict is the verdict where no picture can be put together since its timestamps jump.
func (p *Pipeline) clockVerdict(at time.Duration) status.Verdict {
	clock := &p.picture.clock
	return status.Verdict{
		Code: status.VerdictClockJumps,
		Text: "The rig's clock jumps, so that its packets make no whole picture.",
		Evidence: []string{fmt.Sprintf("The time of its video jumped %d times within %s, last by %+.1f s %s.",
			clock.jumps, lasting(at-p.picture.since), clock.jumpedBy.Seconds(), ago(at-clock.jumpedAt))},
		Advice: "Restart the rig's encoder, and see that nothing sets the rig's clock while it sends.",
	}
}

// clockRemark says that the rig's clock jumped of late.
func (p *Pipeline) clockRemark(at time.Duration) []string {
	jumpedAt, by, ok := p.ledger.ClockJump()
	if !ok || at-jumpedAt >= remarkTime {
		return nil
	}
	return []string{fmt.Sprintf("The rig's clock jumped by %+.1f s %s (give or take whole 100 s), so the links' "+
		"delays have been measured anew since.", by.Seconds(), ago(at-jumpedAt))}
}

// silentVerdict is the verdict where packets came, and have stopped.
func (p *Pipeline) silentVerdict(at time.Duration, c *status.Channel) status.Verdict {
	v := status.Verdict{
		Code:   status.VerdictSilent,
		Text:   fmt.Sprintf("No signal. Nothing has come from the rig for %s.", lasting(at-p.current.last)),
		Advice: "See whether the rig is switched on and has a network. The picture comes back by itself.",
	}
	var heard []string
	for _, link := range c.Links {
		if link.From != "" {
			heard = append(heard, fmt.Sprintf("UDP %d from %s %s", link.Port, link.From, ago(at-link.Since.Sub(p.started))))
		}
	}
	v.Evidence = []string{"The links were last heard: " + strings.Join(heard, ", ") + "."}
	v.Evidence = append(v.Evidence, p.strangers(at, true)...)
	if p.evidence.barredCoded.fresh(at) {
		v.Advice = adviseAllow
	}
	return v
}

// barredVerdict is the verdict where all that comes is from addresses that are not allowed.
func (p *Pipeline) barredVerdict(at time.Duration) status.Verdict {
	v := status.Verdict{
		Code:     status.VerdictNotAllowed,
		Text:     fmt.Sprintf("What arrives on UDP %s is not from an address that is allowed.", portlist.Format(p.ports)),
		Evidence: append(p.strangers(at, true), fmt.Sprintf("Allowed are %s.", prefixes(p.allow))),
		Advice:   "See that the rig sends from an address that is allowed.",
	}
	if p.evidence.barredCoded.fresh(at) {
		v.Advice = adviseAllow
	}
	return v
}

// malformedVerdict is the verdict where what comes is not coded video.
func (p *Pipeline) malformedVerdict(at time.Duration) status.Verdict {
	t := &p.evidence.malformed
	looks := guess(t.start(), t.size)
	v := status.Verdict{
		Code:     status.VerdictNotISC,
		Text:     fmt.Sprintf("What arrives on UDP %s is not the coded video of a rig.", portlist.Format(p.ports)),
		Evidence: append([]string{p.malformed(at), shown(t, looks)}, p.barred(at, true)...),
		Advice:   "See that the rig sends to these ports, and that nothing else does.",
	}
	if looks != nil && looks.video {
		v.Advice = "Have the rig send its video with inter-stream coding (ISC)."
	}
	return v
}
