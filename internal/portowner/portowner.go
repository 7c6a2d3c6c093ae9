// Package portowner finds the programs that hold ports of this machine, for the sentence that says why ours cannot have
// them.
package portowner

import (
	"fmt"
	"net/netip"
)

// The service that the package of ISC Receiver installs, and how it is stopped.
const (
	service     = "isc-receiverd"
	StopService = "sudo systemctl stop " + service
)

// nameOwners lists who holds ports, those too that only root may know of.
const nameOwners = "sudo ss -tulpn"

// Port is a local port.
type Port struct {
	Network string         // "tcp" or "udp"
	Local   netip.AddrPort // an address that is not valid, or unspecified, stands for all
}

// Owner is who holds a port: listens on it where it is one of TCP, is bound to it where it is one of UDP.
type Owner struct {
	Held    bool   // somebody does; the rest is empty otherwise
	Program string // empty where the system does not tell
	PID     int    // 0 where the system does not tell
	User    string // whose program it is, where it is another user's
	Service bool   // it is the service of ISC Receiver
}

// Find returns the owners of ports, in their order. Systems other than Linux tell of none. It may be called
// concurrently; it reads all of /proc once.
func Find(ports ...Port) []Owner { return find(ports) }

// String says who it is, to stand after "in use by".
func (o Owner) String() string {
	switch {
	case o.Service:
		return "the ISC Receiver service"
	case o.Program != "":
		return fmt.Sprintf("%s (pid %d)", o.Program, o.PID)
	case o.User != "":
		return "a program of the user " + o.User
	default:
		return "another program"
	}
}

// Remedy says how to get the port, to stand before "or choose another port".
func (o Owner) Remedy() string {
	switch {
	case o.Service:
		return "Stop it with " + StopService + ","
	case o.Held && o.Program == "":
		return "See with " + nameOwners + " which it is and close it,"
	default:
		return "Close it"
	}
}
