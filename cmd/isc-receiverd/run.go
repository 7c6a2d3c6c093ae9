package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/journal"
	"github.com/isc-receiver/isc-receiver/internal/sdnotify"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

// gcPercent is how much memory may grow, in percent of what is in use, before it is collected. Little is in use: a
// quarter of what is usual costs next to nothing, a flood of strangers hardly shows in the memory of the process, and a
// thousand viewers make it no larger than they must.
const gcPercent = 25

type runCommand struct {
	app.Flags
	Capture string `placeholder:"FILE" help:"Play this capture file in the first channel, in place of receiving."`
	Dump    bool   `help:"Save what arrives, from the start. SIGUSR1 stops and starts that."`
}

// runner is a run with what the operator's signals do to it.
type runner struct {
	*app.Run

	flags  *runCommand
	began  app.Config
	log    *slog.Logger
	saving bool // what arrives

	refused atomic.Bool // the settings, when they were read last
}

// Run receives until a signal ends it.
func (c *runCommand) Run(ctx context.Context, stdout io.Writer) error {
	log := c.Log()
	reload, save := make(chan os.Signal, 1), make(chan os.Signal, 1)
	notify(reload, save)
	defer signal.Stop(reload)
	defer signal.Stop(save)
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	started, err := app.Start(cfg, log)
	if err != nil {
		return err
	}
	r := &runner{Run: started, flags: c, began: cfg, log: log}
	if c.Dump {
		if err := r.startSaving(); err != nil {
			return errors.Join(err, r.Close())
		}
	}
	r.greet(stdout)
	service := sdnotify.New(log, r.describe, r.Check)
	telling, stopTelling := context.WithCancel(ctx)
	var teller sync.WaitGroup
	teller.Go(func() { service.Run(telling) })
	defer teller.Wait()
	defer stopTelling()
	service.Ready()
	for {
		select {
		case <-ctx.Done():
			service.Stopping()
			return r.Close()
		case <-r.Done():
			service.Stopping()
			return r.Close()
		case <-reload:
			service.Reloading()
			r.reload()
			service.Ready()
		case <-save:
			r.toggleSaving()
		}
	}
}

// greet says where the page is. Links with a key are for those alone who may watch, and the journal is for more.
func (r *runner) greet(stdout io.Writer) {
	if r.began.Demo {
		fmt.Fprintln(stdout, "Demonstration: a simulated rig, no patient.")
	}
	link := r.ViewerURL()
	if u, err := url.Parse(link); err == nil && u.Query().Has("key") && journal.Attached() {
		fmt.Fprintln(stdout, "These are the links for viewers: sudo isc-receiverd keys")
		return
	}
	if link != "" {
		fmt.Fprintln(stdout, "Open", link)
		if old := r.LegacyURL(); old != "" {
			fmt.Fprintln(stdout, "Players of the old server:", old)
		}
		return
	}
	fmt.Fprintln(stdout, "Nobody can watch: there is no key that is good. Add one: isc-receiverd keys add NAME")
}

// describe says in a line what the program is at.
func (r *runner) describe() string {
	live, viewers := 0, 0
	snapshot := r.Snapshot()
	for _, c := range snapshot.Channels {
		viewers += c.Viewers
		if c.State == status.ChannelLive {
			live++
		}
	}
	line := fmt.Sprintf("%d of %s live, %s", live,
		words.Count(len(snapshot.Channels), "rig"), words.Count(viewers, "viewer"))
	if r.refused.Load() {
		line += "; the settings file is wrong, those before hold: see the log"
	}
	return line
}

func (c *runCommand) config() (app.Config, error) {
	cfg, err := c.Config()
	if err != nil {
		return cfg, err
	}
	cfg.Capture = c.Capture
	if c.Dump && c.Capture != "" && len(cfg.Channels) == 1 {
		return cfg, fmt.Errorf("%w: --dump: what plays is in a file already; leave it out", app.ErrSetting)
	}
	return cfg, cfg.Validate()
}

// reload reads the settings again and applies those of the channels. Where they are wrong, all stays as it is.
func (r *runner) reload() {
	cfg, err := r.flags.config()
	if info, statErr := os.Stat(r.flags.File); err == nil && statErr == nil && info.Size() == 0 {
		err = fmt.Errorf("%w: %s is empty, as a file is that is being written, or was on a full disk",
			app.ErrSetting, r.flags.File)
	}
	if err == nil {
		err = r.SetChannels(cfg.Channels)
	}
	r.refused.Store(err != nil)
	if err != nil {
		r.log.Error("the settings were read again and not applied: all stays as it was", "error", err)
		return
	}
	if changed := cfg.Differences(r.began); len(changed) > 0 {
		r.log.Warn("these settings have changed, which takes a restart", "tables", changed)
	}
	if r.saving { // what arrives at the channels that were opened, too
		if err := r.startSaving(); err != nil {
			r.log.Error("what arrives is not saved", "error", err)
		}
	}
}

// startSaving begins to save what arrives at each channel that receives and of which nothing is being saved.
func (r *runner) startSaving() error {
	r.saving = true
	var failures []error
	for i, c := range r.Snapshot().Channels {
		plays := i == 0 && r.flags.Capture != ""
		if !plays && !r.Dump(c.ID).Running {
			_, err := r.StartDump(c.ID, "")
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// toggleSaving stops saving what arrives, or begins it.
func (r *runner) toggleSaving() {
	r.saving = !r.saving
	if r.saving {
		if err := r.startSaving(); err != nil {
			r.log.Error("what arrives is not saved", "error", err)
		}
		return
	}
	for _, c := range r.Snapshot().Channels {
		if err := r.StopDump(c.ID); err != nil && !errors.Is(err, app.ErrNoDump) {
			r.log.Error("what arrived was not saved to the end", "error", err)
		}
	}
}
