package app

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"

	"github.com/isc-receiver/isc-receiver/internal/host"
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

// explainPorts turns the error of a port into a sentence for the operator.
func explainPorts(err error) error {
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
	default:
		return err
	}
}

// explainLiveCapture turns the error of a live capture into a sentence for the operator.
func explainLiveCapture(err error) error {
	switch {
	case errors.Is(err, source.ErrUnsupported):
		return &sentence{"Packets can be captured on Linux only. Set the channel's source to udp.", err}
	case !errors.Is(err, source.ErrPermission):
		return &sentence{fmt.Sprintf("Packets cannot be captured: %s. Choose another network interface, "+
			"or set the channel's source to udp.", errorText(err)), err}
	}
	unit, _ := host.Service()
	return &sentence{noRight(unit, ownPath()), err}
}

// packagedUnit is the unit of the Debian package, beside which there is a file that gives it the right to capture.
const packagedUnit = "isc-receiverd.service"

// noRight says how a program gets the right to capture: the service whose unit it is, where it is one.
func noRight(unit, program string) string {
	const what = "Live capture needs a right that this program does not have: CAP_NET_RAW. "
	switch unit {
	case "":
	case packagedUnit:
		return what + "Give it to the service: sudo install -D -m 644 /usr/share/isc-receiverd/live-capture.conf " +
			"/etc/systemd/system/isc-receiverd.service.d/live-capture.conf && sudo systemctl daemon-reload && " +
			"sudo systemctl restart isc-receiverd"
	default:
		return fmt.Sprintf(what+"Give it to the service: enter \"sudo systemctl edit %[1]s\", add the lines "+
			"[Service] and AmbientCapabilities=CAP_NET_RAW, then enter \"sudo systemctl restart %[1]s\".", unit)
	}
	if strings.ContainsAny(program, " \t'\"\\$`&;|<>()*?~#!") { // to a shell, that is
		program = "'" + strings.ReplaceAll(program, "'", `'\''`) + "'"
	}
	return what + "Give it once with: sudo setcap cap_net_raw+ep " + program
}
