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
	"github.com/isc-receiver/isc-receiver/internal/instance"
	"github.com/isc-receiver/isc-receiver/internal/usage"
)

// The exit statuses, besides 0.
const (
	exitFailed = 1
	exitUsage  = 2
)

// errDisplay says that no window can be opened, wrapped with why.
var errDisplay = errors.New("no usable display")

type commandLine struct {
	app.Flags
	Usage usage.Flags `embed:""`

	Capture      string           `arg:"" optional:"" help:"A capture file to play in place of receiving."`
	Version      kong.VersionFlag `help:"Print the version."`
	ProbeDisplay bool             `hidden:"" help:"Exit with 0 if a window can be opened, else with 1."`
}

func main() {
	runtime.LockOSThread() // the windowing system wants the main thread
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	var line commandLine
	exit := -1
	parser, err := kong.New(&line, append(
		app.ParserOptions("isc-receiver", "Receives live video over several bad links and shows it in a window."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }),
		kong.Vars{"version": "isc-receiver " + app.Version})...)
	if err != nil {
		fmt.Fprintln(stderr, "isc-receiver:", err)
		return exitFailed
	}
	_, err = parser.Parse(args)
	if exit >= 0 {
		return exit // --help or --version
	}
	if err != nil {
		fmt.Fprintf(stderr, "isc-receiver: %v\nTry: isc-receiver --help\n", err)
		return exitUsage
	}
	settings, err := line.UserSettings()
	if err != nil {
		fmt.Fprintln(stderr, "isc-receiver:", err)
		return exitUsage
	}
	if err := probe(); err != nil {
		fmt.Fprintf(stderr, "isc-receiver: the window cannot be opened (%v). "+
			"Run it on a desktop, or run isc-receiverd, which needs none.\n", err)
		return exitFailed
	}
	if line.ProbeDisplay {
		return 0
	}
	settings.Config.Preview, settings.Config.Capture = true, line.Capture
	return line.show(settings, stdout, stderr)
}

// show shows the window, or has the instance that there is show its own, and returns the exit status.
func (line commandLine) show(settings app.UserSettings, stdout, stderr io.Writer) int {
	raise := make(chan gui.Raise)
	first, done, err := claim(line.Capture, raise, stdout)
	switch {
	case done:
		return 0
	case errors.Is(err, instance.ErrFolder):
		line.Log().Warn("a second start will not find this window", "error", err)
	case err != nil:
		fmt.Fprintln(stderr, "isc-receiver:", err)
		return exitFailed
	default:
		defer func() { _ = first.Close() }() // what it leaves behind is in nobody's way
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	started := func(url string) {
		if url != "" { // else nobody can watch, and the window says so
			fmt.Fprintln(stdout, "Open", url)
		}
	}
	err = gui.Run(ctx, gui.Options{
		Settings: settings, Log: line.Log(), Started: started, Minimised: minimised, Raise: raise,
	})
	if err != nil {
		fmt.Fprintln(stderr, "isc-receiver:", err)
		return exitFailed
	}
	return 0
}
