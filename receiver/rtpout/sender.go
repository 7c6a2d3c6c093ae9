// Package rtpout sends the RTP packets of a channel on to a UDP address, for other programs, and describes them in SDP
// (RFC 8866, with the parameters of RFC 6184, section 8.1), which is what a player needs to open them.
package rtpout

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// ErrAddress says that RTP packets cannot be sent to an address.
var ErrAddress = errors.New("rtpout: no way to the address")

// Config says where the packets go.
type Config struct {
	To   string // host:port
	Name string // of the stream, for people

	// Save takes the description, of which it keeps nothing, each time that it changes. It is called by New and by
	// WriteUnit, there once a second at most.
	Save func(sdp []byte) error
}

// Counts are how many packets were sent, and what became of them.
type Counts struct {
	Sent    uint64
	Refused uint64 // of these, how often the other host said that nobody listens
	Failed  uint64 // not sent
}

// Sender sends one stream. WritePacket and WriteUnit are for one goroutine each; Counts may be called from any.
type Sender struct {
	conn   *net.UDPConn
	writer *writer

	sent, refused, failed atomic.Uint64
	payloadType           atomic.Uint32 // of the packet that was sent last

	// Of the goroutine that calls WriteUnit.
	save  func([]byte) error
	sdp   description // as it should be
	saved description // as it was saved
	next  time.Time   // nothing is saved before
}

// New opens a socket and has a first description saved. It returns ErrAddress, or an error of Save's with a Sender that
// works.
func New(cfg Config) (*Sender, error) {
	address, err := net.ResolveUDPAddr("udp", cfg.To)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	conn, err := net.DialUDP("udp", nil, address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	w, err := newWriter(conn)
	if err != nil {
		_ = conn.Close() // the error to report is the first one
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	s := &Sender{conn: conn, writer: w, save: cfg.Save}
	s.sdp = description{
		id: time.Now().UnixNano(), name: cfg.Name, payloadType: usualType,
		from: conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr(), to: conn.RemoteAddr().(*net.UDPAddr).AddrPort(),
	}
	s.payloadType.Store(usualType)
	return s, s.describe()
}

// WritePacket sends a packet without ever waiting: one that finds the socket's buffer full is not sent. That nobody
// listens is no error, as a player may come later.
func (s *Sender) WritePacket(rtp []byte, _ time.Time) error {
	err := s.writer.write(rtp)
	if errors.Is(err, syscall.ECONNREFUSED) { // that was the answer to one before, and this one was not sent for it
		s.refused.Add(1)
		err = s.writer.write(rtp)
	}
	if err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
		s.failed.Add(1)
		return err
	}
	s.sent.Add(1)
	if kind := uint32(rtp[1] & 0x7F); kind != s.payloadType.Load() { // RFC 3550, section 5.1
		s.payloadType.Store(kind)
	}
	return nil
}

// WriteUnit takes note of the stream's parameters, and has a new description saved when they change. The error is that
// of Save, which is then called again.
func (s *Sender) WriteUnit(unit media.AccessUnit) error {
	s.sdp.payloadType = uint8(s.payloadType.Load())
	s.sdp.remember(unit.NALUs)
	now := time.Now()
	if s.sdp.same(s.saved) || now.Before(s.next) {
		return nil
	}
	s.next = now.Add(time.Second)
	return s.describe()
}

// describe has the description saved.
func (s *Sender) describe() error {
	s.sdp.version++
	if err := s.save(s.sdp.text()); err != nil {
		return fmt.Errorf("rtpout: SDP: %w", err)
	}
	s.saved = s.sdp
	return nil
}

// Counts returns what has been sent so far.
func (s *Sender) Counts() Counts {
	return Counts{Sent: s.sent.Load(), Refused: s.refused.Load(), Failed: s.failed.Load()}
}

// Close closes the socket. Nothing may be written any more.
func (s *Sender) Close() { _ = s.conn.Close() } // UDP holds nothing back
