package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/examples"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	capture = "../../testdata/c-k3r1.pcap"
	asMain  = "ISC_TEST_AS_MAIN" // makes the test binary the program itself

	patience = 30 * time.Second // for the program to start
	stopTime = 3 * time.Second  // for it to stop
)

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// call runs the program within the test.
func call(args ...string) (exit int, stdout, stderr string) {
	var out, errs bytes.Buffer
	exit = run(args, &out, &errs)
	return exit, out.String(), errs.String()
}

func TestVersion(t *testing.T) {
	exit, stdout, stderr := call("version")
	require.Zero(t, exit)
	require.Equal(t, "isc-receiverd "+app.Version+"\n", stdout)
	require.Empty(t, stderr)
}

func TestHelp(t *testing.T) {
	receiver := []string{
		"--config", "--interface", "--ports", "--http", "--latency", "--no-hls", "--rtp-to", "--access", "--demo",
		"--log-level", "--log-format",
	}
	for name, c := range map[string]struct{ args, want []string }{
		"program": {[]string{"--help"}, []string{"run", "replay", "keys list", "version"}},
		"run":     {[]string{"run", "--help"}, append([]string{"--capture", "--dump"}, receiver...)},
		"replay": {
			[]string{"replay", "--help"},
			append([]string{"<capture>", "--rtp-out", "--feedback-out", "--json", "--realtime"}, receiver...),
		},
		"keys": {[]string{"keys", "--help"}, []string{"--state", "--config", "list", "add", "replace", "remove"}},
		"add": {
			[]string{"keys", "add", "--help"}, []string{"<name>", "--for", "--until", "--channel", "--state", "--config"},
		},
		"version": {[]string{"version", "--help"}, []string{"Print the version"}},
	} {
		t.Run(name, func(t *testing.T) {
			exit, stdout, stderr := call(c.args...)
			require.Zero(t, exit)
			require.Empty(t, stderr)
			for _, want := range c.want {
				require.Contains(t, stdout, want)
			}
			for flag := range strings.FieldsSeq(stdout) {
				if name, ok := strings.CutPrefix(flag, "--"); ok && !strings.HasPrefix(name, "help") {
					name, _, _ = strings.Cut(name, "=")
					env := "$ISC_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
					require.Contains(t, stdout, env, "each flag can be set by the environment")
				}
			}
		})
	}
}

func TestExitStatus(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.toml")
	require.NoError(t, os.WriteFile(text, []byte("[http]\naddr = 1\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		exit int
		want string
	}{
		"nothing":          {nil, cli.Usage, `expected one of "run", "replay", "keys`},
		"unknown command":  {[]string{"play"}, cli.Usage, "unexpected argument play"},
		"unknown flag":     {[]string{"run", "--fast"}, cli.Usage, "unknown flag --fast"},
		"no capture":       {[]string{"replay"}, cli.Usage, `expected "<capture>"`},
		"two captures":     {[]string{"replay", "a", "b"}, cli.Usage, "unexpected argument b"},
		"wrong ports":      {[]string{"run", "--ports", "x"}, cli.Usage, "write them as 5078-5081 or 5078,5080"},
		"wrong latency":    {[]string{"replay", capture, "--latency", "1h"}, cli.Usage, "20ms to 5s are possible"},
		"wrong settings":   {[]string{"run", "--config", text}, cli.Usage, "unknown settings: http.addr (line 2)"},
		"no settings file": {[]string{"run", "--config", text + "x"}, cli.Usage, "is not there"},
		"no capture file":  {[]string{"replay", text + "x"}, cli.Failed, "no such file"},
		"nothing to play":  {[]string{"run", "--http", "127.0.0.1:0", "--capture", text + "x"}, cli.Failed, "no such file"},
		"saving a capture": {
			[]string{"run", "--capture", capture, "--dump"}, cli.Usage, "--dump: what plays is in a file already; leave it out",
		},
		"full disk":        {[]string{"replay", capture, "--rtp-out", "/dev/full"}, cli.Failed, "the RTP packets cannot be"},
		"demo and capture": {[]string{"run", "--demo", "--capture", capture}, cli.Usage, "leave one of the two out"},
		"not a capture":    {[]string{"replay", text}, cli.Failed, "is no capture file"},
	} {
		t.Run(name, func(t *testing.T) {
			exit, stdout, stderr := call(c.args...)
			require.Equal(t, c.exit, exit)
			require.Empty(t, stdout)
			require.Contains(t, stderr, c.want)
			require.True(t, strings.HasPrefix(stderr, "isc-receiverd: "), stderr)
		})
	}
}

func TestReplay(t *testing.T) {
	exit, stdout, stderr := call("replay", capture)
	require.Zero(t, exit)
	require.Equal(t, "1092 datagrams (0 duplicate, 0 late, 0 malformed, 0 refused)\n"+
		"819 packets delivered, 0 recovered by the coding, 0 lost\n", stdout)
	require.Empty(t, stderr)

	dir := t.TempDir()
	rtp, feedback := filepath.Join(dir, "rtp.pcap"), filepath.Join(dir, "feedback")
	exit, stdout, stderr = call("replay", capture, "--json", "--rtp-out", rtp, "--feedback-out", feedback)
	require.Zero(t, exit, stderr)
	var channel status.Channel
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&channel))
	require.EqualValues(t, 819, channel.Packets.Delivered)
	for _, path := range []string{rtp, feedback} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Positive(t, info.Size())
	}

	exit, _, stderr = call("replay", "--ports", "6000-6003", capture)
	require.Equal(t, cli.Failed, exit)
	require.Equal(t,
		"isc-receiverd: Nothing in the capture goes to UDP 6000-6003, but to UDP 5078-5081. Choose these ports.\n", stderr)
}

// TestExamples reads each command line that the documents show.
func TestExamples(t *testing.T) {
	for _, args := range examples.Of(t, "isc-receiverd") {
		var line commands
		var failures bytes.Buffer
		selected, _ := line.parse(cli.Program{Stdout: &failures, Stderr: &failures}, args)
		require.NotNil(t, selected, "%q: %s", args, &failures)
	}
}
