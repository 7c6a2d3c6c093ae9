package uplink

import (
	"errors"
	"fmt"
	"syscall"
)

// isRefused tells whether an error is the other side's report that nobody listened when a datagram came there.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// passes tells whether a socket that had this error may be used again as it is.
func passes(err error) bool {
	for _, passing := range []error{
		syscall.EAGAIN, syscall.ENOBUFS, syscall.ECONNREFUSED, syscall.EPERM, syscall.EMSGSIZE, syscall.ENOMEM,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// explain says what an error of a socket means, and what to do.
func explain(err error, s *socket) error {
	by := s.device.name
	if by == "" {
		by = "this machine"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens at %v: is the receiver running?", s.to)
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOBUFS):
		return fmt.Errorf("the queue of %s is full: it is slower than what it should carry", by)
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return fmt.Errorf("sending by %s to %v is forbidden: look at the firewall of this machine", by, s.to)
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fmt.Errorf("there is no route from %s to %v: is the modem connected to its network?", by, s.to.Addr())
	case errors.Is(err, syscall.ENETDOWN), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%s is switched off, or was taken away", by)
	case errors.Is(err, syscall.EMSGSIZE):
		return fmt.Errorf("a datagram is too large for %s: make the RTP packets smaller", by)
	}
	return fmt.Errorf("sending by %s to %v fails: %w", by, s.to, err)
}
