package app

import (
	"errors"
	"fmt"
)

// Dump is what is saved of the datagrams that arrive at a channel, good or bad. The zero value says that nothing was
// saved yet.
type Dump struct {
	Path         string // the pcapng file
	Bytes, Limit int64  // how large it is, and may become
	Missed       uint64 // datagrams that are not in it since the disk was too slow
	Running      bool
	Full         bool  // it has ended at its limit
	Err          error // why it has ended, where it failed
}

// ErrNoDump says that there is no such channel, or that nothing of it is being saved.
var ErrNoDump = errors.New("app: nothing is being saved")

// StartDump begins to save what arrives at a channel to a pcapng file and returns the file's path. An empty path stands
// for a new file, named after the channel and the time, in the folder for such files. The error is a sentence for the
// operator.
func (r *Run) StartDump(channel, path string) (string, error) {
	return path, fmt.Errorf("%w: %s", ErrNoDump, channel)
}

// StopDump ends what StartDump began, once all that arrived before is in the file.
func (r *Run) StopDump(channel string) error { return fmt.Errorf("%w: %s", ErrNoDump, channel) }

// Dump returns what is saved of a channel, or was last.
func (r *Run) Dump(string) Dump { return Dump{} }
