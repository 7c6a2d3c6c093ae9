package rig

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// ErrFeedback says that a datagram is not feedback.
var ErrFeedback = errors.New("rig: not feedback")

// Limits of feedback datagrams, well above what receivers send.
const (
	maxFeedbackSize   = 512
	maxFeedbackScores = 32
)

// Feedback is what one feedback datagram of a receiver says.
type Feedback struct {
	// Scores has the score of each link, larger being better and 0 meaning that nothing came. It is nil where the
	// datagram is about the variation of delay.
	Scores []uint32

	// Jitter is a thousand times the smoothed variation of delay, in hundredths of a second, where Scores is nil.
	Jitter uint32
}

// ParseFeedback reads a feedback datagram: "0@p0@p1..." for scores, "1@m" for the variation of delay. The error is
// ErrFeedback.
func ParseFeedback(datagram []byte) (Feedback, error) {
	if len(datagram) > maxFeedbackSize {
		return Feedback{}, fmt.Errorf("%w: %d bytes, want at most %d", ErrFeedback, len(datagram), maxFeedbackSize)
	}
	kind, rest, ok := bytes.Cut(datagram, []byte("@"))
	if !ok {
		return Feedback{}, fmt.Errorf("%w: no @ in %q", ErrFeedback, datagram)
	}
	switch string(kind) {
	case "0":
		fields := bytes.Split(rest, []byte("@"))
		if len(fields) > maxFeedbackScores {
			return Feedback{}, fmt.Errorf("%w: %d scores, want at most %d", ErrFeedback, len(fields), maxFeedbackScores)
		}
		scores := make([]uint32, len(fields))
		for i, field := range fields {
			var err error
			if scores[i], err = parseNumber(field); err != nil {
				return Feedback{}, err
			}
		}
		return Feedback{Scores: scores}, nil
	case "1":
		jitter, err := parseNumber(rest)
		return Feedback{Jitter: jitter}, err
	}
	return Feedback{}, fmt.Errorf("%w: kind %q, want 0 or 1", ErrFeedback, kind)
}

func parseNumber(field []byte) (uint32, error) {
	n, err := strconv.ParseUint(string(field), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%w: number %q", ErrFeedback, field)
	}
	return uint32(n), nil
}
