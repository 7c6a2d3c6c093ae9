package gui

import (
	"image"
	"log/slog"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/form"
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
	SetChannels(channels []app.Channel) error
	ShowPreviews(channels ...string)
	Frame(channel string) (picture *image.RGBA, number uint64, arrival time.Time)
	PreviewError(channel string) error
	Playback() (app.Playback, bool)
	StartDump(channel, path string) (string, error)
	StopDump(channel string) error
	Dump(channel string) app.Dump
	ViewerURL() string
	LegacyURL() string
	Fingerprint() string
	Viewers() app.Viewers
	AddKey(name string, expires time.Time, channels []string) error
	ReplaceKey(name string) error
	RemoveKey(name string) error
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
	Phase    phase
	Config   app.Config      // of the run, or of the next one
	Chosen   string          // the ID of the channel whose links are shown
	Rate     int             // the most pictures a second of each preview; 0 is by their number
	All      bool            // the pictures of all channels are shown, not only that of the chosen one
	Player   string          // the ID of the channel that a capture plays in, where Config has one
	HLS      map[string]bool // by the ID of each channel whose output the operator has switched; not written to
	Failure  error           // why the last run did not start, or ended by itself
	Refused  refusal
	Snapshot status.Snapshot
	URL      string // of the page, while there is a run
	Warnings []string

	LegacyURL   string // for players of the old server, while there is a run that serves it
	Fingerprint string // of the page's certificate, while there is a run with one

	Viewers app.Viewers // who may watch, while there is a run
	KeyErr  refusal     // why the last change of the keys was not made as asked for

	PreviewErr map[string]error // why there are no pictures, by channel; of those that are shown
	Interfaces []netInterface
	Ask        bool           // nobody has set anything up yet
	Ports      app.PortChecks // of what is entered in the set-up
	SetupErr   error          // why the last set-up was not applied to the run
	Right      string         // what live capture lacks, or empty
	Kept       form.Kept      // where the settings are kept
	Now        time.Time

	Playback app.Playback // of the capture that plays, where Config has one
	Elapsed  time.Duration
	Dumps    map[string]app.Dump // what is saved of each channel
	DumpErr  error               // why saving of the chosen one did not start, or stop
	Check    check
}

// refusal is why something was not done, where that was so; and which one it is, as they may be alike.
type refusal struct {
	err    error
	number int
}

// of is the same with another channel chosen.
func (m model) of(channel string) model {
	m.Chosen = channel
	return m
}

// visible are the IDs of the channels whose pictures are shown.
func (m model) visible() []string { return visible(m.Config, m.Chosen, m.All) }

// maxTiles is how many pictures are shown at once.
const maxTiles = 9

// visible returns the chosen channel, or all; where there are too many for that, those that are around the chosen one.
func visible(cfg app.Config, chosen string, all bool) []string {
	if !all {
		return []string{chosen}
	}
	first := channelIndex(cfg, chosen) / maxTiles * maxTiles
	ids := make([]string, 0, maxTiles)
	for _, c := range cfg.Channels[first:min(first+maxTiles, len(cfg.Channels))] {
		ids = append(ids, c.ID)
	}
	return ids
}

// rig is the configuration of the channel that is chosen.
func (m model) rig() app.Channel { return m.Config.Channels[channelIndex(m.Config, m.Chosen)] }

// channelIndex returns the index of a channel, or that of the first one.
func channelIndex(cfg app.Config, id string) int { return max(channelIndexOf(cfg, id), 0) }

// channelIndexOf returns the index of a channel, or -1.
func channelIndexOf(cfg app.Config, id string) int {
	return slices.IndexFunc(cfg.Channels, func(c app.Channel) bool { return c.ID == id })
}

// channel is the rig that is chosen.
func (m model) channel() status.Channel { return m.channelOf(m.rig()) }

// channelOf is a rig's state. Before a run's first snapshot, it is what the configuration says.
func (m model) channelOf(cfg app.Channel) status.Channel {
	if m.Phase == running {
		for _, c := range m.Snapshot.Channels {
			if c.ID == cfg.ID {
				return c
			}
		}
	}
	c := status.Channel{
		ID: cfg.ID, Name: cfg.Name, State: status.ChannelStopped,
		LatencyMS: float64(time.Duration(cfg.Latency).Milliseconds()),
		HLS:       status.HLS{Enabled: hlsOn(m.Config, m.HLS, cfg.ID)},
	}
	for i, port := range cfg.Ports {
		c.Links = append(c.Links, status.Link{Index: i, Port: port})
	}
	return c
}

// hlsOn tells whether a channel's output is to be on: as the operator has switched it, or as the settings say.
func hlsOn(cfg app.Config, switched map[string]bool, id string) bool {
	if on, ok := switched[id]; ok {
		return on
	}
	return cfg.HLS.Enabled
}

// dump is what is saved of the chosen channel.
func (m model) dump() app.Dump { return m.Dumps[m.rig().ID] }

// plays tells whether the chosen channel plays a capture.
func (m model) plays() bool { return m.Config.Capture != "" && m.Chosen == m.Player }

// picture is a decoded picture of a channel, its number, and when its access unit arrived.
type picture struct {
	channel string
	image   *image.RGBA
	number  uint64
	arrival time.Time // zero where unknown
}

// view is what a controller shows things on. Its methods are called on the window's goroutine.
type view interface {
	Show(m model)
	ShowPictures(pictures []picture) // of all channels that are shown and have one
}
