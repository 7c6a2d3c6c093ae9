package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args           []string
		exit           int
		stdout, stderr string
	}{
		{[]string{"--help"}, 0, "--latency", ""},
		{[]string{"--version"}, 0, "isc-receiver ", ""},
		{[]string{"--no-such-flag"}, exitUsage, "", "--help"},
		{[]string{"--ports", "no"}, exitUsage, "", "5078-5081"},
		{[]string{"--probe-display"}, exitFailed, "", "isc-receiverd"},
		{nil, exitFailed, "", "the window cannot be opened"},
	} {
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		t.Setenv("DISPLAY", "")
		t.Setenv("WAYLAND_DISPLAY", "")
		var stdout, stderr bytes.Buffer
		require.Equal(t, c.exit, run(c.args, &stdout, &stderr), c.args)
		require.Contains(t, stdout.String(), c.stdout)
		require.Contains(t, stderr.String(), c.stderr)
	}
}
