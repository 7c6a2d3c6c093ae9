package app

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"1GiB": 1 << 30, "1.5GiB": 3 << 29, "500MB": 500e6, "2.5kB": 2500, "1025B": 1025, "0B": 0, "1048577B": 1<<20 + 1,
		"7EiB": 7 << 60, "1500MB": 1.5e9,
	} {
		var s, again Size
		require.NoError(t, s.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, s, text)
		written, err := s.MarshalText()
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalText(written))
		require.Equal(t, want, again, "%s is written %s", text, written)
	}
	require.Equal(t, "1GiB", Size(1<<30).String())
	require.Equal(t, "500MB", Size(500e6).String())
	s := Size(7)
	for _, text := range []string{"", "big", "-1GiB", "1 elephant", "16EiB", "9EiB", "NaN", "1e30GB"} {
		require.ErrorContains(t, s.UnmarshalText([]byte(text)), "is not a size; write it as 1GiB or 500MB", text)
	}
	require.EqualValues(t, 7, s)
}
