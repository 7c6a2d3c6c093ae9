package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
)

// keysCommand acts on the keys of a receiver that may be running.
type keysCommand struct {
	State  string `placeholder:"FOLDER" help:"${state_help}"`
	Config string `placeholder:"FILE" help:"Settings that the links follow. Default: the service's, or those built in."`

	List    listKeys   `cmd:"" default:"1" help:"List the keys with their links."`
	Add     addKey     `cmd:"" help:"Add a key, and print its link."`
	Replace replaceKey `cmd:"" help:"Give a key another link: who has the old one can no longer watch."`
	Remove  removeKey  `cmd:"" help:"Remove a key: who has its link can no longer watch."`
}

type listKeys struct{}

type addKey struct {
	For     string   `placeholder:"TIME" xor:"end" help:"It ends after this time, as 8h or 7d. Default: never."`
	Until   string   `placeholder:"DATE" xor:"end" help:"It ends with this day, or at a time: '2026-12-31 18:00'."`
	Channel []string `placeholder:"ID" help:"It is for this rig alone; several have commas. Default: for all."`
	Name    string   `arg:"" help:"Whom it is for."`
}

type replaceKey struct {
	Name string `arg:"" help:"The key's name."`
}

type removeKey struct {
	Name string `arg:"" help:"The key's name."`
}

const stateHelp = "Folder with the keys. Default: the service's, for root where there is one, or the user's own."

func (c *keysCommand) open() (*app.KeyFile, error) { return app.OpenKeys(c.State, c.Config) }

// Run lists the keys.
func (listKeys) Run(c *keysCommand, stdout io.Writer) error {
	file, err := c.open()
	if err != nil {
		return err
	}
	now := time.Now()
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tRIGS\tENDS\tMADE\tLINK")
	list := file.List()
	for _, k := range list {
		rigs := strings.Join(k.Channels, ",")
		if rigs == "" {
			rigs = "all"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.Name, rigs, ends(k), clock(k.Made), orDash(k.Link))
	}
	if err = table.Flush(); err != nil {
		return err
	}
	switch {
	case file.Note() != "":
		fmt.Fprintln(stdout, file.Note())
	case !anyGood(list):
		fmt.Fprintln(stdout, "Nobody can watch: there is no key that is good. Add one: isc-receiverd keys add NAME")
	}
	if warning := file.Warning(); warning != "" {
		fmt.Fprintln(stdout, warning)
	}
	_, err = fmt.Fprintf(stdout, "At %s; kept in %s\n", clock(now), file.Path())
	return err
}

// anyGood tells whether somebody can watch with one of the keys.
func anyGood(list []app.ViewerKey) bool {
	for _, k := range list {
		if !k.Expired {
			return true
		}
	}
	return false
}

// Run adds a key.
func (a *addKey) Run(c *keysCommand, stdout io.Writer) error {
	expires, err := a.expires(time.Now())
	if err != nil {
		return err
	}
	file, err := c.open()
	if err != nil {
		return err
	}
	k, err := file.Add(a.Name, expires, a.Channel)
	if err != nil {
		return err
	}
	return tell(stdout, file, k)
}

// expires returns when the key is to end.
func (a *addKey) expires(now time.Time) (time.Time, error) {
	switch {
	case a.For != "":
		life, err := app.ParseFor(a.For)
		if err != nil {
			return time.Time{}, fmt.Errorf("%w: --for: %w", app.ErrSetting, err)
		}
		return now.Add(life), nil
	case a.Until != "":
		at, err := app.ParseUntil(a.Until)
		if err != nil {
			return time.Time{}, fmt.Errorf("%w: --until: %w", app.ErrSetting, err)
		}
		return at, nil
	default:
		return time.Time{}, nil
	}
}

// Run replaces a key.
func (r *replaceKey) Run(c *keysCommand, stdout io.Writer) error {
	file, err := c.open()
	if err != nil {
		return err
	}
	k, err := file.Replace(r.Name)
	if err != nil {
		return err
	}
	return tell(stdout, file, k)
}

// Run removes a key.
func (r *removeKey) Run(c *keysCommand, stdout io.Writer) error {
	file, err := c.open()
	if err != nil {
		return err
	}
	if err = file.Remove(r.Name); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%q is removed from %s\n", r.Name, file.Path())
	return nil
}

// tell prints a key's new link.
func tell(stdout io.Writer, file *app.KeyFile, k app.ViewerKey) error {
	if note := file.Note(); note != "" {
		fmt.Fprintln(stdout, note)
	}
	_, err := fmt.Fprintf(stdout, "%q (ends: %s), kept in %s\n%s\n", k.Name, ends(k), file.Path(), k.Link)
	return err
}

// ends says when a key ends.
func ends(k app.ViewerKey) string {
	switch {
	case k.Expires.IsZero():
		return "never"
	case k.Expired:
		return "expired " + clock(k.Expires)
	default:
		return clock(k.Expires)
	}
}

// clock is a time by the local clock, to the minute.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
