package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/web"
)

// listen opens the HTTP listener. Its error is a sentence for the operator.
func listen(address string) (net.Listener, error) {
	listener, err := web.Listen(address)
	if err != nil {
		if _, ok := errors.AsType[*web.PortInUseError](err); ok {
			return nil, err
		}
		return nil, &sentence{fmt.Sprintf("The page cannot be served at %s: %s. Choose another address.",
			address, errorText(err)), err}
	}
	return listener, nil
}

// local tells whether only this machine can reach the page and the old address.
func (r *Run) local() bool {
	return onLoopback(r.listener) && (r.oldListener == nil || onLoopback(r.oldListener)) && r.cfg.HTTP.PublicURL == ""
}

func onLoopback(listener net.Listener) bool { return isLoopback(listener.Addr().String()) }

// isLoopback tells whether host:port is of this machine alone, as far as can be said without asking for a name.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip, noIP := netip.ParseAddr(host)
	return err == nil && (host == "localhost" || noIP == nil && ip.IsLoopback())
}

// ViewerURL is the address to open or to hand to a viewer, with the first key that has not expired where one is needed.
// It is empty where there is none such: nobody can watch then.
func (r *Run) ViewerURL() string {
	if r.keys == nil {
		return withKey(r.page(), "")
	}
	key, is := r.keys.List().First(time.Now())
	if !is {
		return ""
	}
	return withKey(r.page(), key.Secret)
}

// page returns the address of the page, without a key.
func (r *Run) page() url.URL { return r.cfg.page(r.hostOf(r.listener)) }

// page returns the address of the page, without a key. The host and port are those at which it can be reached where no
// public address says another.
func (c Config) page(host string) url.URL {
	if parsed, err := url.Parse(c.HTTP.PublicURL); err == nil && c.HTTP.PublicURL != "" { // it was checked
		return *parsed
	}
	u := url.URL{Scheme: "http", Host: host, Path: "/"}
	if c.TLS.Cert != "" || c.TLS.SelfSigned {
		u.Scheme = "https"
	}
	return u
}

// withKey returns an address with a key, unless that is empty.
func withKey(page url.URL, secret string) string {
	if secret != "" {
		page.RawQuery = url.Values{"key": {secret}}.Encode()
	}
	return page.String()
}

// hostOf returns the host and port at which a listener can be reached.
func (r *Run) hostOf(listener net.Listener) string {
	device := r.cfg.Channels[0].Interface // a certificate is made before there are channels
	if channels := r.list(); len(channels) > 0 {
		device = channels[0].plan.Interface
	}
	return reachable(listener.Addr().String(), device)
}

// reachable returns the host and port at which an address to listen at can be reached: where that is every interface's,
// the address of the named one, or of any.
func reachable(address, device string) string {
	host, port, err := net.SplitHostPort(address)
	ip, noIP := netip.ParseAddr(host)
	if err != nil || host != "" && (noIP != nil || !ip.IsUnspecified()) {
		return address
	}
	return net.JoinHostPort(ownAddress(device).String(), port)
}

// hosts returns the names under which viewers may ask for the page: the machine's, and that of its public address.
func (r *Run) hosts() (names []string) {
	if name, err := os.Hostname(); err == nil {
		names = append(names, name, name+".local")
	}
	if public, err := url.Parse(r.cfg.HTTP.PublicURL); err == nil && public.Hostname() != "" {
		names = append(names, public.Hostname())
	}
	return names
}

// ownAddress returns an address of this machine that others reach it by: of the named interface, or of any.
func ownAddress(device string) netip.Addr {
	found := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	devices, err := net.Interfaces()
	if err != nil {
		return found
	}
	for _, d := range devices {
		if device != "" && d.Name != device || d.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := d.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLoopback() {
				return prefix.Addr()
			}
		}
	}
	return found
}
