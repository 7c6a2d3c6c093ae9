package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwardedFor is where proxies write whom they speak for.
const forwardedFor = "X-Forwarded-For"

// clientOf returns the address that a request came from. What proxies say of it is believed where they are trusted, and
// for as many of them in a row as are; the first that is not is the client.
func (s *Server) clientOf(r *http.Request) netip.Addr {
	address := peerOf(r)
	if !s.trusts(address) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return address
		}
		if address = next.Unmap().WithZone(""); !s.trusts(address) {
			return address
		}
	}
	return address
}

// encrypted tells whether the client's connection is, to this server or to a proxy that is trusted.
func (s *Server) encrypted(r *http.Request) bool {
	return r.TLS != nil || s.trusts(peerOf(r)) && r.Header.Get("X-Forwarded-Proto") == "https"
}

func (s *Server) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(s.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// isLocal tells whether a request comes from this machine, and not through a proxy on it.
func isLocal(r *http.Request) bool {
	forwarded := r.Header.Get("Forwarded") + r.Header.Get(forwardedFor) + r.Header.Get("X-Real-Ip")
	return peerOf(r).IsLoopback() && forwarded == ""
}

// peerOf returns the address at the other end of a request's connection.
func peerOf(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr().Unmap().WithZone("")
}

// customer returns what one customer of a network has: of IPv6 the first 64 bits.
func customer(address netip.Addr) netip.Addr {
	if address.Is6() && !address.IsLoopback() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return address
}
