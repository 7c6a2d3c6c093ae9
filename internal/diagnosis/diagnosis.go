// Package diagnosis adds to a channel's verdict what this machine knows of packets that do not arrive: where the
// channel listens, whether the interface works, what the firewall does, and whether packets come to ports where nobody
// listens.
//
// Facts are gathered by a goroutine of its own, as it may take seconds, and only while a channel is without packets.
// Whoever takes a snapshot gets what was found last.
package diagnosis

import (
	"context"
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/host"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	lookEvery     = time.Second
	firewallEvery = 30 * time.Second // for one channel
	firewallTime  = 10 * time.Second // that reading it may take
	unheardSpan   = 10 * time.Second // over which datagrams that nobody takes are counted
)

// Channel is a channel as it is at a moment.
type Channel struct {
	ID        string
	Interface string // a name; empty: all
	Ports     []int
	Watches   bool // it captures what the interface sees, before any firewall, rather than listening on the ports
	Quiet     bool // nothing arrives

	// Unwanted counts the datagrams that it sent to where nobody listens. Where that is on this machine, they are among
	// those that nobody takes.
	Unwanted uint64
}

// Examiner looks into channels that are without packets. Run it once; its methods may be called from any goroutine.
type Examiner struct {
	machine machine

	mu    sync.Mutex
	files map[string]*file // by the ID of the channel
}

// machine is how facts are asked for, so that tests can make them up.
type machine struct {
	interfaces func(device string) ([]host.Interface, int, error)
	firewall   func(ctx context.Context, ports []int) host.Firewall
	unheard    func() (uint64, bool)
}

// file is what has been found out for one channel.
type file struct {
	channel Channel
	facts   facts
	asked   time.Time // when the firewall was read
}

// facts are what this machine knows of a channel without packets.
type facts struct {
	interfaces []host.Interface
	more       int // interfaces beside these
	known      bool
	firewall   host.Firewall
	unheard    uint64 // datagrams over unheardSpan that nobody took, as far as they are not ours
}

// New returns an Examiner of this machine.
func New() *Examiner {
	return &Examiner{
		machine: machine{interfaces: host.Interfaces, firewall: host.ReadFirewall, unheard: host.Unheard},
		files:   make(map[string]*file),
	}
}

// Run looks at the channels once a second until ctx ends.
func (e *Examiner) Run(ctx context.Context, channels func() []Channel) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var stray stray
	for {
		e.look(ctx, channels(), &stray)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look gathers the facts for those channels that are without packets.
func (e *Examiner) look(ctx context.Context, channels []Channel, s *stray) {
	now := time.Now()
	var unwanted uint64
	quiet := false
	present := make(map[string]bool, len(channels))
	for _, c := range channels {
		unwanted += c.Unwanted
		quiet = quiet || c.Quiet
		present[c.ID] = true
	}
	unheard := uint64(0)
	if count, known := e.machine.unheard(); known && quiet {
		unheard = s.over(now, count, unwanted)
	} else {
		*s = nil
	}
	e.forget(present)
	found := make(map[string]facts) // by interface: many channels may share one
	for _, c := range channels {
		if !c.Quiet {
			continue
		}
		f, ok := found[c.Interface]
		if !ok {
			interfaces, more, err := e.machine.interfaces(c.Interface)
			f = facts{interfaces: interfaces, more: more, known: err == nil, unheard: unheard}
			found[c.Interface] = f
		}
		e.note(c, f)
	}
	e.readFirewall(ctx, channels, now)
}

// forget drops what was found of channels that are no more.
func (e *Examiner) forget(present map[string]bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id := range e.files {
		if !present[id] {
			delete(e.files, id)
		}
	}
}

// note takes note of the facts about a channel, but for the firewall.
func (e *Examiner) note(c Channel, found facts) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.files[c.ID]
	if f == nil {
		f = new(file)
		e.files[c.ID] = f
	}
	found.firewall = f.facts.firewall
	f.channel, f.facts = c, found
}

// readFirewall reads the firewall for the one channel without packets for which that was longest ago.
func (e *Examiner) readFirewall(ctx context.Context, channels []Channel, now time.Time) {
	e.mu.Lock()
	var next *file
	for _, c := range channels {
		f := e.files[c.ID]
		if !c.Quiet || c.Watches || f == nil || !f.asked.IsZero() && now.Sub(f.asked) < firewallEvery {
			continue
		}
		if next == nil || f.asked.Before(next.asked) {
			next = f
		}
	}
	var ports []int
	if next != nil {
		next.asked, ports = now, next.channel.Ports
	}
	e.mu.Unlock()
	if next == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, firewallTime)
	defer cancel()
	found := e.machine.firewall(ctx, ports)
	e.mu.Lock()
	defer e.mu.Unlock()
	next.facts.firewall = found
}

// Explain returns a channel's verdict, and adds what was found where it says that nothing arrives. It does not wait.
func (e *Examiner) Explain(channel string, v status.Verdict) status.Verdict {
	if v.Code != status.VerdictNoPackets && v.Code != status.VerdictSilent {
		return v
	}
	e.mu.Lock()
	f := e.files[channel]
	if f == nil {
		e.mu.Unlock()
		return v
	}
	c, found := f.channel, f.facts
	e.mu.Unlock()
	return explain(v, c, found)
}

// stray is what was read of the count of datagrams that nobody takes, over the last unheardSpan.
type stray []reading

type reading struct {
	at              time.Time
	count, unwanted uint64
}

// over adds a reading and returns how many datagrams nobody took over unheardSpan: none where some of them were ours.
func (s *stray) over(now time.Time, count, unwanted uint64) uint64 {
	for len(*s) > 1 && now.Sub((*s)[1].at) >= unheardSpan {
		*s = (*s)[1:]
	}
	*s = append(*s, reading{now, count, unwanted})
	first := (*s)[0]
	if count < first.count || unwanted != first.unwanted {
		return 0
	}
	return count - first.count
}
