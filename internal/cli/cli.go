// Package cli runs a program whose commands are kong's: from its arguments to its exit status.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/isc-receiver/isc-receiver/internal/journal"
	"github.com/isc-receiver/isc-receiver/internal/sdnotify"
)

// The exit statuses, besides 0.
const (
	Failed = 1
	Usage  = 2 // only other arguments or settings help, so the service manager does not try again
)

// Program is a program and where it writes.
type Program struct {
	Name           string
	Stdout, Stderr io.Writer
}

// Parse fills in line, a grammar of kong's. Where the program ends here, be it that its help was asked for or that args
// are wrong, selected is nil, and exit is its exit status.
func (p Program) Parse(args []string, line any, options ...kong.Option) (selected *kong.Context, exit int) {
	exit = -1
	parser, err := kong.New(line, append(slices.Clip(options),
		kong.Writers(p.Stdout, p.Stderr), kong.Exit(func(code int) { exit = code }))...)
	if err != nil {
		return nil, p.Fail(err, Failed)
	}
	selected, err = parser.Parse(args)
	switch {
	case exit >= 0:
		return nil, exit // --help
	case err != nil:
		p.Fail(err, Usage)
		fmt.Fprintf(p.Stderr, "Try: %s --help\n", p.Name)
		return nil, Usage
	default:
		return selected, 0
	}
}

// Run runs the command that was selected, which may take a context.Context, that a signal to end the program ends, and
// an io.Writer, the standard output. It returns the exit status: Usage for the errors in wrong, Failed for others.
func (p Program) Run(selected *kong.Context, wrong ...error) (exit int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what the first cannot, such as reading from a pipe
	selected.BindTo(ctx, (*context.Context)(nil))
	selected.BindTo(p.Stdout, (*io.Writer)(nil))
	err := selected.Run()
	switch {
	case err == nil:
		return 0
	case slices.ContainsFunc(wrong, func(w error) bool { return errors.Is(err, w) }):
		return p.Fail(err, Usage)
	default:
		return p.Fail(err, Failed)
	}
}

// Fail says why the program ends, to the service manager, too, and returns the exit status that it is given.
func (p Program) Fail(err error, exit int) int {
	journal.Complain(p.Stderr, p.Name, err)
	if untold := sdnotify.Failed(err); untold != nil {
		journal.Complain(p.Stderr, p.Name, fmt.Errorf("the service manager cannot be told so: %w", untold))
	}
	return exit
}
