// Command isc-receiverd is ISC Receiver without a window, for servers and for capture files.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/journal"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/usage"
)

// commands is the command line.
type commands struct {
	usage.Flags

	Run     runCommand     `cmd:"" help:"Receive, and publish the video on a web page."`
	Replay  replayCommand  `cmd:"" help:"Run a capture file through the receiver."`
	Keys    keysCommand    `cmd:"" help:"List, add, replace and remove viewers' keys, also while it runs."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

type replayCommand struct {
	app.Flags
	RTPOut      string `name:"rtp-out" placeholder:"FILE" help:"Write the RTP packets to this pcap file, in order."`
	FeedbackOut string `placeholder:"FILE" help:"Write the feedback to this file, a line each: seconds, tab, text."`
	JSON        bool   `name:"json" help:"Print the channel as it is at the end, as JSON."`
	Realtime    bool   `help:"Replay as fast as it was captured, rather than as fast as possible."`
	Capture     string `arg:"" help:"Capture file, pcap or pcapng."`
}

type versionCommand struct{}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	var line commands
	p := cli.Program{Name: "isc-receiverd", Stdout: stdout, Stderr: stderr}
	selected, exit := line.parse(p, args)
	if selected == nil {
		return exit
	}
	return p.Run(selected, app.ErrSetting)
}

// parse reads the command line, as cli.Program.Parse does.
func (c *commands) parse(p cli.Program, args []string) (selected *kong.Context, exit int) {
	return p.Parse(args, c, append(
		app.ParserOptions(p.Name, "Receives live video over several bad links and publishes it on a web page."),
		kong.Vars{"state_help": stateHelp})...)
}

// Run replays a capture.
func (c *replayCommand) Run(ctx context.Context, stdout io.Writer) error {
	cfg, err := c.Config()
	if err != nil {
		return err
	}
	replay := app.Replay{Capture: c.Capture, RTPOut: c.RTPOut, FeedbackOut: c.FeedbackOut, RealTime: c.Realtime}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		bar := progressbar.DefaultBytes(-1, "replaying")
		replay.Progress = func(read, size int64) {
			bar.ChangeMax64(size)
			_ = bar.Set64(read) // a bar that cannot be drawn is no reason to stop
		}
		defer func() { _ = bar.Finish() }()
	}
	channel, err := replay.Run(ctx, cfg)
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped before the end of the capture; what was written so far is incomplete")
	case errors.Is(err, app.ErrCutOff):
		journal.Complain(os.Stderr, "isc-receiverd", err)
		err = nil
	case errors.Is(err, app.ErrNoPackets): // it is said after the result
	case err != nil:
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		return cmp.Or(encoder.Encode(channel), err)
	}
	return cmp.Or(summarize(stdout, channel), err)
}

// summarize prints what a replay gave, for people.
func summarize(w io.Writer, c status.Channel) error {
	var received, malformed, refused, late, duplicate uint64
	for _, link := range c.Links {
		received += link.Datagrams.Received
		malformed += link.Datagrams.Malformed
		refused += link.Datagrams.Refused
		late += link.Datagrams.Late
		duplicate += link.Datagrams.Duplicate
	}
	_, err := fmt.Fprintf(w, "%d datagrams (%d duplicate, %d late, %d malformed, %d refused)\n"+
		"%d packets delivered, %d recovered by the coding, %d lost\n",
		received, duplicate, late, malformed, refused,
		c.Packets.Delivered, c.Packets.Recovered, c.Packets.Lost)
	return err
}

// Run prints the version.
func (versionCommand) Run(stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, "isc-receiverd", app.Version)
	return err
}
