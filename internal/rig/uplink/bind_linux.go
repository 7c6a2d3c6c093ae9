package uplink

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// bindToDevice returns what binds a socket to an interface before it is bound to a port, or nil where the system does
// not allow it.
func bindToDevice(device string) func(network, address string, c syscall.RawConn) error {
	probe, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(probe) }() // nothing was done with it
	if unix.BindToDevice(probe, device) == unix.EPERM {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) (err error) {
		if cerr := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), device) }); cerr != nil {
			return cerr
		}
		return err
	}
}
