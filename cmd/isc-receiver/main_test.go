package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/examples"
)

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args           []string
		exit           int
		stdout, stderr string
	}{
		{[]string{"--help"}, 0, "--latency", ""},
		{[]string{"--version"}, 0, "isc-receiver ", ""},
		{[]string{"--no-such-flag"}, cli.Usage, "", "--help"},
		{[]string{"--ports", "no"}, cli.Usage, "", "5078-5081"},
		{[]string{"--probe-display"}, cli.Failed, "", "isc-receiverd"},
		{nil, cli.Failed, "", "the window cannot be opened"},
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

// TestExamples reads each command line that the documents show.
func TestExamples(t *testing.T) {
	for _, args := range examples.Of(t, "isc-receiver") {
		var line commandLine
		var failures bytes.Buffer
		selected, _ := line.parse(cli.Program{Stdout: &failures, Stderr: &failures}, args)
		require.NotNil(t, selected, "%q: %s", args, &failures)
	}
}
