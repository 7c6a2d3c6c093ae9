package app

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCaptureRight(t *testing.T) {
	for status, want := range map[string]bool{
		"Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t0000000000002000\n": true,
		"CapEff:\t000001ffffffffff\n":                                      true,
		"CapPrm:\t0000000000002000\nCapEff:\t0000000000001000\n":           false,
		"CapEff:\tnonsense\n":                                              false,
		"":                                                                 false,
	} {
		require.Equal(t, want, mayCapture(status), status)
	}
	if runtime.GOOS != "linux" {
		require.Contains(t, CaptureRight(), "Linux only")
		return
	}
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	if mayCapture(string(status)) {
		require.Empty(t, CaptureRight())
	} else {
		require.True(t, strings.HasPrefix(CaptureRight(), "Live capture needs a right"))
	}
}
