package source

import (
	"encoding/binary"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// controlSize holds the two control messages asked for, with room to spare.
const controlSize = 128

// maxWait is the longest time that a datagram is said to have waited in the kernel. One that has waited longer, such as
// while the machine slept, is as old as makes no difference.
const maxWait = time.Minute

// bindToDevice returns what binds a socket to an interface before it is bound to a port, or nil where the system does
// not allow it.
func bindToDevice(device string) func(network, address string, c syscall.RawConn) error {
	probe, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(probe) }() // nothing was done with it
	if unix.BindToDevice(probe, device) != nil {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) (err error) {
		if cerr := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), device) }); cerr != nil {
			return cerr
		}
		return err
	}
}

// configure asks for receive times, drop counts and a large buffer, and returns the buffer that the kernel gave.
func configure(conn syscall.Conn) (buffer int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := raw.Control(func(handle uintptr) {
		fd := int(handle)
		if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
			return
		}
		if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1); err != nil {
			return
		}
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, WantedBuffer) != nil {
			// Only an administrator may go past the system's limit; the kernel cuts this one silently.
			if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, WantedBuffer); err != nil {
				return
			}
		}
		buffer, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	})
	if cerr != nil {
		return 0, cerr
	}
	return buffer / 2, err // the kernel doubles it for its own bookkeeping
}

// parseControl reads when a datagram arrived, as a time with now's monotonic reading, and how many datagrams the
// socket has dropped so far, modulo 2^32. The kernel's time is the wall clock's. It says how long the datagram has
// waited, which is taken off now: so a step of the clock touches only what waited meanwhile, and what waited while the
// machine slept, when the monotonic clock stands still, is old all the same.
func parseControl(control []byte, now time.Time) (arrival time.Time, dropped uint32, counted bool) {
	arrival = now
	for len(control) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return arrival, dropped, counted
		}
		control = rest
		if header.Level != unix.SOL_SOCKET {
			continue
		}
		switch {
		case header.Type == unix.SCM_TIMESTAMPNS && len(data) >= 16:
			kernel := time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
			arrival = now.Add(-min(max(now.Round(0).Sub(kernel), 0), maxWait))
		case header.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
			dropped, counted = binary.NativeEndian.Uint32(data), true
		}
	}
	return arrival, dropped, counted
}

// tooLong returns false: a datagram that is longer than the buffer is truncated, and no error.
func tooLong(error) bool { return false }

func truncated(flags int) bool { return flags&unix.MSG_TRUNC != 0 }
