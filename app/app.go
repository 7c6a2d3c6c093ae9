// Package app puts a run together: it reads the configuration, connects the core to its sources and outputs, and
// starts and stops them in order. Window and daemon drive it alike.
package app

import (
	"image"
	"log/slog"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// Run is one run of the receiver: immutable but for what its methods change, and used once. To change anything
// else, Close it and Start another. Its methods may be called from any goroutine.
type Run struct{}

// Start opens sockets and the HTTP listener and begins to receive. On error nothing is left open.
// The error's text is a sentence for the operator.
func Start(cfg Config, log *slog.Logger) (*Run, error) { panic("being built") }

// Close stops the run and returns once everything that it started has ended. Calling it again does nothing.
func (r *Run) Close() error { panic("being built") }

// Done is closed when the run has ended, by Close or by itself; Err then says why, or nil.
func (r *Run) Done() <-chan struct{} { panic("being built") }

// Err returns why the run ended by itself, or nil.
func (r *Run) Err() error { panic("being built") }

// Snapshot returns the state of the run now. It is cheap enough to be called a few times a second.
func (r *Run) Snapshot() status.Snapshot { panic("being built") }

// SetLatency changes the latency budget of a channel at once, both ways.
func (r *Run) SetLatency(channel string, budget time.Duration) { panic("being built") }

// SetHLS switches the HLS output of a channel on or off.
func (r *Run) SetHLS(channel string, on bool) { panic("being built") }

// Frame returns the latest decoded picture of a channel's preview, and its number, which goes up with each new
// picture; nil and 0 while there is none. The picture is not written to for as long as three newer ones take to come.
func (r *Run) Frame(channel string) (picture *image.RGBA, number uint64) { panic("being built") }

// PreviewError says why there are no preview pictures, such as that ffmpeg is not installed; nil where all is well.
func (r *Run) PreviewError(channel string) error { panic("being built") }

// ViewerURL is the address to open or to hand to a viewer, with the key where one is needed.
func (r *Run) ViewerURL() string { panic("being built") }

// Warnings are sentences about what is not as it should be but does not stop the run, such as small socket buffers.
func (r *Run) Warnings() []string { panic("being built") }
