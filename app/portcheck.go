package app

import (
	"net"
	"net/netip"
	"os"

	"github.com/isc-receiver/isc-receiver/internal/portowner"
)

// StopService is the command that stops the installed service.
const StopService = portowner.StopService

// PortUse is who has a port now.
type PortUse struct {
	Port    int
	Taken   bool   // somebody has it: this program, the service, or another
	Ours    bool   // this program
	Service bool   // the installed service
	Owner   string // who has it where it is not this program, to stand after "in use by"
}

// PortChecks are who has the ports that settings name.
type PortChecks struct {
	HTTP     PortUse
	Channels [][]PortUse // by channel, in the order of its ports; none for a channel that only listens in
}

// Service tells whether the installed service has one of the ports.
func (p PortChecks) Service() bool {
	for _, uses := range p.Channels {
		for _, use := range uses {
			if use.Service {
				return true
			}
		}
	}
	return p.HTTP.Service
}

// CheckPorts finds out who has the ports that the settings name, which may be wrong otherwise. It opens none, so nobody
// is disturbed; and only a start can tell for sure, as a port may be another's on one interface alone. It may be called
// concurrently, and takes some milliseconds. Systems other than Linux tell of no owner.
func CheckPorts(cfg Config) PortChecks {
	host, text, _ := net.SplitHostPort(cfg.HTTP.Address) // an address that is wrong has port 0, which nobody holds
	page, _ := port(text)
	address, _ := netip.ParseAddr(host) // a name stands for all
	asked := []portowner.Port{{Network: "tcp", Local: netip.AddrPortFrom(address, uint16(page))}}
	for _, ch := range cfg.Channels {
		for _, p := range ch.Ports {
			asked = append(asked, portowner.Port{Network: "udp", Local: netip.AddrPortFrom(netip.Addr{}, uint16(p))})
		}
	}
	owners := portowner.Find(asked...)
	use := func(i int) PortUse {
		u := PortUse{Port: int(asked[i].Local.Port()), Taken: owners[i].Held, Service: owners[i].Service}
		u.Ours = u.Taken && owners[i].PID == os.Getpid()
		if u.Taken && !u.Ours {
			u.Owner = owners[i].String()
		}
		return u
	}
	checks := PortChecks{HTTP: use(0), Channels: make([][]PortUse, len(cfg.Channels))}
	next := 1
	for i, ch := range cfg.Channels {
		for range ch.Ports {
			if ch.Source != SourceCapture {
				checks.Channels[i] = append(checks.Channels[i], use(next))
			}
			next++
		}
	}
	return checks
}
