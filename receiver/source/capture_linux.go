package source

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"unsafe"

	"github.com/mdlayher/packet"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// captureSocket is a packet socket (packet(7)) and the memory of its last packet. Packets begin with the network layer,
// so that it does not matter what kind of interface they come from; the kernel takes the outermost VLAN tag off.
type captureSocket struct {
	conn *packet.Conn
	raw  syscall.RawConn

	buffer  [maxPacket]byte
	control [controlSize]byte
	from    unix.RawSockaddrLinklayer
	vector  unix.Iovec
	message unix.Msghdr
	size    uintptr
	errno   unix.Errno
	receive func(fd uintptr) bool // made once, as a closure for each packet would be memory for each packet
}

// openCapture opens a socket on the interface with that index, or on all where it is 0, and returns its receive buffer.
func openCapture(index int, ports []int) (s *captureSocket, buffer int, err error) {
	filter, err := bpf.Assemble(captureFilter(ports))
	if err != nil {
		return nil, 0, fmt.Errorf("source: filter for ports %v: %w", ports, err)
	}
	s = new(captureSocket)
	if s.conn, err = listenPackets(index, unix.ETH_P_ALL, filter); err != nil {
		return nil, 0, err
	}
	if buffer, err = s.prepare(index); err != nil {
		_ = s.conn.Close() // the error to report is the first one
		return nil, 0, fmt.Errorf("source: packet socket: %w", err)
	}
	return s, buffer, nil
}

// listenPackets opens a socket for that protocol. Where the service manager keeps a program from packet sockets, the
// system says that it has none.
func listenPackets(index, protocol int, filter []bpf.RawInstruction) (*packet.Conn, error) {
	conn, err := packet.Listen(&net.Interface{Index: index}, packet.Datagram, protocol, &packet.Config{Filter: filter})
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.EAFNOSUPPORT):
		return nil, fmt.Errorf("%w: %w", ErrPermission, err)
	case errors.Is(err, unix.ENODEV):
		return nil, fmt.Errorf("%w: %w", ErrInterface, err)
	case err != nil:
		return nil, fmt.Errorf("source: packet socket: %w", err)
	}
	return conn, nil
}

// mayCapture returns ErrPermission where no packet socket may be opened, and nil otherwise.
func mayCapture() error {
	conn, err := listenPackets(0, 0, nil)
	if err != nil {
		return err
	}
	return conn.Close()
}

// prepare sets the options of the socket, and returns its receive buffer.
func (s *captureSocket) prepare(index int) (buffer int, err error) {
	if s.raw, err = s.conn.SyscallConn(); err != nil {
		return 0, err
	}
	if buffer, err = configure(s.conn); err != nil {
		return 0, err
	}
	if index != 0 {
		if err = s.conn.SetPromiscuous(true); err != nil {
			return 0, err
		}
	}
	var failed int
	cerr := s.raw.Control(func(fd uintptr) {
		if err = unix.SetsockoptInt(int(fd), unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err == nil {
			failed, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		}
	})
	err = cmp.Or(err, cerr)
	if err == nil && failed != 0 {
		err = unix.Errno(failed) // such as that the interface is switched off
	}
	s.vector.Base = &s.buffer[0]
	s.message.Iov, s.message.Iovlen = &s.vector, 1
	s.message.Name, s.message.Control = (*byte)(unsafe.Pointer(&s.from)), &s.control[0]
	s.receive = func(fd uintptr) bool {
		s.errno = unix.EINTR
		for s.errno == unix.EINTR {
			s.size, _, s.errno = unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&s.message)), 0)
		}
		return s.errno != unix.EAGAIN
	}
	return buffer, err
}

// next returns the next packet, valid until the next call.
func (s *captureSocket) next() (capturedPacket, error) {
	s.vector.SetLen(len(s.buffer))
	s.message.Namelen = unix.SizeofSockaddrLinklayer
	s.message.SetControllen(len(s.control))
	if err := s.raw.Read(s.receive); err != nil {
		return capturedPacket{}, err
	}
	if s.errno != 0 {
		return capturedPacket{}, s.errno
	}
	control := s.control[:s.message.Controllen]
	return capturedPacket{s.buffer[:s.size], control, int(s.from.Ifindex), isChecked(control)}, nil
}

// isChecked reads whether the checksum of UDP is known to be right, or is yet to be computed, as in packets that never
// leave the machine.
func isChecked(control []byte) bool {
	for len(control) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return false
		}
		if header.Level == unix.SOL_PACKET && header.Type == unix.PACKET_AUXDATA && len(data) >= 4 {
			return binary.NativeEndian.Uint32(data)&(unix.TP_STATUS_CSUM_VALID|unix.TP_STATUS_CSUMNOTREADY) != 0
		}
		control = rest
	}
	return false
}

// Close closes the socket, which ends next.
func (s *captureSocket) Close() error { return s.conn.Close() }

// onOthers are the kinds of interfaces that get what others below them got before.
var onOthers = []string{"bridge", "bond", "team", "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "vrf"}

// stackedInterfaces tells of each interface whether it is of such a kind. Where the system does not say, it returns
// what was known before.
func stackedInterfaces(before map[int]bool) map[int]bool {
	table, err := syscall.NetlinkRIB(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return before
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return before
	}
	all := make(map[int]bool)
	for i := range messages {
		attributes, err := syscall.ParseNetlinkRouteAttr(&messages[i])
		if err != nil || messages[i].Header.Type != syscall.RTM_NEWLINK {
			continue
		}
		index := int((*syscall.IfInfomsg)(unsafe.Pointer(&messages[i].Data[0])).Index)
		all[index] = false
		for _, a := range attributes {
			if a.Attr.Type&^unix.NLA_F_NESTED == unix.IFLA_LINKINFO {
				all[index] = slices.Contains(onOthers, kindOf(a.Value))
			}
		}
	}
	return all
}

// kindOf finds the name of an interface's kind among the attributes that are nested in IFLA_LINKINFO (netlink(7)).
func kindOf(nested []byte) string {
	for len(nested) >= unix.SizeofNlAttr {
		size := int(binary.NativeEndian.Uint16(nested))
		if size < unix.SizeofNlAttr || size > len(nested) {
			break
		}
		if binary.NativeEndian.Uint16(nested[2:]) == unix.IFLA_INFO_KIND {
			return unix.ByteSliceToString(nested[unix.SizeofNlAttr:size])
		}
		nested = nested[min((size+unix.NLA_ALIGNTO-1)&^(unix.NLA_ALIGNTO-1), len(nested)):]
	}
	return ""
}
