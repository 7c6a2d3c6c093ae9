package sender

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/feed"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// links are where datagrams go: those of package uplink, or simulated ones.
type links interface {
	// Send sends a datagram without waiting. One goroutine at a time calls it; the datagram is read only, and not kept.
	Send(link int, datagram []byte) error
}

// inputs counts RTP packets by what they were; each is exactly one of the first five.
type inputs struct {
	Packets   uint64 `json:"packets"`   // sent on
	RTCP      uint64 `json:"rtcp"`      // not sent: reports that ffmpeg adds
	Malformed uint64 `json:"malformed"` // no RTP
	TooLong   uint64 `json:"too_long"`  // more than the coding takes
	Refused   uint64 `json:"refused"`   // another program's than the one whose stream is sent
	Oversize  uint64 `json:"oversize"`  // of those sent on, larger than fits one frame of each link
	Bytes     uint64 `json:"bytes"`
	Streams   uint64 `json:"streams"` // changes of the SSRC
}

// stream takes RTP packets, codes them and sends them. Its methods may be called by any goroutine: what they do takes
// microseconds and never waits.
type stream struct {
	links links
	log   *slog.Logger
	limit int // bytes of an RTP packet that fit one frame

	mu        sync.Mutex
	engine    *rig.Engine
	room      [isc.MaxSources + 1][isc.MaxLength]byte // of the packets in the open segment
	datagrams []rig.Datagram
	timer     *time.Timer // fires when the open segment is due
	armed     time.Time   // for when
	waits     waits
	failed    [portlist.Most]bool // whether any datagram ever failed there
	pushed    []time.Time         // when the packets of the open segment came
	ssrc      uint32
	in        inputs
	out       outputs
	back      feedbacks
	scores    []uint32 // the last ones
	decisions []plan.Decision
	fresh     []plan.Decision
	warned    bool         // of packets that do not fit
	told      uint64       // of in.Streams, those that were logged
	crowded   bool         // it was logged that several take turns
	holder    holder       // of the input, where splice is nil
	splice    *feed.Splice // nil where the RTP is another program's, and none of our business
}

// outputs counts datagrams.
type outputs struct {
	Sources     uint64 `json:"sources"`
	Parity      uint64 `json:"parity"`
	ParityBytes uint64 `json:"parity_bytes"` // with their coding headers
	Probes      uint64 `json:"probes"`
	Failed      uint64 `json:"failed"`  // of all these, those that a link did not take
	Unsent      uint64 `json:"unsent"`  // packets for which there was no link
	Refused     uint64 `json:"refused"` // segments that could not be coded
}

// feedbacks counts what came back, the copies on each link included.
type feedbacks struct {
	Scores   uint64    `json:"scores"`
	Jitters  uint64    `json:"jitters"`
	Strange  uint64    `json:"strange"`     // no feedback
	Unearned uint64    `json:"unearned"`    // scores, copies apart, faster than what was sent can have caused them
	At       time.Time `json:"at,omitzero"` // of the last feedback
}

// newStream returns a stream whose timer is stopped.
func newStream(config Config, to links, now time.Time) (*stream, error) {
	engine, err := rig.NewEngine(config.engine(), now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s := &stream{
		links: to, log: config.Log, engine: engine, limit: PacketSize(config.MTU, config.Padded),
		timer: time.NewTimer(time.Hour),
	}
	s.timer.Stop()
	s.takeDecisions()
	return s, nil
}

// input takes an RTP packet that came from an address, which it may change and does not keep.
func (s *stream) input(packet []byte, from netip.AddrPort, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(packet) < isc.MinLength, packet[0]>>6 != 2:
		s.in.Malformed++
		return
	case packet[1] >= 192 && packet[1] <= 223: // RFC 5761, section 4
		s.in.RTCP++
		return
	case s.splice == nil && !s.holder.takes(from, now):
		s.in.Refused++
		return
	case len(packet) > isc.MaxLength:
		s.in.TooLong++
		s.warnSize(len(packet))
		return
	case len(packet) > s.limit:
		s.in.Oversize++
		s.warnSize(len(packet))
	}
	if s.splice != nil && !s.splice.Pass(packet, now) {
		return
	}
	if ssrc := binary.BigEndian.Uint32(packet[8:]); ssrc != s.ssrc || s.in.Packets == 0 {
		s.ssrc = ssrc
		s.in.Streams++
	}
	s.in.Packets++
	s.in.Bytes += uint64(len(packet))
	s.push(packet, now)
}

// push puts a packet into the open segment, and sends what is closed by that.
func (s *stream) push(packet []byte, now time.Time) {
	kept := s.room[s.in.Packets%uint64(len(s.room))][:len(packet)]
	copy(kept, packet)
	var err error
	s.datagrams, err = s.engine.Push(s.datagrams[:0], kept, now)
	s.pushed = append(s.pushed, now)
	s.send(err, now)
	s.arm(now)
}

// due closes the open segment if it has waited long enough.
func (s *stream) due(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if due, open := s.engine.Due(); open && !due.After(now) {
		var err error
		s.datagrams, err = s.engine.Close(s.datagrams[:0])
		s.send(err, now)
	}
	s.arm(now)
}

// arm has the timer fire when the open segment is due.
func (s *stream) arm(now time.Time) {
	due, open := s.engine.Due()
	if open && due != s.armed {
		s.armed = due
		s.timer.Reset(due.Sub(now))
	}
}

// send sends s.datagrams, those of the packets that are not in the open segment any more, unless there was an error.
func (s *stream) send(err error, now time.Time) {
	left := len(s.pushed) - s.engine.Open()
	for _, at := range s.pushed[:left] {
		s.waits.add(now.Sub(at))
	}
	s.pushed = s.pushed[:copy(s.pushed, s.pushed[left:])]
	if err != nil { // what comes in was checked, so this would be a mistake of ours
		s.out.Refused++
		s.log.Error("a segment could not be coded", "error", err)
		return
	}
	if left > 0 && len(s.datagrams) == 0 {
		s.out.Unsent += uint64(left)
	}
	timestamp := isc.Timestamp(now)
	for _, d := range s.datagrams {
		isc.Stamp(d.Data, timestamp, uint16(d.Link))
		switch number := binary.BigEndian.Uint16(d.Data[24:]); {
		case d.Probe:
			s.out.Probes++
		case number < 10:
			s.out.Sources++
		default:
			s.out.Parity++
			s.out.ParityBytes += uint64(len(d.Data))
		}
		switch err := s.links.Send(d.Link, d.Data); {
		case err != nil: // the link knows why
			s.out.Failed++
			s.failed[d.Link] = true
			s.note(s.engine.Failed(d.Link, now))
		case s.failed[d.Link]:
			s.note(s.engine.Passed(d.Link, now))
		}
	}
}

// feedback takes what the receiver said on a link.
func (s *stream) feedback(link int, said rig.Feedback, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if said.Scores == nil {
		s.back.Jitters++
	} else {
		s.back.Scores++
		s.scores = said.Scores
	}
	s.back.At = now
	s.note(s.engine.Feedback(link, said, now))
}

// strange takes note of a datagram that came back and is no feedback.
func (s *stream) strange() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back.Strange++
}

// tick takes note of which links are up, does what is due, and returns the bitrate that the video may have.
func (s *stream) tick(up []plan.Up, now time.Time) (bitrate int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.splice == nil {
		s.tellStreams(now)
	}
	s.note(s.engine.SetLinks(now, up))
	s.note(s.engine.Tick(now))
	s.arm(now)
	s.waits.age(now)
	return s.engine.Plan().Bitrate
}

// keptDecisions is how many decisions the status has.
const keptDecisions = 50

func (s *stream) note(err error) {
	if err != nil {
		s.log.Error("a plan could not be followed", "error", err)
	}
	s.takeDecisions()
}

// takeDecisions logs what was decided and keeps the last of it.
func (s *stream) takeDecisions() {
	s.fresh = s.engine.Decisions(s.fresh[:0])
	for _, d := range s.fresh {
		s.log.Info("decided", "what", d.Text)
		s.decisions = append(s.decisions, d)
	}
	if n := len(s.decisions) - keptDecisions; n > 0 {
		s.decisions = append(s.decisions[:0], s.decisions[n:]...)
	}
}

// several is how many streams begin from one tick to the next where a program sends more than one.
const several = 4

// tellStreams logs that a stream has begun, that several take turns, or that a second program is not heard.
func (s *stream) tellStreams(now time.Time) {
	began := s.in.Streams - s.told
	s.told = s.in.Streams
	switch {
	case began == 0:
		s.crowded = false
	case began < several:
		s.log.Info("a stream begins", "ssrc", s.ssrc, "from", s.holder.address)
	case !s.crowded:
		s.crowded = true
		s.log.Warn("several RTP streams take turns at the port: no receiver can show that; send the video alone",
			"from", s.holder.address)
	}
	if refused, tell := s.holder.tell(now); tell {
		s.log.Warn("a second program sends RTP to the port, and is not heard while the first one sends: end one of them",
			"first", s.holder.address, "second", refused)
	}
}

// warnSize warns once that packets do not fit.
func (s *stream) warnSize(size int) {
	if s.warned {
		return
	}
	s.warned = true
	s.log.Warn("RTP packets are too large for one frame with their coding header: they are cut up on the way, and lost "+
		"if any part is; have the encoder make smaller ones, in ffmpeg by ?pkt_size=N after the address",
		"bytes", size, "N", s.limit)
}
