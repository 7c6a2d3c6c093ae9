// Package uplink is the links of a rig: a UDP socket for each, bound to a network interface, which comes and goes with
// that while the others go on. It knows nothing of what it carries.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"
)

var (
	// ErrConfig says that a Config asks for the impossible.
	ErrConfig = errors.New("links")
	// ErrDown says that a link has no socket now.
	ErrDown = errors.New("uplink: the link is down")
)

const (
	// lookEvery is how often it is looked whether interfaces have come, gone or changed.
	lookEvery = time.Second
	// answering is how long after its last answer a receiver is not left, whatever its name stands for now: a network
	// that asks for a log-in first gives its own address for all names.
	answering = 30 * time.Second
)

// Config says where the links lead.
type Config struct {
	Host       string   // where the receiver is: an address, or a name that is looked up again and again
	Ports      []int    // the receiver's port for each link; 1 or more
	Interfaces []string // the links take turns with these; empty for all that are usable
	Log        *slog.Logger

	// Heard gets what comes back on a link. It is called from one goroutine for each link, and must not keep datagram.
	Heard func(link int, datagram []byte)
}

// Uplink is the links of a rig. It is used once.
type Uplink struct {
	config  Config
	links   []*link
	poke    chan struct{} // holds a token when there is something to look at now
	readers sync.WaitGroup
	names   names
	targets []netip.Addr // the receiver's addresses that are in use; known to Run alone

	mu         sync.Mutex
	interfaces []string // of each link; "" for none
	spare      []string // usable ones for which there is no link, as they were last logged
}

// New returns an uplink all of whose links are down. The error is ErrConfig.
func New(config Config) (*Uplink, error) {
	switch {
	case config.Host == "":
		return nil, fmt.Errorf("%w: no receiver to send to", ErrConfig)
	case len(config.Ports) == 0:
		return nil, fmt.Errorf("%w: no ports", ErrConfig)
	case len(config.Interfaces) > len(config.Ports):
		return nil, fmt.Errorf("%w: %d interfaces for %d ports: each needs a port of its own", ErrConfig,
			len(config.Interfaces), len(config.Ports))
	}
	if address, err := netip.ParseAddr(config.Host); err == nil && !useful(address) {
		return nil, fmt.Errorf("%w: %s is %w", ErrConfig, config.Host, errUseless)
	}
	u := &Uplink{config: config, poke: make(chan struct{}, 1), interfaces: make([]string, len(config.Ports))}
	u.names.resolve = resolve
	if len(config.Interfaces) > 0 {
		u.interfaces = inTurn(len(config.Ports), config.Interfaces)
	}
	for i, port := range config.Ports {
		u.links = append(u.links, &link{index: i, port: port, uplink: u})
	}
	return u, nil
}

// Run opens the sockets, and keeps them open as interfaces come and go, until ctx ends. It returns after all it started
// has ended.
func (u *Uplink) Run(ctx context.Context) {
	defer u.readers.Wait()
	defer func() {
		for _, l := range u.links {
			l.close(l.socket.Load(), nil)
		}
	}()
	var resolver sync.WaitGroup
	defer resolver.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resolver.Go(func() { u.names.run(ctx, u.config.Host, u.wake) })

	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-u.poke:
		}
		u.look(ctx)
	}
}

// Send sends a datagram on a link, or says why it cannot. It never waits. It may be called from one goroutine at a
// time.
func (u *Uplink) Send(link int, datagram []byte) error { return u.links[link].send(datagram) }

// State is whether a link can send, and its path: links with the same one fail together.
type State struct {
	Path int
	Up   bool
}

// States returns the state of each link.
func (u *Uplink) States() []State {
	u.mu.Lock()
	defer u.mu.Unlock()
	states := make([]State, len(u.links))
	for i, path := range paths(u.interfaces) {
		states[i] = State{Path: path, Up: u.links[i].socket.Load() != nil}
	}
	return states
}

// wake has Run look at once.
func (u *Uplink) wake() {
	select {
	case u.poke <- struct{}{}:
	default: // it will anyway
	}
}

// look opens and closes sockets as the interfaces are now.
func (u *Uplink) look(ctx context.Context) {
	targets, unresolved := u.names.get()
	all, err := devices()
	if err != nil {
		u.config.Log.Warn("the network interfaces cannot be listed", "error", err)
		return
	}
	targets = u.stay(targets, time.Now())
	for i, name := range u.assign(all, targets) {
		l := u.links[i]
		if unresolved != nil {
			l.close(l.socket.Load(), unresolved)
			l.down(unresolved)
			continue
		}
		d := device{}
		if name != "" {
			n := slices.IndexFunc(all, func(d device) bool { return d.name == name })
			if n < 0 {
				err := fmt.Errorf("%s is not there, is switched off, or has no address: is the modem connected?", name)
				l.close(l.socket.Load(), err)
				l.down(err)
				continue
			}
			d = all[n]
		} else if !loopback(targets) {
			l.down(errors.New("no network interface is usable: all are switched off or have no address"))
			continue
		}
		l.keep(ctx, d, targets)
	}
}

// stay returns the addresses to use where the receiver's name stands for these now: those in use, while it answers.
func (u *Uplink) stay(targets []netip.Addr, now time.Time) []netip.Addr {
	if len(u.targets) == 0 || !u.answered(now) {
		u.targets = targets
	}
	return u.targets
}

// answered tells whether something came back on any link lately.
func (u *Uplink) answered(now time.Time) bool {
	return slices.ContainsFunc(u.links, func(l *link) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return !l.heardAt.IsZero() && now.Sub(l.heardAt) < answering
	})
}

// assign returns the interface of each link; "" for none, or where the system may choose.
func (u *Uplink) assign(all []device, targets []netip.Addr) []string {
	if len(u.config.Interfaces) > 0 {
		return u.interfaces
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if loopback(targets) {
		u.interfaces = make([]string, len(u.links))
		return u.interfaces
	}
	names := usable(all)
	next := assign(u.interfaces, names)
	u.interfaces = next
	spare := slices.DeleteFunc(names, func(name string) bool { return slices.Contains(next, name) })
	if len(spare) > 0 && !slices.Equal(spare, u.spare) {
		u.config.Log.Warn("more interfaces are usable than there are ports: these carry nothing", "interfaces", spare)
	}
	u.spare = spare
	return next
}

// loopback tells whether the receiver is on this machine, which no interface leads to.
func loopback(targets []netip.Addr) bool {
	return len(targets) > 0 && !slices.ContainsFunc(targets, func(a netip.Addr) bool { return !a.IsLoopback() })
}
