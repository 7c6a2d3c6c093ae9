package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/isc-receiver/isc-receiver/internal/journal"
	"github.com/isc-receiver/isc-receiver/internal/portlist"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/feed"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/internal/rig/sender"
	"github.com/isc-receiver/isc-receiver/internal/sdnotify"
)

// gcPercent is how much memory may grow, in percent of what is in use, before it is collected. Hardly any is in use.
const gcPercent = 50

// sendCommand has the settings of a rig. Each is read from the environment, too: ISC_RIG_TO and so on.
type sendCommand struct {
	To         string   `placeholder:"HOST" help:"The receiver: a name or an address. It is needed."`
	Ports      string   `default:"5078-5081" placeholder:"PORTS" help:"Its port for each link. Default: ${default}."`
	Interfaces []string `placeholder:"NAME" help:"Network interfaces, as usb0,usb1,wlan0. Default: all usable ones."`

	Listen      string `default:"localhost:1234" placeholder:"ADDR" help:"Where RTP comes to. Default: ${default}."`
	Camera      string `placeholder:"DEVICE" xor:"video" help:"Send this camera, as /dev/video0, with ffmpeg."`
	File        string `placeholder:"FILE" xor:"video" help:"Send this video in a loop, with ffmpeg."`
	TestPicture bool   `xor:"video" help:"Send a moving test picture, with ffmpeg."`
	Size        string `default:"640x360" placeholder:"WxH" help:"Of the picture of ffmpeg. Default: ${default}."`
	FPS         int    `name:"fps" default:"25" placeholder:"N" help:"Pictures of ffmpeg a second. Default: ${default}."`
	Bitrate     string `default:"1M" placeholder:"BITS" help:"Most bits of ffmpeg a second, as 800k. Default: ${default}."`

	Parity   string        `default:"auto" placeholder:"N" help:"Parity packets a segment, 0 to 9. Default: ${default}."`
	Overhead string        `default:"34%" placeholder:"PERCENT" help:"${overhead_help} Default: ${default}."`
	Wait     time.Duration `default:"25ms" placeholder:"TIME" help:"${wait_help} Default: ${default}."`
	Padded   bool          `help:"Parity in the larger form of the old senders. No receiver needs it."`
	MTU      int           `name:"mtu" default:"1500" placeholder:"BYTES" help:"${mtu_help} Default: ${default}."`

	StatusAddr string `placeholder:"ADDR" help:"Show the status as JSON at http://ADDR/status, as 127.0.0.1:5075."`
	LogLevel   string `enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
}

// longHelp has what does not fit a line above.
var longHelp = kong.Vars{
	"overhead_help": "Parity packets for each 100 of the video, unless surviving the loss of a link takes more.",
	"wait_help":     "How long a packet waits at most for others of its segment.",
	"mtu_help":      "Bytes that one frame carries on every link, with the headers of IP.",
}

// Run sends until a signal ends it.
func (c *sendCommand) Run(ctx context.Context, stdout io.Writer) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	s, err := sender.New(config)
	if err != nil {
		return err
	}
	if config.Feed == nil {
		fmt.Fprintln(stdout, "Waiting for RTP at", s.RTP())
	}
	if address := s.StatusAddr(); address != nil {
		fmt.Fprintf(stdout, "Status: http://%v/status\n", address)
	}
	service := sdnotify.New(config.Log, func() string { return describe(s.Status()) }, s.Check)
	telling, stopTelling := context.WithCancel(ctx)
	var teller sync.WaitGroup
	teller.Go(func() { service.Run(telling) })
	service.Ready()
	err = s.Run(ctx)
	service.Stopping()
	stopTelling()
	teller.Wait()
	return err
}

// describe says in a line what the rig is at.
func describe(s sender.Status) string {
	used := 0
	for _, link := range s.Links {
		if link.Weight > 0 {
			used++
		}
	}
	return fmt.Sprintf("%d of %d links in use, %s", used, len(s.Links), s.Text)
}

// config returns the settings, checked. The error is sender.ErrConfig.
func (c *sendCommand) config() (sender.Config, error) {
	config := sender.Default()
	config.To, config.Interfaces, config.Listen = c.To, c.Interfaces, c.Listen
	config.Wait, config.Padded, config.MTU = c.Wait, c.Padded, c.MTU
	config.StatusAddr, config.Version, config.Log = c.StatusAddr, rig.Version, c.log()
	var err error
	if config.Ports, err = portlist.Parse(c.Ports); err != nil {
		return config, fmt.Errorf("%w: --ports: %w", sender.ErrConfig, err)
	}
	if config.Overhead, err = parsePercent(c.Overhead); err != nil {
		return config, err
	}
	config.Parity = plan.Auto
	if c.Parity != "auto" {
		if config.Parity, err = strconv.Atoi(c.Parity); err != nil || config.Parity < 0 {
			return config, fmt.Errorf("%w: --parity: got %q, want 0 to 9, or auto", sender.ErrConfig, c.Parity)
		}
	}
	if config.Feed, err = c.feed(); err != nil {
		return config, err
	}
	return config, config.Validate()
}

// feed returns what ffmpeg is to make, or nil.
func (c *sendCommand) feed() (*feed.Config, error) {
	if c.Camera == "" && c.File == "" && !c.TestPicture {
		return nil, nil
	}
	config := feed.Default()
	config.Camera, config.File, config.TestPicture, config.Rate = c.Camera, c.File, c.TestPicture, c.FPS
	width, height, ok := strings.Cut(c.Size, "x")
	var err, err2 error
	config.Width, err = strconv.Atoi(width)
	config.Height, err2 = strconv.Atoi(height)
	if !ok || err != nil || err2 != nil {
		return nil, fmt.Errorf("%w: --size: got %q, want a size as 640x360", sender.ErrConfig, c.Size)
	}
	config.Bitrate, err = parseBits(c.Bitrate)
	return &config, err
}

// log returns the logger that is asked for, writing to standard error, or to the journal where that goes there.
func (c *sendCommand) log() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo // kong has checked it
	}
	return journal.Log(level)
}

// parsePercent reads a part as 34% or 34.
func parsePercent(text string) (float64, error) {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if err != nil || !(percent > 0) {
		return 0, fmt.Errorf("%w: --overhead: got %q, want percent, more than 0, as 34%%", sender.ErrConfig, text)
	}
	return percent / 100, nil
}

// parseBits reads bits a second as 800000, 800k or 2.5M.
func parseBits(text string) (int, error) {
	number, unit := strings.TrimSpace(text), 1.0
	switch {
	case strings.HasSuffix(number, "k"):
		number, unit = strings.TrimSuffix(number, "k"), 1e3
	case strings.HasSuffix(number, "M"):
		number, unit = strings.TrimSuffix(number, "M"), 1e6
	}
	bits, err := strconv.ParseFloat(number, 64)
	if bits *= unit; err != nil || !(bits > 0 && bits < 1e9) {
		return 0, fmt.Errorf("%w: --bitrate: got %q, want bits a second as 800k or 2.5M", sender.ErrConfig, text)
	}
	return int(bits), nil
}
