// Package usage makes, of a program's own flags and commands, the part of its man page that lists them, and the script
// by which bash completes them.
package usage

import (
	"bufio"
	"io"

	"github.com/alecthomas/kong"
)

// Flags are hidden flags, for kong, by which a program prints what is made of the others, and ends.
type Flags struct {
	PrintMan  ManFlag  `hidden:"" env:"-" help:"Print the flags as part of a man page, in mdoc."`
	PrintBash BashFlag `hidden:"" env:"-" help:"Print the completion for bash."`
}

// ManFlag prints the part of a man page.
type ManFlag bool

// BeforeReset is called by kong where the flag is given.
func (ManFlag) BeforeReset(app *kong.Kong) error { return end(app, man) }

// BashFlag prints the completion for bash.
type BashFlag bool

// BeforeReset is called by kong where the flag is given.
func (BashFlag) BeforeReset(app *kong.Kong) error { return end(app, bash) }

// end prints something and ends the program.
func end(app *kong.Kong, write func(io.Writer, *kong.Application)) error {
	to := bufio.NewWriter(app.Stdout)
	write(to, app.Model)
	if err := to.Flush(); err != nil {
		return err
	}
	app.Exit(0)
	return nil
}

// nodes returns a program and its commands, at any depth, but for those that are hidden.
func nodes(of *kong.Node) []*kong.Node {
	all := []*kong.Node{of}
	for _, child := range of.Children {
		if !child.Hidden {
			all = append(all, nodes(child)...)
		}
	}
	return all
}

// pathOf returns the names that lead to a command from the program, which has none, each after a space.
func pathOf(of *kong.Node) string {
	if of.Parent == nil {
		return ""
	}
	return pathOf(of.Parent) + " " + of.Name
}

// flagsOf returns the flags that a command takes, also those of the commands it is in, but for hidden ones.
func flagsOf(of *kong.Node) (flags []*kong.Flag) {
	for _, group := range of.AllFlags(true) {
		flags = append(flags, group...)
	}
	return flags
}
