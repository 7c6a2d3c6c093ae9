package rig

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseFeedback(t *testing.T) {
	for text, want := range map[string]Feedback{
		"0@0":                        {Scores: []uint32{0}},
		"0@100000@5882@0@4294967295": {Scores: []uint32{100000, 5882, 0, 4294967295}},
		"1@0":                        {Jitter: 0},
		"1@3141":                     {Jitter: 3141},
	} {
		got, err := ParseFeedback([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "0", "1", "@", "0@", "1@", "2@1", "00@1", "0@1@", "0@@1", "1@1@2", "0@-1", "0@+1", "0@1.5", "0@ 1", "1@1\n",
		"0@4294967296", "0@1_0", "0@0x1", "0" + strings.Repeat("@1", 33), "1@" + strings.Repeat("0", 600),
	} {
		got, err := ParseFeedback([]byte(text))
		require.ErrorIs(t, err, ErrFeedback, text)
		require.Zero(t, got, text)
	}
}

func FuzzParseFeedback(f *testing.F) {
	for _, text := range []string{"0@100000@5882@0@1", "1@3141", "0@", "2@1", "0@-1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		feedback, err := ParseFeedback(datagram)
		if err != nil {
			require.ErrorIs(t, err, ErrFeedback)
			require.Zero(t, feedback)
			return
		}
		require.LessOrEqual(t, len(feedback.Scores), maxFeedbackScores)
		require.Equal(t, datagram[0] == '0', feedback.Scores != nil)
	})
}
