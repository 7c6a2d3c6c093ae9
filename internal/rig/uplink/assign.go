package uplink

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// virtual are the beginnings of the names of interfaces that lead to containers, virtual machines or tunnels: what
// leaves by them leaves by another one, too.
var virtual = []string{
	"br-", "cali", "cni", "docker", "dummy", "flannel", "ifb", "lxc", "lxd", "podman", "tailscale", "tap", "tun",
	"vboxnet", "veth", "virbr", "vmnet", "wg", "zt",
}

// devices returns the interfaces that are up and have an address that can send beyond the local network.
func devices() ([]device, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var found []device
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagRunning == 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil { // it has gone since it was listed
			continue
		}
		d := device{name: i.Name, index: i.Index}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if err == nil && !prefix.Addr().IsLinkLocalUnicast() {
				d.addresses = append(d.addresses, prefix.Addr())
			}
		}
		if len(d.addresses) > 0 {
			found = append(found, d)
		}
	}
	return found, nil
}

// usable returns the names of the interfaces that a rig uses where none are named, in the order of the system: neither
// loopbacks nor those that lead to containers and the like.
func usable(all []device) []string {
	var names []string
	for _, d := range all {
		internal := slices.ContainsFunc(virtual, func(prefix string) bool { return strings.HasPrefix(d.name, prefix) })
		loopback := slices.ContainsFunc(d.addresses, netip.Addr.IsLoopback)
		if !internal && !loopback {
			names = append(names, d.name)
		}
	}
	return names
}

// assign returns the interface of each link, given those before ("" for none yet) and those that are usable now. Links
// keep theirs, also while it is away. A new interface gets a link of one that is away, or else of the one with the most
// links. Links that have none share the one with the fewest. Interfaces for which there is no link are not used.
func assign(before, usable []string) []string {
	links := slices.Clone(before)
	for _, name := range usable {
		if slices.Contains(links, name) {
			continue
		}
		if i := toGive(links, usable); i >= 0 {
			links[i] = name
		}
	}
	for i, name := range links {
		if name == "" && len(usable) > 0 {
			links[i] = slices.MinFunc(usable, func(a, b string) int { return count(links, a) - count(links, b) })
		}
	}
	return links
}

// toGive returns the link that a new interface gets, or -1.
func toGive(links, usable []string) int {
	for i, name := range links {
		if name == "" || !slices.Contains(usable, name) {
			return i
		}
	}
	best := -1
	for i, name := range links {
		if n := count(links, name); n > 1 && (best < 0 || n >= count(links, links[best])) {
			best = i
		}
	}
	return best
}

// inTurn returns the interface of each link, where the interfaces are named: they take turns.
func inTurn(links int, names []string) []string {
	chosen := make([]string, links)
	for i := range chosen {
		chosen[i] = names[i%len(names)]
	}
	return chosen
}

// paths returns the path of each link: those on one interface fail together. Where there is just one interface, and so
// nothing else to tell them apart, each is a path of its own: what is behind that interface may divide them by their
// ports.
func paths(links []string) []int {
	numbers := make([]int, len(links))
	for i, name := range links {
		numbers[i] = i
		if count(links, name) < len(links) {
			numbers[i] = slices.Index(links, name)
		}
	}
	return numbers
}

func count(names []string, name string) int {
	n := 0
	for _, other := range names {
		if other == name {
			n++
		}
	}
	return n
}
