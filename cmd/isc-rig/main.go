// Command isc-rig is the sending side: it runs in the ambulance and sends its video over several bad links at once.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/netsim"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/sender"
	"github.com/isc-receiver/isc-receiver/internal/usage"
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
	p := cli.Program{Name: "isc-rig", Stdout: stdout, Stderr: stderr}
	selected, exit := line.parse(p, args)
	if selected == nil {
		return exit
	}
	return p.Run(selected, sender.ErrConfig, netsim.ErrScenario, netsim.ErrLab)
}

// parse reads the command line, as cli.Program.Parse does.
func (c *commands) parse(p cli.Program, args []string) (selected *kong.Context, exit int) {
	return p.Parse(args, c,
		kong.Name(p.Name), kong.Description("Sends live video over several bad links to an ISC receiver."),
		kong.DefaultEnvars("ISC_RIG"), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		longHelp, labHelp())
}

// Run prints the version.
func (versionCommand) Run(stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, "isc-rig", rig.Version)
	return err
}
