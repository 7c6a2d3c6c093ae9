// Package sender is a whole rig: RTP packets come in on a local UDP port, and leave as coded datagrams over several
// links to a receiver, whose feedback decides how.
package sender

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/feed"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
)

// ErrConfig says that a Config asks for the impossible.
var ErrConfig = errors.New("wrong setting")

// Config says what a rig does.
type Config struct {
	To         string   // the receiver: a host name or an address
	Ports      []int    // its port for each link
	Interfaces []string // that the links take turns with; empty for all that are usable
	Listen     string   // where RTP comes in, as "localhost:1234"; not used with a feed
	Feed       *feed.Config
	Parity     int           // r; plan.Auto for the least with which any one path may die
	Overhead   float64       // parity packets that may be added for each source
	Wait       time.Duration // that a segment waits at most for its last packet
	Padded     bool          // parity has the form of deployed rigs
	MTU        int           // bytes of IP that one frame of any link carries
	StatusAddr string        // of the status as JSON over HTTP; empty for none
	Version    string
	Log        *slog.Logger
}

// Limits of what may be asked for.
const (
	maxWait = time.Second
	minMTU  = 576  // RFC 791
	maxMTU  = 9000 // of what is called jumbo frames
)

// Default returns what suits four links of 1,500-byte frames.
func Default() Config {
	engine := rig.DefaultEngine()
	return Config{
		Ports: []int{5078, 5079, 5080, 5081}, Listen: "localhost:1234", Parity: engine.Parity, Overhead: engine.Overhead,
		Wait: engine.Wait, MTU: 1500, Version: "dev", Log: slog.New(slog.DiscardHandler),
	}
}

// Validate returns what is wrong, as ErrConfig. Where the receiver is, and which interfaces there are, only a run
// shows.
func (c Config) Validate() error {
	switch {
	case c.To == "":
		return fmt.Errorf("%w: to: say where the receiver is, as --to receiver.example, or for the service "+
			"ISC_RIG_TO=receiver.example", ErrConfig)
	case !isHost(c.To):
		return fmt.Errorf("%w: to: got %q, want a name or an address alone, as receiver.example; the ports are given apart",
			ErrConfig, c.To)
	case len(c.Ports) < 1, len(c.Ports) > portlist.Most:
		return fmt.Errorf("%w: ports: got %d, want 1 to %d", ErrConfig, len(c.Ports), portlist.Most)
	case len(c.Interfaces) > len(c.Ports):
		return fmt.Errorf("%w: interfaces: got %d for %d ports, and each needs a port of its own: give more ports",
			ErrConfig, len(c.Interfaces), len(c.Ports))
	case c.Parity != plan.Auto && (c.Parity < 0 || c.Parity > 9):
		return fmt.Errorf("%w: parity: got %d, want 0 to 9, or auto", ErrConfig, c.Parity)
	case !(c.Overhead > 0): // not a number is refused, too
		return fmt.Errorf("%w: overhead: got %v, want more than 0", ErrConfig, c.Overhead)
	case c.Wait < 0, c.Wait > maxWait:
		return fmt.Errorf("%w: wait: got %v, want 0 to %v", ErrConfig, c.Wait, maxWait)
	case c.MTU < minMTU, c.MTU > maxMTU:
		return fmt.Errorf("%w: mtu: got %d, want %d to %d", ErrConfig, c.MTU, minMTU, maxMTU)
	}
	if err := c.checkLinks(); err != nil {
		return err
	}
	if c.Feed != nil {
		if err := c.Feed.Validate(); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return nil
}

// checkLinks returns what is wrong with the ports and interfaces, as ErrConfig.
func (c Config) checkLinks() error {
	for i, port := range c.Ports {
		if port < 1 || port > 65_535 {
			return fmt.Errorf("%w: ports: got %d, want 1 to 65535", ErrConfig, port)
		}
		if slices.Contains(c.Ports[:i], port) {
			return fmt.Errorf("%w: ports: got %d twice, and each is a link of its own", ErrConfig, port)
		}
	}
	for i, name := range c.Interfaces {
		if name == "" || slices.Contains(c.Interfaces[:i], name) {
			return fmt.Errorf("%w: interfaces: got %q, want different names, as usb0,usb1", ErrConfig,
				strings.Join(c.Interfaces, ","))
		}
	}
	return nil
}

// isHost tells whether a text is an address, or may be a name that is looked up.
func isHost(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil || !strings.ContainsAny(text, ":/[]@?# \t")
}

// engine returns the settings of the engine.
func (c Config) engine() rig.EngineConfig {
	config := rig.EngineConfig{
		Links: len(c.Ports), Parity: c.Parity, Overhead: c.Overhead, Wait: c.Wait, Padded: c.Padded,
	}
	if c.Feed != nil {
		config.Bitrate = c.Feed.Bitrate
	}
	return config
}
