package source

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// ErrInterface says that a network interface is not there, or has no address where one is needed, or is no longer the
// same.
var ErrInterface = errors.New("source: no such network interface")

// device is a network interface as it is now.
type device struct {
	name      string
	index     int
	addresses []netip.Addr
}

// lookUp returns an interface. The error is ErrInterface where it is not there, or the system's.
func lookUp(name string) (device, error) {
	all, err := net.Interfaces()
	if err != nil {
		return device{}, fmt.Errorf("source: network interfaces: %w", err)
	}
	i := slices.IndexFunc(all, func(i net.Interface) bool { return i.Name == name })
	if i < 0 {
		return device{}, fmt.Errorf("%w: %s", ErrInterface, name)
	}
	d := device{name: name, index: all[i].Index}
	addresses, err := all[i].Addrs()
	if err != nil {
		return d, fmt.Errorf("source: addresses of %s: %w", name, err)
	}
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			d.addresses = append(d.addresses, prefix.Addr())
		}
	}
	return d, nil
}

// address returns an address of the interface, IPv4 if it has one, and ErrInterface if it has none.
func (d device) address() (netip.Addr, error) {
	var found netip.Addr
	for _, a := range d.addresses {
		switch {
		case a.Is4():
			return a, nil
		case !found.IsValid() && !a.IsLinkLocalUnicast():
			found = a
		}
	}
	if !found.IsValid() {
		return found, fmt.Errorf("%w: %s has no address", ErrInterface, d.name)
	}
	return found, nil
}

// lost returns why a socket that was bound to the interface no longer is, or nil.
func (d device) lost(s *udpSocket) error {
	switch {
	case s.index != d.index:
		return fmt.Errorf("%w: %s was taken away and is another one now", ErrInterface, d.name)
	case s.address.IsValid() && !slices.Contains(d.addresses, s.address):
		return fmt.Errorf("%w: %s no longer has the address %s", ErrInterface, d.name, s.address)
	}
	return nil
}
