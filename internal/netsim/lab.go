package netsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// ErrLab says that a LabConfig asks for what cannot be.
var ErrLab = errors.New("netsim: impossible laboratory")

// LabConfig says between whom a Lab stands. Listen and To have an address for each link of the scenario, in order.
type LabConfig struct {
	Scenario Scenario
	Seed     uint64
	Listen   []netip.AddrPort // where the sender sends to; port 0 for any
	To       []netip.AddrPort // where the receiver listens
}

// Lab relays real UDP datagrams between a sender and a receiver, over the links of a scenario. Make one with OpenLab
// and run it once.
type Lab struct {
	links []*labLink
	start time.Time
}

// PortError says that an address to listen on could not be opened.
type PortError struct {
	Address netip.AddrPort
	Err     error
}

// Error implements error.
func (e *PortError) Error() string { return fmt.Sprintf("netsim: listen on %s: %v", e.Address, e.Err) }

// Unwrap returns why.
func (e *PortError) Unwrap() error { return e.Err }

// OpenLab opens the sockets of a laboratory, all of them or none. The error is ErrLab or a PortError, or that of a
// socket to the receiver.
func OpenLab(config LabConfig) (*Lab, error) {
	n := len(config.Scenario.Links)
	if len(config.Listen) != n || len(config.To) != n {
		return nil, fmt.Errorf("%w: %d addresses to listen on and %d of the receiver; the scenario %s has %d links",
			ErrLab, len(config.Listen), len(config.To), config.Scenario.Name, n)
	}
	lab := &Lab{start: time.Now()}
	for i, path := range config.Scenario.Links {
		front, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(config.Listen[i]))
		if err != nil {
			lab.close()
			return nil, &PortError{config.Listen[i], err}
		}
		_ = front.SetReadBuffer(socketBuffer) // a system that grants less may lose more when it is busy
		link := &labLink{
			name: path.Name, to: config.To[i], front: front,
			path: NewPath(path, lab.start, config.Seed, i), up: NewPump(labQueue), down: NewPump(labQueue),
		}
		lab.links = append(lab.links, link)
		if _, err := link.bind(lab.start); err != nil {
			lab.close()
			return nil, err
		}
	}
	return lab, nil
}

// Addresses returns where the laboratory listens, for each link.
func (l *Lab) Addresses() []netip.AddrPort {
	addresses := make([]netip.AddrPort, len(l.links))
	for i, link := range l.links {
		addresses[i] = link.front.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	return addresses
}

// Run relays until ctx ends, and returns after all that it started has ended and the sockets are closed. What is on its
// way then is lost. The error says which link could not go on; the others end with it.
func (l *Lab) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for i, link := range l.links {
		running.Go(func() { link.up.Run(ctx) })
		running.Go(func() { link.down.Run(ctx) })
		running.Go(func() {
			if err := link.relay(); err != nil {
				cancel(fmt.Errorf("netsim: link %d: %w", i, err))
			}
			link.readers.Wait()
		})
	}
	<-ctx.Done()
	l.close()
	running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Close gives the sockets of a laboratory back that was not run.
func (l *Lab) Close() { l.close() }

func (l *Lab) close() {
	for _, link := range l.links {
		link.close()
	}
}

// LabStatus is what a laboratory has done so far.
type LabStatus struct {
	Seconds float64         `json:"seconds"` // since the start
	Links   []LabLinkStatus `json:"links"`
}

// LabLinkStatus is what became of what was sent over a link.
type LabLinkStatus struct {
	Name     string             `json:"name"`
	Out      bool               `json:"out"`       // the link is in an outage or a dropout
	From     string             `json:"from"`      // the sender, or empty before its first datagram
	Port     int                `json:"port"`      // that the receiver sees
	Rebound  int                `json:"rebound"`   // how often that has changed
	Unasked  uint64             `json:"unasked"`   // datagrams to an earlier port, or before the sender's first
	Up       LabDirectionStatus `json:"up"`        // from the sender to the receiver
	Down     LabDirectionStatus `json:"down"`      // from the receiver to the sender
	Overflow uint64             `json:"overflown"` // datagrams dropped because too many were on their way
}

// LabDirectionStatus is that of one direction.
type LabDirectionStatus struct {
	Counts
	QueueBytes int     `json:"queue_bytes"`
	QueueMS    float64 `json:"queue_ms"`
}

// Status returns what the laboratory has done so far. It may be called from any goroutine.
func (l *Lab) Status() LabStatus {
	now := time.Now()
	status := LabStatus{Seconds: now.Sub(l.start).Seconds()}
	for _, link := range l.links {
		status.Links = append(status.Links, link.status(now))
	}
	return status
}
