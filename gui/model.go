package gui

import (
	"image"
	"log/slog"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// run is what the window needs of a run of the receiver; *app.Run is one. Its methods may be called from any
// goroutine, and are never called from the window's.
type run interface {
	Close() error
	Done() <-chan struct{}
	Err() error
	Snapshot() status.Snapshot
	SetLatency(channel string, budget time.Duration)
	SetHLS(channel string, on bool)
	Frame(channel string) (picture *image.RGBA, number uint64, arrival time.Time)
	PreviewError(channel string) error
	ViewerURL() string
	Warnings() []string
}

// starter starts a run.
type starter func(cfg app.Config, log *slog.Logger) (run, error)

// phase is where a run is in its life.
type phase int

const (
	stopped phase = iota
	starting
	running
	stopping
)

// model is all that the window shows but for the picture, at one moment.
type model struct {
	Phase      phase
	Config     app.Config // of the run, or of the next one
	Failure    error      // why the last run did not start, or ended by itself
	Snapshot   status.Snapshot
	URL        string // of the page, while there is a run
	Warnings   []string
	PreviewErr error
	Interfaces []netInterface
	Now        time.Time
}

// channel is the rig shown: the first one. Before a run's first snapshot, it is what the configuration says.
func (m model) channel() status.Channel {
	if m.Phase == running && len(m.Snapshot.Channels) > 0 {
		return m.Snapshot.Channels[0]
	}
	cfg := m.Config.Channels[0]
	c := status.Channel{
		ID: cfg.ID, Name: cfg.Name, State: status.ChannelStopped,
		LatencyMS: float64(time.Duration(cfg.Latency).Milliseconds()),
		HLS:       status.HLS{Enabled: m.Config.HLS.Enabled},
	}
	for i, port := range cfg.Ports {
		c.Links = append(c.Links, status.Link{Index: i, Port: port})
	}
	return c
}

// picture is a decoded picture, its number, and when its access unit arrived.
type picture struct {
	image   *image.RGBA
	number  uint64
	arrival time.Time // zero where unknown
}

// view is what a controller shows things on. Its methods are called on the window's goroutine.
type view interface {
	Show(m model)
	ShowPicture(p picture)
}
