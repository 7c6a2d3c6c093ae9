package receiver

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

const (
	// lossy is the share of packets lost over the last second, one in so many, from which the loss is the verdict.
	lossy = 5
	// breakTime is how long nothing must come on any link to be a reason for the loss, in milliseconds.
	breakTime = 300
)

// lossyVerdict says why so much is lost, and what to do about the most likely reason.
func (p *Pipeline) lossyVerdict(at time.Duration, c *status.Channel, text string) status.Verdict {
	v := status.Verdict{Code: status.VerdictTooLossy, Text: text}
	recent := c.Recent["8s"]
	if v.Evidence = p.silentLinks(at, c); len(v.Evidence) > 0 {
		v.Advice = "See to the links that are silent: their modems, SIM cards and reception at the rig."
	}
	if n := recent.Datagrams.Late; n >= recent.Lost {
		v.Evidence = append(v.Evidence, fmt.Sprintf(
			"In the last 8 s, %s came later than the %d ms that packets are waited for.", words.Count(n, "datagram"),
			p.budget.Milliseconds()))
		v.Advice = "Raise the latency."
	}
	if n := recent.Datagrams.KernelDropped; n > 0 {
		v.Evidence = append(v.Evidence, fmt.Sprintf(
			"In the last 8 s, %s came to the receiver's computer but not to the receiver, as the buffer was full.",
			words.Count(n, "datagram")))
		v.Advice = "See what keeps the receiver's computer so busy, and let the system give larger receive buffers."
	}
	if len(v.Evidence) == 0 {
		v.Evidence, v.Advice = lossOnAll(c)
	}
	return v
}

// lossRemark says what was lost of late of a picture that is live all the same.
func lossRemark(c *status.Channel) []string {
	recent := c.Recent["60s"]
	if recent.Lost == 0 {
		return nil
	}
	return []string{fmt.Sprintf("In the last 60 s, %d of %d packets could not be rebuilt, which damaged the picture.",
		recent.Lost, recent.Lost+recent.Delivered+recent.Recovered)}
}

// lossOnAll says how packets are lost where nothing else tells: all links broke off for a while, or each loses a part.
func lossOnAll(c *status.Channel) (evidence []string, advice string) {
	gap := math.Inf(1)
	for _, link := range c.Links {
		gap = min(gap, link.Recent["1s"].LongestGapMS)
	}
	if gap >= breakTime {
		return []string{fmt.Sprintf("A moment ago nothing came on any link for %.0f ms.", gap)},
			"If that happens often, see to the rig's network as a whole, and to that of the receiver's computer."
	}
	return []string{"No link is silent: each of them loses a part."}, "Have the rig send less video, or more parity."
}

// silentLinks says which links are silent, and since when.
func (p *Pipeline) silentLinks(at time.Duration, c *status.Channel) (sentences []string) {
	var never []string
	for _, link := range c.Links {
		switch {
		case link.State != status.LinkSilent:
		case link.From == "":
			never = append(never, fmt.Sprint(link.Port))
		default:
			sentences = append(sentences, fmt.Sprintf("The link on UDP %d has been silent for %s; it was heard from %s.",
				link.Port, lasting(at-link.Since.Sub(p.started)), link.From))
		}
	}
	if len(never) > 0 {
		sentences = append(sentences, fmt.Sprintf("Nothing of the rig has ever come to UDP %s.", words.List(never)))
	}
	return sentences
}

// scatteredVerdict is the verdict where coded packets come, but never two in sequence.
func (p *Pipeline) scatteredVerdict(at time.Duration) status.Verdict {
	t := &p.evidence.coded
	v := status.Verdict{
		Code:     status.VerdictTooLossy,
		Text:     "Too much is lost on the way: coded packets arrive, but no two in sequence yet.",
		Evidence: []string{p.tell(t, at, words.Count(t.count, "coded packet")+" came")},
		Advice:   "See to the rig's links: their modems, SIM cards and reception.",
	}
	if at-t.began < silence { // they may be the very first of a rig that has just started
		v.Code, v.Text = status.VerdictNoKeyframe, "The first packets have arrived, but no keyframe yet."
		v.Advice = "Wait for a moment."
		return v
	}
	if bits.OnesCount64(t.on) < len(p.ports) {
		var quiet []string
		for i, port := range p.ports {
			if t.on>>i&1 == 0 {
				quiet = append(quiet, fmt.Sprint(port))
			}
		}
		v.Evidence = append(v.Evidence, fmt.Sprintf("None of them came to UDP %s.", words.List(quiet)))
	}
	v.Evidence = append(v.Evidence, p.strangers(at, true)...)
	return v
}
