package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ownHost lets only requests pass that are meant for this server by name: for an IP address, localhost, or one of the
// names that it was given. Another site whose name was made to point here (DNS rebinding) gets nothing.
func (s *Server) ownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.isOwn(r.Host) {
			writeText(w, http.StatusForbidden, "The receiver does not answer under this name. "+
				"Use its IP address, or have its operator set public_url.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOwn tells whether a Host header names this server.
func (s *Server) isOwn(host string) bool {
	name := host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	address := strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if _, err := netip.ParseAddr(address); err == nil {
		return true
	}
	return name == "localhost" || s.hosts[name]
}

// hostSet returns the names that Host headers may have.
func hostSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[strings.ToLower(strings.TrimSuffix(name, "."))] = true
	}
	return set
}
