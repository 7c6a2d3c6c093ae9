package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/isc-receiver/isc-receiver/internal/netsim"
	"github.com/isc-receiver/isc-receiver/internal/portlist"
	"github.com/isc-receiver/isc-receiver/internal/portowner"
)

// labCommand relays between a sender and a receiver. It reads nothing from the environment, which may hold the settings
// of a rig on the same machine.
type labCommand struct {
	Scenario    string `arg:"" help:"${scenario_help}"`
	Listen      string `default:"127.0.0.1" env:"-" placeholder:"ADDR" help:"${listen_help} Default: ${default}."`
	ListenPorts string `default:"6078-6081" env:"-" placeholder:"PORTS" help:"A port for each link. Default: ${default}."`
	To          string `default:"127.0.0.1" env:"-" placeholder:"HOST" help:"The receiver. Default: ${default}."`
	Ports       string `default:"5078-5081" env:"-" placeholder:"PORTS" help:"${lab_ports_help} Default: ${default}."`
	Seed        uint64 `default:"1" env:"-" placeholder:"N" help:"Of all that is random. Default: ${default}."`
	Status      bool   `env:"-" help:"Print each second what each link has carried and lost."`
	JSON        bool   `name:"json" env:"-" help:"Print that as JSON, an object a line."`
}

// labHelp has what does not fit a line above.
func labHelp() kong.Vars {
	return kong.Vars{
		"scenario_help": "What the links are like: " + strings.Join(netsim.Scenarios(), ", ") +
			", or a file whose name ends in .toml.",
		"listen_help":    "Address of this machine that the sender sends to.",
		"lab_ports_help": "Its port for each link.",
	}
}

// statusEvery is how often the status is printed.
const statusEvery = time.Second

// Run relays until a signal ends it.
func (c *labCommand) Run(ctx context.Context, stdout io.Writer) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	lab, err := netsim.OpenLab(config)
	if err != nil {
		return explainLab(err)
	}
	fmt.Fprintf(stdout, "%s: %s\n", config.Scenario.Name, config.Scenario.About)
	for i, address := range lab.Addresses() {
		fmt.Fprintf(stdout, "link %d: %v to %v %s\n", i, address, config.To[i], config.Scenario.Links[i].Name)
	}
	ended := make(chan error, 1)
	go func() { ended <- lab.Run(ctx) }()
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	var before netsim.LabStatus
	for {
		select {
		case err := <-ended:
			return err
		case <-ticker.C:
			status := lab.Status()
			if err := c.print(stdout, before, status); err != nil {
				return err
			}
			before = status
		}
	}
}

// config returns the settings, checked.
func (c *labCommand) config() (netsim.LabConfig, error) {
	scenario, err := netsim.LoadScenario(c.Scenario)
	if err != nil {
		return netsim.LabConfig{}, err
	}
	config := netsim.LabConfig{Scenario: scenario, Seed: c.Seed}
	if config.Listen, err = addresses("--listen", c.Listen, "--listen-ports", c.ListenPorts); err != nil {
		return config, err
	}
	config.To, err = addresses("--to", c.To, "--ports", c.Ports)
	return config, err
}

// addresses returns the addresses of a host's ports. The error is netsim.ErrLab.
func addresses(hostFlag, host, portsFlag, list string) ([]netip.AddrPort, error) {
	ip, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %q is not known: %w", netsim.ErrLab, hostFlag, host, err)
	}
	numbers, err := portlist.Parse(list)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", netsim.ErrLab, portsFlag, err)
	}
	all := make([]netip.AddrPort, len(numbers))
	for i, port := range numbers {
		address := (&net.UDPAddr{IP: ip.IP, Zone: ip.Zone, Port: port}).AddrPort()
		all[i] = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	}
	return all, nil
}

// explainLab turns the error of a port into a sentence.
func explainLab(err error) error {
	port, ok := errors.AsType[*netsim.PortError](err)
	if !ok || !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	owner := portowner.Find(portowner.Port{Network: "udp", Local: port.Address})[0]
	return fmt.Errorf("UDP port %d is in use by %s. %s or choose others with --listen-ports",
		port.Address.Port(), owner, owner.Remedy())
}

// print prints what has happened since the last time, if that is asked for.
func (c *labCommand) print(w io.Writer, before, now netsim.LabStatus) error {
	switch {
	case c.JSON:
		return json.NewEncoder(w).Encode(now)
	case !c.Status:
		return nil
	}
	var line strings.Builder
	fmt.Fprintf(&line, "%4.0f s", now.Seconds)
	for i, link := range now.Links {
		var was netsim.LabLinkStatus
		if before.Links != nil {
			was = before.Links[i]
		}
		fmt.Fprintf(&line, " | %d: %s", i, linkLine(was, link, now.Seconds-before.Seconds))
	}
	_, err := fmt.Fprintln(w, line.String())
	return err
}

// linkLine says what a link has done in so many seconds.
func linkLine(before, now netsim.LabLinkStatus, seconds float64) string {
	up, was := now.Up.Counts, before.Up.Counts
	text := strconv.FormatFloat(float64(up.Bytes-was.Bytes)*8/1000/seconds, 'f', 0, 64) + " kb/s"
	text += fmt.Sprintf(", lost %d of %d", up.Sent-up.Carried-was.Sent+was.Carried, up.Sent-was.Sent)
	text += fmt.Sprintf(", queue %.0f ms, back %d", now.Up.QueueMS, now.Down.Carried-before.Down.Carried)
	if now.Out {
		text += ", OUT"
	}
	if now.Rebound > before.Rebound {
		text += fmt.Sprintf(", now port %d", now.Port)
	}
	return text
}
