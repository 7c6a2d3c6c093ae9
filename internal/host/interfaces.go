// Package host reads facts about this machine that explain why nothing arrives: its interfaces and their addresses, its
// firewall, and datagrams that come to ports where nobody listens. It changes nothing. What a system does not tell, or
// what only Linux tells, is simply not known.
package host

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// maxInterfaces bounds how many interfaces are told of: machines with containers have hundreds.
const maxInterfaces = 6

// Interface is a network interface of this machine.
type Interface struct {
	Name      string
	Up        bool // it is switched on
	Linked    bool // and there is something at the other end of it
	Addresses []netip.Addr
}

// String returns what people want to know of the interface, such as "eth0 (10.0.0.2, fe80::1)" or "eth1 (down)".
func (i Interface) String() string {
	var facts []string
	for _, address := range i.Addresses {
		facts = append(facts, address.String())
	}
	switch {
	case !i.Up:
		facts = append(facts, "down")
	case !i.Linked:
		facts = append(facts, "up, but not connected")
	case len(facts) == 0:
		facts = append(facts, "no address")
	}
	return fmt.Sprintf("%s (%s)", i.Name, strings.Join(facts, ", "))
}

// Interfaces returns the interfaces that a socket bound to device receives from, those that work first. An empty device
// stands for all; of these the loopback is left out where there is another, and more counts those for which there is no
// room. Link-local addresses are left out where an interface has better ones. A device that is not there gives none.
func Interfaces(device string) (found []Interface, more int, err error) {
	system, err := net.Interfaces()
	if err != nil {
		return nil, 0, fmt.Errorf("host: interfaces: %w", err)
	}
	if device == "" && slices.ContainsFunc(system, func(i net.Interface) bool { return i.Flags&net.FlagLoopback == 0 }) {
		system = slices.DeleteFunc(system, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	}
	for _, i := range system {
		if device != "" && i.Name != device {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil { // it has gone since it was listed
			continue
		}
		found = append(found, Interface{
			Name: i.Name, Up: i.Flags&net.FlagUp != 0, Linked: i.Flags&net.FlagRunning != 0, Addresses: useful(addresses),
		})
	}
	found, more = choose(found)
	return found, more, nil
}

// useful returns the addresses that a rig could send to: the link-local ones only where there is no other.
func useful(from []net.Addr) []netip.Addr {
	var global, local []netip.Addr
	for _, a := range from {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil { // not an IP network
			continue
		}
		if prefix.Addr().IsLinkLocalUnicast() {
			local = append(local, prefix.Addr())
		} else {
			global = append(global, prefix.Addr())
		}
	}
	if len(global) > 0 {
		return global
	}
	return local
}

// choose puts the interfaces first that datagrams are likely to come by, and leaves out those that do not fit.
func choose(all []Interface) (chosen []Interface, more int) {
	rank := func(i Interface) int {
		switch {
		case !i.Up:
			return 3
		case len(i.Addresses) == 0 || i.Addresses[0].IsLinkLocalUnicast():
			return 2
		case !i.Linked:
			return 1
		default:
			return 0
		}
	}
	slices.SortStableFunc(all, func(a, b Interface) int { return cmp.Compare(rank(a), rank(b)) })
	n := min(len(all), maxInterfaces)
	return all[:n], len(all) - n
}
