package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"

	"github.com/isc-receiver/isc-receiver/app"
)

type runCommand struct {
	app.Flags
}

// Run receives until a signal ends it.
func (c *runCommand) Run(ctx context.Context, stdout io.Writer) error {
	reload := make(chan os.Signal, 1)
	notifyReload(reload)
	defer signal.Stop(reload)
	cfg, err := c.Config()
	if err != nil {
		return err
	}
	log := c.Log()
	r, err := app.Start(cfg, log)
	if err != nil {
		return err
	}
	if cfg.Demo {
		fmt.Fprintln(stdout, "Demonstration: a simulated rig, no patient.")
	}
	fmt.Fprintln(stdout, "Open", r.ViewerURL())
	for {
		select {
		case <-ctx.Done():
			return r.Close()
		case <-r.Done():
			return r.Close()
		case <-reload:
			c.reload(r, cfg, log)
		}
	}
}

// reload reads the settings again and applies those of the channels. Where they are wrong, all stays as it is.
func (c *runCommand) reload(r *app.Run, began app.Config, log *slog.Logger) {
	cfg, err := c.Config()
	if err == nil {
		err = r.SetChannels(cfg.Channels)
	}
	if err != nil {
		log.Error("the settings were read again and not applied: all stays as it was", "error", err)
		return
	}
	if changed := cfg.Differences(began); len(changed) > 0 {
		log.Warn("these settings have changed, which takes a restart", "tables", changed)
	}
}
