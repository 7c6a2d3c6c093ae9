// Command isc-rig is the sending side: it runs in the ambulance and sends its video over several bad links at once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/isc-receiver/isc-receiver/internal/journal"
	"github.com/isc-receiver/isc-receiver/internal/netsim"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/sender"
	"github.com/isc-receiver/isc-receiver/internal/usage"
)

// The exit statuses, besides 0.
const (
	exitFailed = 1
	exitUsage  = 2
)

// commands is the command line.
type commands struct {
	usage.Flags

	Send    sendCommand    `cmd:"" help:"Send video to a receiver, over all links at once."`
	Lab     labCommand     `cmd:"" help:"Relay between a sender and a receiver over simulated bad links."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

func main() {
	forgetEmpty()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// forgetEmpty has settings that are empty in the environment, as in a file for systemd, say nothing.
func forgetEmpty() {
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); value == "" && strings.HasPrefix(name, "ISC_RIG_") {
			_ = os.Unsetenv(name) // it fails only for what cannot be a name
		}
	}
}

// run runs the program and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	var line commands
	exit := -1
	parser, err := kong.New(&line,
		kong.Name("isc-rig"),
		kong.Description("Sends live video over several bad links to an ISC receiver."),
		kong.DefaultEnvars("ISC_RIG"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		longHelp, labHelp(),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }))
	if err != nil {
		journal.Complain(stderr, "isc-rig", err)
		return exitFailed
	}
	selected, err := parser.Parse(args)
	if exit >= 0 {
		return exit // --help
	}
	if err != nil {
		fmt.Fprintf(stderr, "isc-rig: %v\nTry: isc-rig --help\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what the first cannot
	selected.BindTo(ctx, (*context.Context)(nil))
	selected.BindTo(stdout, (*io.Writer)(nil))
	switch err := selected.Run(); {
	case err == nil:
		return 0
	case errors.Is(err, sender.ErrConfig), errors.Is(err, netsim.ErrScenario), errors.Is(err, netsim.ErrLab):
		journal.Complain(stderr, "isc-rig", err)
		return exitUsage
	default:
		journal.Complain(stderr, "isc-rig", err)
		return exitFailed
	}
}

// Run prints the version.
func (versionCommand) Run(stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, "isc-rig", rig.Version)
	return err
}
