package gui

import (
	"net"
	"net/netip"
	"slices"

	"github.com/isc-receiver/isc-receiver/gui/form"
)

// netInterface is a network interface as the operator chooses one.
type netInterface = form.Interface

// networkInterfaces returns the interfaces of this machine now.
func networkInterfaces() []netInterface {
	all, err := net.Interfaces()
	if err != nil {
		return nil // the form still offers all interfaces and the one in the settings
	}
	found := make([]netInterface, 0, len(all))
	for _, i := range all {
		n := netInterface{
			Name: i.Name, Up: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0,
			Loop: i.Flags&net.FlagLoopback != 0,
		}
		addrs, err := i.Addrs()
		if err != nil {
			addrs = nil // it has just gone
		}
		for _, a := range addrs {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil && !prefix.Addr().IsLinkLocalUnicast() {
				n.Addrs = append(n.Addrs, prefix.Addr())
			}
		}
		slices.SortStableFunc(n.Addrs, netip.Addr.Compare) // IPv4 sorts before IPv6
		found = append(found, n)
	}
	return found
}

// reachable returns the addresses that a rig could send to: those of one interface, or of all that are up but the
// loopback; one IPv4 address for each, or its first.
func reachable(interfaces []netInterface, name string) []string {
	var found []string
	for _, i := range interfaces {
		if len(i.Addrs) > 0 && (i.Name == name || name == "" && i.Up && !i.Loop) {
			found = append(found, i.Addrs[0].String())
		}
	}
	return found
}
