package app

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/isc-receiver/isc-receiver/internal/portowner"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// sentence is an error whose text is for the operator.
type sentence struct {
	text string
	err  error
}

func (s *sentence) Error() string { return s.text }
func (s *sentence) Unwrap() error { return s.err }

// errorText returns the last part of a chain of errors, which says what the system said.
func errorText(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// explainPorts turns the error of a port on an interface into a sentence for the operator.
func explainPorts(device string, err error) error {
	var p *source.PortError
	switch {
	case errors.As(err, &p) && errors.Is(err, syscall.EADDRINUSE):
		anywhere := netip.AddrPortFrom(netip.Addr{}, uint16(p.Port))
		owner := portowner.Find(portowner.Port{Network: "udp", Local: anywhere})[0]
		return &sentence{fmt.Sprintf("UDP port %d is in use by %s. %s or choose other ports.",
			p.Port, owner, owner.Remedy()), err}
	case errors.As(err, &p) && errors.Is(err, syscall.EACCES):
		return &sentence{fmt.Sprintf("UDP port %d may not be opened by this user. Choose ports from 1024 up.", p.Port), err}
	case errors.As(err, &p):
		return &sentence{fmt.Sprintf("UDP port %d cannot be opened: %s. Choose other ports or another network interface.",
			p.Port, errorText(err)), err}
	case errors.Is(err, source.ErrInterface):
		return &sentence{fmt.Sprintf("The network interface %s is not there, or has no address. "+
			"Connect it, or choose another one, or all.", device), err}
	default:
		return err
	}
}
