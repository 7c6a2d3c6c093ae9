package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

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

func onLoopback(listener net.Listener) bool {
	address, err := netip.ParseAddrPort(listener.Addr().String())
	return err == nil && address.Addr().IsLoopback()
}

// ViewerURL is the address to open or to hand to a viewer, with the key where one is needed.
func (r *Run) ViewerURL() string {
	u := url.URL{Scheme: "http", Path: "/"}
	if r.certificate != nil {
		u.Scheme = "https"
	}
	if public := r.cfg.HTTP.PublicURL; public != "" {
		if parsed, err := url.Parse(public); err == nil { // it was checked
			u = *parsed
		}
	} else {
		u.Host = r.host()
	}
	if r.key != "" {
		u.RawQuery = url.Values{"key": {r.key}}.Encode()
	}
	return u.String()
}

// host returns the host and port at which the page can be reached.
func (r *Run) host() string { return r.hostOf(r.listener) }

// hostOf returns the host and port at which a listener can be reached.
func (r *Run) hostOf(listener net.Listener) string {
	address, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil || !address.Addr().IsUnspecified() {
		return listener.Addr().String()
	}
	return netip.AddrPortFrom(ownAddress(r.list()[0].plan.Interface), address.Port()).String()
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

// loadKey returns the key that viewers' links carry, and makes and stores one the first time. Where it cannot be
// stored, the key is good for this run, and the error says why.
func loadKey() (string, error) {
	fresh := make([]byte, 16)
	_, _ = rand.Read(fresh) // crypto/rand never fails
	key := hex.EncodeToString(fresh)
	path, err := keyPath()
	if err != nil {
		return key, err
	}
	stored, err := os.ReadFile(path)
	switch {
	case err == nil && len(strings.TrimSpace(string(stored))) >= 16:
		return strings.TrimSpace(string(stored)), nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return key, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return key, err
	}
	return key, os.WriteFile(path, []byte(key+"\n"), 0o600)
}

// keyPath returns where the key is kept: the service's state directory, or the user's own configuration.
func keyPath() (string, error) {
	if state := stateDirectory(); state != "" {
		return filepath.Join(state, "viewer-key"), nil
	}
	config, err := os.UserConfigDir()
	return filepath.Join(config, "isc-receiver", "viewer-key"), err
}
