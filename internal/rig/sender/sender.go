package sender

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/rig/feed"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/internal/rig/uplink"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// tickEvery is how often the plan and the status follow what has happened.
const tickEvery = 250 * time.Millisecond

// Sender is a rig. It is used once.
type Sender struct {
	config  Config
	uplink  *uplink.Uplink
	stream  *stream
	feed    *feed.Feed // nil where RTP comes from elsewhere
	inputs  []*net.UDPConn
	status  *statusServer // nil where none is asked for
	started time.Time
	shares  shares
	ticked  atomic.Pointer[time.Time] // when the plan last followed
}

// ErrStuck says that the rig makes no progress.
var ErrStuck = errors.New("no progress")

// New opens the local sockets of a rig, which Run closes. The error is ErrConfig, or says which socket could not be
// opened, and what to do.
func New(config Config) (*Sender, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Sender{config: config, started: time.Now()}
	s.ticked.Store(&s.started)
	var err error
	s.uplink, err = uplink.New(uplink.Config{
		Host: config.To, Ports: config.Ports, Interfaces: config.Interfaces, Log: config.Log, Heard: s.heard,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if s.stream, err = newStream(config, s.uplink, s.started); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open opens the input and the status address.
func (s *Sender) open() (err error) {
	listen := s.config.Listen
	if s.config.Feed != nil {
		listen = "127.0.0.1:0"
	}
	if s.inputs, err = listenRTP(listen); err != nil {
		return err
	}
	if s.config.Feed != nil {
		cfg := *s.config.Feed
		cfg.PacketSize = min(s.stream.limit, isc.MaxLength)
		to := s.inputs[0].LocalAddr().(*net.UDPAddr).AddrPort()
		s.feed = feed.New(cfg, to, s.config.Log)
		s.stream.splice = new(feed.Splice)
	}
	if s.config.StatusAddr == "" {
		return nil
	}
	if s.status, err = listenStatus(s.config.StatusAddr, s.Status); err != nil {
		return err
	}
	if address := s.status.listener.Addr().(*net.TCPAddr); !address.IP.IsLoopback() {
		s.config.Log.Warn("Everyone who reaches the status address can read it, and no key is asked for: take 127.0.0.1 "+
			"with --status-addr, unless the network is closed", "address", address)
	}
	return nil
}

// Run sends until ctx ends. It returns after all it started has ended.
func (s *Sender) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	defer parts.Wait()
	defer s.close() // ends the readers
	parts.Go(func() { s.uplink.Run(ctx) })
	for _, socket := range s.inputs {
		parts.Go(func() { s.read(socket) })
	}
	if s.feed != nil {
		parts.Go(func() { s.feed.Run(ctx) })
	}
	if s.status != nil {
		parts.Go(s.status.run)
	}
	s.config.Log.Info("a rig sends", "to", s.config.To, "ports", s.config.Ports, "RTP", s.RTP(),
		"largest RTP packet", s.stream.limit)
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			cancel()
			return nil
		case <-s.stream.timer.C:
			s.stream.due(time.Now())
		case now := <-ticker.C:
			s.tick(now)
		}
	}
}

// RTP returns the addresses that RTP comes to.
func (s *Sender) RTP() []netip.AddrPort {
	addresses := make([]netip.AddrPort, len(s.inputs))
	for i, socket := range s.inputs {
		addresses[i] = socket.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	return addresses
}

// StatusAddr returns the address of the status, or nil.
func (s *Sender) StatusAddr() net.Addr {
	if s.status == nil {
		return nil
	}
	return s.status.listener.Addr()
}

// Check returns nil where the rig makes progress, or ErrStuck where it has made none for longer than patience, though
// Run was called. It waits for nothing, and any goroutine may call it.
func (s *Sender) Check(patience time.Duration) error {
	if stuck := time.Since(*s.ticked.Load()); stuck > max(patience, 2*tickEvery) {
		return fmt.Errorf("%w for %.1f s", ErrStuck, stuck.Seconds())
	}
	return nil
}

func (s *Sender) tick(now time.Time) {
	states := s.uplink.States()
	up := make([]plan.Up, len(states))
	for i, state := range states {
		up[i] = plan.Up(state)
	}
	bitrate := s.stream.tick(up, now)
	if s.feed != nil {
		s.feed.SetBitrate(bitrate)
	}
	s.shares.note(s.uplink.Status())
	s.ticked.Store(&now)
}

// read takes RTP packets from a socket until that is closed.
func (s *Sender) read(socket *net.UDPConn) {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // a socket that is not connected has none that last
			s.config.Log.Warn("RTP could not be read", "error", err)
			continue
		}
		if s.feed != nil {
			s.feed.Came(buffer[:n])
		}
		s.stream.input(buffer[:n], from, time.Now())
	}
}

// heard takes what came back on a link.
func (s *Sender) heard(link int, datagram []byte) {
	said, err := rig.ParseFeedback(datagram)
	if err != nil {
		s.stream.strange()
		return
	}
	s.stream.feedback(link, said, time.Now())
}

// close closes the local sockets.
func (s *Sender) close() {
	for _, socket := range s.inputs {
		_ = socket.Close() // nothing is lost by it
	}
	if s.status != nil {
		s.status.close()
	}
}
