package app

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// rtpSender sends RTP packets on to a UDP address.
type rtpSender struct{ conn net.Conn }

func dialRTP(address string) (*rtpSender, error) {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return nil, err
	}
	return &rtpSender{conn}, nil
}

// WritePacket implements receiver.PacketOutput. Nobody listening is no error: a player may come later.
func (s *rtpSender) WritePacket(rtp []byte, _ time.Time) error {
	if _, err := s.conn.Write(rtp); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return nil
}

func (s *rtpSender) close() { _ = s.conn.Close() } // UDP holds nothing back
