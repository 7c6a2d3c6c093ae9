package app

import (
	"fmt"
	"net/netip"
)

// parseAllowed reads whom a channel listens to: an address, or a network as 10.0.0.0/8. The error says what is right.
func parseAllowed(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		if address.Is4In6() {
			return netip.Prefix{}, fmt.Errorf("%q is an IPv4 address in another form; write %s", text, address.Unmap())
		}
		if address.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q has an interface in it; write %s", text, address.WithZone(""))
		}
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return prefix, fmt.Errorf("%q is neither an address nor a network; "+
			"write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32", text)
	case prefix.Addr().Is4In6():
		return prefix, fmt.Errorf("%q is an IPv4 network in another form; write it as 192.0.2.0/24", text)
	case prefix != prefix.Masked():
		return prefix, fmt.Errorf("%q names one address of a network; write %s for all of it, or %s for the one",
			text, prefix.Masked(), prefix.Addr())
	}
	return prefix, nil
}

// allowed returns whom the channel listens to; none is everybody. Its settings are valid.
func (c Channel) allowed() []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range c.Allow {
		if network, err := parseAllowed(text); err == nil {
			networks = append(networks, network)
		}
	}
	return networks
}
