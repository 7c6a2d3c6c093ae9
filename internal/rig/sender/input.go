package sender

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// inputBuffer is the receive buffer that is asked for: a keyframe comes at once.
const inputBuffer = 4 << 20

// listenRTP opens the sockets that RTP comes to. What is called localhost is both 127.0.0.1 and ::1, since programs
// choose either; one of them is enough where the system has no other.
func listenRTP(address string) ([]*net.UDPConn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, explainListen(err, address, port)
	}
	hosts := []string{host}
	if host == "localhost" {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var sockets []*net.UDPConn
	for i, host := range hosts {
		socket, err := listenUDP(net.JoinHostPort(host, port))
		if err != nil && i > 0 && !errors.Is(err, syscall.EADDRINUSE) {
			break // there is no IPv6
		}
		if err != nil {
			for _, socket := range sockets {
				_ = socket.Close()
			}
			return nil, explainListen(err, address, port)
		}
		sockets = append(sockets, socket)
	}
	return sockets, nil
}

func listenUDP(address string) (*net.UDPConn, error) {
	local, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", local)
	if err != nil {
		return nil, err
	}
	if err := socket.SetReadBuffer(inputBuffer); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// explainListen says what it means that a socket cannot be opened.
func explainListen(err error, address, port string) error {
	if isNoAddress(err) {
		return fmt.Errorf("%w: listen: %q is no address, such as localhost:1234", ErrConfig, address)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program has UDP port %s, which the RTP should come to: is a sender running already? "+
			"End it, or choose another port with --listen", port)
	}
	return fmt.Errorf("RTP cannot be received at %s: %w", address, err)
}

// isNoAddress tells whether a socket cannot be opened because its address is not written as one.
func isNoAddress(err error) bool {
	_, is := errors.AsType[*net.AddrError](err)
	return is
}
