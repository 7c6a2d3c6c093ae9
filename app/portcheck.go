package app

import (
	"net"
	"net/netip"
	"os"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
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

// PortChecks are who has the ports that settings name, and what the files of the certificate are like.
type PortChecks struct {
	HTTP        PortUse
	Legacy      PortUse // of the old address; its zero value where none is served
	Certificate CertificateCheck
	Channels    [][]PortUse // by channel, in the order of its ports; none for a channel that only listens in
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
	return p.HTTP.Service || p.Legacy.Service
}

// CheckPorts finds out who has the ports that the settings name, and whether their certificate can be used. They may be
// wrong otherwise. It opens no port, so nobody is disturbed; and only a start can tell for sure, as a port may be
// another's on one interface alone. It may be called concurrently, and takes some milliseconds. On systems other than
// Linux no port has an owner.
func CheckPorts(cfg Config) PortChecks {
	asked := []portowner.Port{
		{Network: "tcp", Local: listened(cfg.HTTP.Address)}, {Network: "tcp", Local: listened(cfg.HTTP.LegacyHLSAddress)},
	}
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
	checks := PortChecks{
		HTTP: use(0), Legacy: use(1), Certificate: checkCertificate(cfg.TLS), Channels: make([][]PortUse, len(cfg.Channels)),
	}
	next := 2
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

// listened returns where a listener at an address is. One that is wrong has port 0, which nobody holds; a name stands
// for all.
func listened(address string) netip.AddrPort {
	host, text, _ := net.SplitHostPort(address)
	number, _ := portlist.ParsePort(text)
	addr, _ := netip.ParseAddr(host)
	return netip.AddrPortFrom(addr, uint16(number))
}
