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
		lookUp, cancel := context.WithTimeout(ctx, resolveFor)
		addresses, err := net.DefaultResolver.LookupNetIP(lookUp, "ip", host)
		cancel()
		if err != nil {
			err = fmt.Errorf("the receiver's name %s was not found (%w): is it right, and is there a way to the internet?",
				host, err)
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
