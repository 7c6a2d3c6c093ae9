package uplink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	resolveAgain = 5 * time.Second // where a name was not found, such as before the first modem is there
	resolveEvery = time.Minute     // where it was
	resolveFor   = 10 * time.Second
)

// names looks up where the receiver is.
type names struct {
	resolve resolver

	mu        sync.Mutex
	addresses []netip.Addr
	err       error // why there are none
}

// get returns the addresses of the receiver, or why there are none.
func (n *names) get() ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.addresses) == 0 && n.err == nil {
		return nil, errors.New("the receiver's name is being looked up")
	}
	return n.addresses, n.err
}

// run looks the host up, again and again if it is a name, until ctx ends. Changed is called after each change.
func (n *names) run(ctx context.Context, host string, changed func()) {
	if address, err := netip.ParseAddr(host); err == nil {
		n.set([]netip.Addr{address.Unmap()}, nil)
		changed()
		return
	}
	for {
		addresses, err := find(ctx, host, n.resolve)
		addresses = slices.DeleteFunc(addresses, func(a netip.Addr) bool { return !useful(a) })
		switch {
		case err != nil:
			err = fmt.Errorf("the receiver's name %s was not found (%w): is it right, and is there a way to the internet?",
				host, err)
		case len(addresses) == 0:
			err = fmt.Errorf("the receiver's name %s stands for %w", host, errUseless)
		}
		if n.set(addresses, err) {
			changed()
		}
		wait := resolveEvery
		if err != nil {
			wait = resolveAgain
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// errUseless says that an address is none that useful returns true for.
var errUseless = errors.New("an address that no router leads to (such as fe80::1, 169.254.1.1 or 0.0.0.0): give one " +
	"that does")

// useful tells whether a receiver can be at an address: it stands for one machine, and not for another one on each
// network (RFC 3927; RFC 4291, section 2.5.6), as then a link could not be held to its interface.
func useful(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() || a.IsLoopback()
}

// resolver looks up a name by an interface; by the system's choice where that has no name.
type resolver func(ctx context.Context, by device, host string) ([]netip.Addr, error)

// find looks a name up as the system does, and where that fails, by each interface at once: the one that the system
// prefers may be the modem that has no network.
func find(ctx context.Context, host string, resolve resolver) ([]netip.Addr, error) {
	addresses, err := resolve(ctx, device{}, host)
	if err == nil {
		return addresses, nil
	}
	all, listErr := devices()
	if listErr != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan []netip.Addr, len(all))
	for _, d := range all {
		go func() {
			got, failed := resolve(ctx, d, host)
			if failed != nil {
				got = nil // the system's error says more
			}
			found <- got
		}()
	}
	for range all {
		if got := <-found; len(got) > 0 && len(addresses) == 0 {
			addresses = got
			cancel() // the others end, too
		}
	}
	if len(addresses) == 0 {
		return nil, err
	}
	return addresses, nil
}

// resolve is the resolver of the system's name servers.
func resolve(ctx context.Context, by device, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveFor)
	defer cancel()
	if by.name == "" {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	bound := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, server string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(server)
		if err != nil {
			return nil, err
		}
		local, ok := by.like(to.Addr())
		if !ok {
			return nil, fmt.Errorf("%s has no address of the kind of %v", by.name, to.Addr())
		}
		dialer, _ := by.dialer(network, local)
		return dialer.DialContext(ctx, network, server)
	}}
	return bound.LookupNetIP(ctx, "ip", host)
}

// set takes the result of a look-up and tells whether it changes anything. Addresses that were found once stay where
// they are not found again, and keep their order, so that no link moves without need. IPv4 comes first: receivers may
// know nothing else, and a link without it takes IPv6.
func (n *names) set(found []netip.Addr, err error) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		if len(n.addresses) > 0 {
			return false
		}
		n.err = err
		return true
	}
	var next []netip.Addr
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortStableFunc(found, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	for _, a := range n.addresses {
		if slices.Contains(found, a) {
			next = append(next, a)
		}
	}
	for _, a := range found {
		if !slices.Contains(next, a) {
			next = append(next, a)
		}
	}
	changed := !slices.Equal(next, n.addresses)
	n.addresses, n.err = next, nil
	return changed
}
