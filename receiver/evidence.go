package receiver

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/words"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	// headSize is how much of a datagram is kept to tell what it is, and shownSize how much of that is shown, in bytes.
	headSize  = 64
	shownSize = 16
	// freshTime is how long datagrams that came to nothing count as what arrives now.
	freshTime = 10 * time.Second
)

// evidence is what a verdict rests on: of the datagrams of a kind that came to nothing, the last one.
type evidence struct {
	malformed   trace
	barred      trace // from addresses that are not allowed
	barredCoded trace // those of them that are of the coding
	coded       trace // of the coding, while there is no stream that is followed
}

// trace is what is kept of a kind of datagrams.
type trace struct {
	count   uint64
	several bool   // they came from more than one address
	on      uint64 // a bit for each link that they came on

	began time.Duration // when the first one came, after a time without
	at    time.Duration // of the last one
	link  int
	from  netip.AddrPort
	size  int
	cause error
	head  [headSize]byte
}

// see takes note of a datagram.
func (t *trace) see(at time.Duration, d *inbox.Datagram, cause error) {
	if !t.fresh(at) {
		t.began = at
	}
	t.several = t.several || t.count > 0 && t.from.Addr() != d.From.Addr()
	t.count++
	t.on |= 1 << d.Link
	t.at, t.link, t.from, t.size, t.cause = at, d.Link, d.From, len(d.Bytes()), cause
	copy(t.head[:], d.Bytes())
}

// fresh tells whether such datagrams arrive now.
func (t *trace) fresh(at time.Duration) bool { return t.count > 0 && at-t.at < freshTime }

// start is the datagram as far as it is kept.
func (t *trace) start() []byte { return t.head[:min(t.size, headSize)] }

// bar takes note of a datagram from an address that is not allowed.
func (e *evidence) bar(at time.Duration, d *inbox.Datagram, h *isc.Header) {
	if _, err := isc.Parse(d.Bytes(), h); err == nil {
		e.barredCoded.see(at, d, nil)
		return
	}
	e.barred.see(at, d, nil)
}

// shown shows the first bytes of a datagram, and says what they look like.
func shown(t *trace, looks *protocol) string {
	if t.size == 0 {
		return "The last one is empty."
	}
	verb, end := "begins with", "."
	if t.size <= shownSize {
		verb = "has"
	}
	if looks != nil {
		end = ": that looks like " + looks.words + "."
	}
	return fmt.Sprintf("The last one, of %s, %s the bytes % x%s", words.Count(t.size, "byte"), verb,
		t.head[:min(t.size, shownSize)], end)
}

// strangers says what comes to nothing: what arrives now, or what arrived before.
func (p *Pipeline) strangers(at time.Duration, now bool) []string {
	sentences := p.barred(at, now)
	if t := &p.evidence.malformed; t.count > 0 && t.fresh(at) == now {
		sentences = append(sentences, p.malformed(at))
	}
	return sentences
}

// barred says what comes from addresses that are not allowed.
func (p *Pipeline) barred(at time.Duration, now bool) (sentences []string) {
	for _, kind := range [...]struct {
		trace *trace
		thing string
	}{{&p.evidence.barredCoded, "coded packet"}, {&p.evidence.barred, "datagram"}} {
		if t := kind.trace; t.count > 0 && t.fresh(at) == now {
			where := "an address that is"
			if t.several {
				where = "addresses that are"
			}
			sentences = append(sentences, p.tell(t, at, words.Count(t.count, kind.thing)+" came from "+where+" not allowed"))
		}
	}
	return sentences
}

// malformed says what comes that is not coded video, and why the last of it is not.
func (p *Pipeline) malformed(at time.Duration) string {
	t := &p.evidence.malformed
	what := words.Count(t.count, "datagram") + " came without coded video"
	if t.several {
		what += " from several addresses"
	}
	return strings.TrimSuffix(p.tell(t, at, what), ".") + ": " + malformedWords[t.cause] + "."
}

// tell adds to what came where the last of it came from.
func (p *Pipeline) tell(t *trace, at time.Duration, what string) string {
	last := "the last "
	if t.count == 1 {
		last = ""
	}
	return fmt.Sprintf("%s, %s%s from %s to UDP %d.", what, last, ago(at-t.at), t.from, p.ports[t.link])
}

// rival says that another rig sends to the same ports.
func (p *Pipeline) rival(at time.Duration) []string {
	var last *sender
	for _, r := range [...]rank{proven, known} {
		for s := range p.probation.ranks[r].all {
			if s.confirmed() && s.identity != p.current.identity && (last == nil || s.last > last.last) {
				last = s
			}
		}
	}
	if last == nil || at-last.last >= probationTime {
		return nil
	}
	for d := range last.segments.newest.arrived { // a sender has a segment, or is no more
		return []string{fmt.Sprintf("Another rig sends to these ports, too, from %s (SSRC %08X). It is not followed while "+
			"this one sends: give it ports of its own.", d.From, last.identity.SSRC)}
	}
	return nil
}
