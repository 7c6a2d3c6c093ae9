package netsim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Spells so short that a laboratory could not keep up with them are refused.
func TestSpellsTooShort(t *testing.T) {
	for _, line := range []string{
		`dropouts = { up = "1ns", down = "1s" }`, `dropouts = { up = "1s", down = "999us" }`,
		`burst = { good = "1ns", bad = "1ns", loss = "100%" }`,
	} {
		_, err := ParseScenario("short", []byte("[[link]]\n"+line))
		require.ErrorIs(t, err, ErrScenario)
		require.ErrorContains(t, err, "1ms or more")
	}
	_, err := ParseScenario("short", []byte("[[link]]\ndropouts = { up = \"1ms\", down = \"1ms\" }"))
	require.NoError(t, err)
}
