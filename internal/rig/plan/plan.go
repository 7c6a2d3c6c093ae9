// Package plan decides how a rig uses its links: which of them carry how much, how many parity packets are added to how
// many sources, and what bitrate the camera may have. It is told which links are up and how the receiver scores them,
// and gives every decision with its reason. It knows no wire format, no sockets and no clock: times are handed to it.
package plan

import (
	"errors"
	"fmt"
	"time"
)

// ErrConfig says that a Config asks for the impossible.
var ErrConfig = errors.New("plan: impossible")

// Auto as the parity of a Config has the planner choose it.
const Auto = -1

// Config says what a Planner may decide.
type Config struct {
	Links    int     // how many links the rig has; 1 or more
	Parity   int     // r, fixed; or Auto for the least with which the loss of one path costs nothing
	Overhead float64 // parity packets that may be added for each source, where surviving does not take more; above 0
	Bitrate  int     // of the video in bits a second while all paths are in use; 0 where it is not ours to choose

	// MostSources returns the most sources that the coding takes with r parity packets, and 0 where it does not take r.
	MostSources func(r int) int
}

// Plan is what has been decided. It never changes; a decision makes a new one.
type Plan struct {
	Sources int    // k
	Parity  int    // r
	Links   []Link // one for each link of the rig
	Paths   int    // the paths in use
	Bitrate int    // of the video in bits a second; 0 where it is not ours to choose
}

// Link is what has been decided about one link. Links that fail together, because they share a network interface, are
// one path.
type Link struct {
	Path   int     // links with equal numbers share a path
	Weight float64 // its part of the traffic, as far as surviving leaves a choice; all weights sum up to 1 or are 0
	Probe  bool    // it gets a little traffic beside the coded packets, to see whether it carries any
}

// Survives tells whether the loss of any one path in use costs no packet.
func (p *Plan) Survives() bool { return survives(p.Sources, p.Parity, p.Paths) }

// Overhead returns the parity packets for each source of a full segment.
func (p *Plan) Overhead() float64 { return float64(p.Parity) / float64(p.Sources) }

// survives tells whether k+r packets can be spread over paths so that none of them carries more than r.
func survives(k, r, paths int) bool { return paths > 1 && k+r <= r*paths }

// Decision is something that was decided, and why.
type Decision struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"` // a sentence without its full stop
}

// Up is what the planner is told about a link.
type Up struct {
	Path int  // see Link
	Up   bool // it has a socket that can send
}

func (c Config) check() error {
	switch {
	case c.Links < 1:
		return fmt.Errorf("%w: %d links, want 1 or more", ErrConfig, c.Links)
	case c.Parity < Auto, c.Parity >= 0 && c.MostSources(c.Parity) < 1:
		return fmt.Errorf("%w: %d parity packets", ErrConfig, c.Parity)
	case !(c.Overhead > 0): // not a number is refused, too
		return fmt.Errorf("%w: overhead of %v, want more than 0", ErrConfig, c.Overhead)
	case c.Bitrate < 0:
		return fmt.Errorf("%w: bitrate of %d", ErrConfig, c.Bitrate)
	}
	return nil
}

// coding returns k and r for a number of paths. The loss of any one of them costs no packet where there are two or more
// and r is not fixed at 0, even if that takes more than the overhead allowed.
func (c Config) coding(paths int) (k, r int) {
	r = c.Parity
	if r == Auto {
		r = 1 // enough for one source fewer than there are paths
	}
	if r == 0 {
		return 1, 0 // there is nothing to wait for
	}
	most := c.MostSources(r)
	if paths > 1 {
		most = min(most, r*(paths-1))
	}
	for k = 1; k < most && float64(r) > c.Overhead*float64(k)+1e-9; k++ {
	}
	return k, r
}

// load returns what each of so many paths carries for each bit of video.
func (c Config) load(paths int) float64 {
	k, r := c.coding(paths)
	return float64(k+r) / float64(k) / float64(paths)
}
