package uplink

import (
	"fmt"
	"net"
	"net/netip"
)

// device is a network interface as it is now. One without a name stands for whichever the system chooses.
type device struct {
	name      string
	index     int
	addresses []netip.Addr
}

// like returns the first of its addresses that is of the kind of another one, and reports false where there is none.
func (d device) like(other netip.Addr) (netip.Addr, bool) {
	if d.name == "" {
		return netip.Addr{}, true
	}
	for _, local := range d.addresses {
		if local.Is4() == other.Is4() {
			return local, true
		}
	}
	return netip.Addr{}, false
}

// dialer returns what dials by the interface on "udp" or "tcp", local being the address that it has for this, and says
// how the sockets are bound.
func (d device) dialer(network string, local netip.Addr) (dialer net.Dialer, bound string) {
	if d.name == "" {
		return dialer, "the system's choice of interface"
	}
	if dialer.Control = bindToDevice(d.name); dialer.Control != nil {
		return dialer, d.name
	}
	dialer.LocalAddr = &net.UDPAddr{IP: local.AsSlice()}
	if network == "tcp" {
		dialer.LocalAddr = &net.TCPAddr{IP: local.AsSlice()}
	}
	return dialer, fmt.Sprintf("%s, by its address %v alone", d.name, local)
}
