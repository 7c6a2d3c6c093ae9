// Command isc-receiver is ISC Receiver with its window.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui"
	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/instance"
	"github.com/isc-receiver/isc-receiver/internal/journal"
	"github.com/isc-receiver/isc-receiver/internal/usage"
)

// errDisplay says that no window can be opened, wrapped with why.
var errDisplay = errors.New("no usable display")

type commandLine struct {
	app.Flags
	Usage usage.Flags `embed:""`

	Capture      string           `arg:"" optional:"" help:"A capture file to play in place of receiving."`
	Version      kong.VersionFlag `env:"-" help:"Print the version."`
	ProbeDisplay bool             `hidden:"" help:"Exit with 0 if a window can be opened, else with 1."`
}

func main() {
	runtime.LockOSThread() // the windowing system wants the main thread
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	var line commandLine
	p := cli.Program{Name: "isc-receiver", Stdout: stdout, Stderr: stderr}
	selected, exit := line.parse(p, args)
	if selected == nil {
		return exit
	}
	settings, err := line.UserSettings()
	if err != nil {
		return p.Fail(err, cli.Usage)
	}
	if err := probe(); err != nil {
		fmt.Fprintf(stderr, "isc-receiver: the window cannot be opened (%v). "+
			"Run it on a desktop, or run isc-receiverd, which needs none.\n", err)
		return cli.Failed
	}
	if line.ProbeDisplay {
		return 0
	}
	settings.Config.Preview, settings.Config.Capture = true, line.Capture
	return line.show(settings, p)
}

// parse reads the command line, as cli.Program.Parse does.
func (line *commandLine) parse(p cli.Program, args []string) (selected *kong.Context, exit int) {
	return p.Parse(args, line, append(
		app.ParserOptions(p.Name, "Receives live video over several bad links and shows it in a window."),
		kong.Vars{"version": "isc-receiver " + app.Version})...)
}

// show shows the window, or has the instance that there is show its own, and returns the exit status.
func (line commandLine) show(settings app.UserSettings, p cli.Program) int {
	raise := make(chan gui.Raise)
	first, done, err := claim(line.Capture, raise, p.Stdout)
	switch {
	case done:
		return 0
	case errors.Is(err, instance.ErrFolder):
		line.Log().Warn("a second start will not find this window", "error", err)
	case err != nil:
		return p.Fail(err, cli.Failed)
	default:
		defer func() { _ = first.Close() }() // what it leaves behind is in nobody's way
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	started := func(url string) {
		// Without a URL nobody can watch, and the window says so. The journal, to which the output of what a desktop starts
		// goes, gets no key.
		if url != "" && !journal.Attached() {
			fmt.Fprintln(p.Stdout, "Open", url)
		}
	}
	err = gui.Run(ctx, gui.Options{
		Settings: settings, Log: line.Log(), Started: started, Minimised: minimised, Raise: raise,
	})
	if err != nil {
		return p.Fail(err, cli.Failed)
	}
	return 0
}
