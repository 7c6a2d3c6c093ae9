package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/examples"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
)

func try(args ...string) (code int, out, failures string) {
	var stdout, stderr bytes.Buffer
	code = run(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestHelpAndVersion(t *testing.T) {
	code, out, _ := try("version")
	require.Zero(t, code)
	require.Equal(t, "isc-rig dev\n", out)
	code, out, _ = try("send", "--help")
	require.Zero(t, code)
	for _, flag := range []string{"--to", "$ISC_RIG_TO", "--interfaces", "$ISC_RIG_STATUS_ADDR", "Default: 5078-5081"} {
		require.Contains(t, strings.Join(strings.Fields(out), " "), flag)
	}
}

func TestWrongUsage(t *testing.T) {
	for want, args := range map[string]string{
		"say where the receiver is, as --to receiver":       "send",
		`--ports: "5081-5078" are not ports`:                "send --to a --ports 5081-5078",
		`--ports: "x" are not ports`:                        "send --to a --ports x",
		`--ports: "70000" are not ports`:                    "send --to a --ports 70000",
		"--overhead: got \"0\"":                             "send --to a --overhead 0",
		"--parity: got \"many\"":                            "send --to a --parity many",
		"--parity: got \"-1\"":                              "send --to a --parity=-1",
		"--bitrate: got \"fast\"":                           "send --to a --test-picture --bitrate fast",
		"--size: got \"big\"":                               "send --to a --test-picture --size big",
		"to: got \"a:1\", want a name":                      "send --to a:1",
		"ports: got 5 twice":                                "send --to a --ports 5,6,5",
		"fe80::1 is an address that no router leads to":     "send --to fe80::1",
		"can't be used together":                            "send --to a --test-picture --file b",
		"interfaces: got 3 for 1 ports":                     "send --to a --ports 1 --interfaces a,b,c",
		"unexpected argument now":                           "send --to a now",
		"mtu: got 1, want":                                  "send --to a --mtu 1",
		"listen: \"1234\" is no address, such as localhost": "send --to a --listen 1234",
	} {
		code, _, failures := try(strings.Fields(args)...)
		require.Equal(t, cli.Usage, code, args)
		require.Contains(t, failures, want)
	}
}

func TestSettings(t *testing.T) {
	c := sendCommand{
		To: "a", Ports: "5078-5080, 6000", Interfaces: []string{"usb0"}, Listen: "localhost:1", Size: "320x240", FPS: 10,
		Bitrate: "2.5M", TestPicture: true, Parity: "2", Overhead: "50%", Wait: time.Millisecond, Padded: true, MTU: 1400,
	}
	config, err := c.config()
	require.NoError(t, err)
	require.Equal(t, []int{5078, 5079, 5080, 6000}, config.Ports)
	require.Equal(t, 0.5, config.Overhead)
	require.Equal(t, 2, config.Parity)
	require.Equal(t, 2_500_000, config.Feed.Bitrate)
	require.Equal(t, [3]int{320, 240, 10}, [3]int{config.Feed.Width, config.Feed.Height, config.Feed.Rate})
	c.Parity, c.TestPicture = "auto", false
	config, err = c.config()
	require.NoError(t, err)
	require.Equal(t, plan.Auto, config.Parity)
	require.Nil(t, config.Feed)
	for text, want := range map[string]int{"800000": 800_000, "800k": 800_000, "1M": 1_000_000, "3000000": 3_000_000} {
		bits, err := parseBits(text)
		require.NoError(t, err)
		require.Equal(t, want, bits)
	}
}

// What is empty in the environment says nothing, as in a file where a setting was left out.
func TestEmptyEnvironment(t *testing.T) {
	t.Setenv("ISC_RIG_PORTS", "")
	t.Setenv("ISC_RIG_FPS", "")
	t.Setenv("ISC_RIG_TO", "a")
	forgetEmpty()
	_, ok := os.LookupEnv("ISC_RIG_PORTS")
	require.False(t, ok)
	require.Equal(t, "a", os.Getenv("ISC_RIG_TO"))
	code, _, failures := try("send", "--mtu", "1")
	require.Equal(t, cli.Usage, code)
	require.Contains(t, failures, "mtu: got 1")
}

// The program runs until it is told to end, and says where it waits.
func TestSendEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := sendCommand{
		To: "127.0.0.1", Ports: "5078", Listen: "127.0.0.1:0", Parity: "auto", Overhead: "34", MTU: 1500,
		StatusAddr: "127.0.0.1:0", LogLevel: "error",
	}
	var out bytes.Buffer
	cancel()
	require.NoError(t, c.Run(ctx, &out))
	require.Regexp(t, `^Waiting for RTP at \[127.0.0.1:\d+\]\nStatus: http://127.0.0.1:\d+/status\n$`, out.String())

	taken, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // it does not wait
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	code, _, failures := try("send", "--to", "127.0.0.1", "--listen", taken.LocalAddr().String())
	require.Equal(t, cli.Failed, code)
	require.Contains(t, failures, "another program has UDP port")
}

// TestExamples reads each command line that the documents show.
func TestExamples(t *testing.T) {
	for _, args := range examples.Of(t, "isc-rig") {
		var line commands
		var failures bytes.Buffer
		selected, _ := line.parse(cli.Program{Stdout: &failures, Stderr: &failures}, args)
		require.NotNil(t, selected, "%q: %s", args, &failures)
	}
}
