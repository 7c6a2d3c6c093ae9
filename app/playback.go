package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// isPipe tells whether a path is that of a named pipe, which opens once another program writes to it.
func isPipe(path string) bool {
	info, err := os.Stat(path) // what is wrong with it, opening it says
	return err == nil && info.Mode()&fs.ModeNamedPipe != 0
}

// Playback is how far a capture is that plays in place of live reception.
type Playback struct {
	Path       string // the capture file
	Read, Size int64  // bytes
	Done       bool   // it has been played to its end, or as far as it could be read
	Err        error  // why it could not be played to its end, as a sentence for the operator; valid once Done
}

// Playback returns how far the capture is that the first channel plays; false where the run receives.
func (r *Run) Playback() (Playback, bool) {
	for _, ch := range r.list() {
		player, ok := ch.source.(*source.Player)
		if !ok {
			continue
		}
		p := Playback{Path: ch.plan.capture}
		p.Read, p.Size = player.Progress()
		if end := ch.played.Load(); end != nil {
			p.Done, p.Err = true, end.err
		}
		return p, true
	}
	return Playback{}, false
}

// playEnd is how a capture came out: nil, or why it was not played to its end, as a sentence for the operator.
type playEnd struct{ err error }

// endPlay takes note that a capture has been played, unless that was cut short by ctx.
func (ch *channel) endPlay(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = &sentence{"The capture ends in the middle of a packet. What is before was played.", ErrCutOff}
	case errors.Is(err, source.ErrNoPackets):
		err = explainNoPackets(ch.ports, err)
	case err != nil:
		err = explainCapture(ch.plan.capture, err)
	}
	ch.played.Store(&playEnd{err})
	ch.log.Info("the capture has been played", "capture", ch.plan.capture, "error", err)
}

// tell says in a snapshot how the capture came out.
func (p *playEnd) tell(s *status.Channel) {
	s.State = status.ChannelStopped
	s.Verdict = status.Verdict{Code: status.VerdictStopped, Text: "The capture has been played to its end."}
	s.Error = ""
	switch {
	case errors.Is(p.err, ErrCutOff):
		s.Verdict.Text = p.err.Error()
	case p.err != nil:
		s.State, s.Error = status.ChannelFailed, p.err.Error()
		s.Verdict = status.Verdict{Code: status.VerdictFailed, Text: p.err.Error()}
	}
}

// explainNoPackets says that a capture has nothing for the ports, and for which it has.
func explainNoPackets(wanted Ports, err error) error {
	var none *source.NoPacketsError
	if !errors.As(err, &none) || len(none.Seen) == 0 {
		return &sentence{"There are no UDP packets in the capture. Choose another one.", err}
	}
	seen := slices.Sorted(slices.Values(none.Seen))
	return &sentence{fmt.Sprintf("Nothing in the capture goes to UDP %s, but to UDP %s. Choose these ports.",
		wanted, Ports(seen)), err}
}
