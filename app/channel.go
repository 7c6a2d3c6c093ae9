package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/isc-receiver/isc-receiver/hls"
	"github.com/isc-receiver/isc-receiver/internal/portowner"
	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/preview"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// channel is one rig with all that is connected to it.
type channel struct {
	cfg      Channel
	source   *source.UDP
	receiver *receiver.Channel
	hls      *hls.Publisher
	preview  *preview.Decoder // nil where nobody looks
	rtp      *rtpSender       // nil where none is wanted
}

func openChannel(cfg Channel, all Config, pool *inbox.Pool, log *slog.Logger) (*channel, error) {
	log = log.With("channel", cfg.ID)
	src, err := source.ListenUDP(cfg.Interface, cfg.Ports, pool)
	if err != nil {
		return nil, explainPorts(cfg.Interface, err)
	}
	ch := &channel{cfg: cfg, source: src}
	ch.cfg.Ports = src.Ports()
	var outputs []receiver.Output
	ch.hls, err = hls.New(hls.Config{
		Variant: all.HLS.Variant, Segment: time.Duration(all.HLS.Segment), Part: time.Duration(all.HLS.Part), Log: log,
	})
	if err != nil {
		src.Close()
		return nil, fmt.Errorf("%w: %w", ErrSetting, err)
	}
	ch.hls.SetEnabled(all.HLS.Enabled)
	outputs = append(outputs, ch.hls)
	if all.Preview {
		ch.preview = preview.New(preview.Config{Log: log})
		outputs = append(outputs, ch.preview)
	}
	if cfg.RTPTo != "" {
		if ch.rtp, err = dialRTP(cfg.RTPTo); err != nil {
			src.Close()
			ch.close()
			return nil, fmt.Errorf("%w: channel.rtp_to: %w", ErrSetting, err)
		}
	}
	ch.receiver = receiver.New(receiver.Config{
		ID: cfg.ID, Name: cfg.Name, Ports: ch.cfg.Ports, Latency: time.Duration(cfg.Latency),
		Freeze: cfg.AfterLoss == AfterLossFreeze,
	}, src, pool, log, outputs...)
	if ch.rtp != nil {
		ch.receiver.SendPackets(ch.rtp)
	}
	return ch, nil
}

// run receives until ctx ends.
func (ch *channel) run(ctx context.Context, log *slog.Logger) {
	if ch.preview != nil {
		stop := context.AfterFunc(ctx, ch.preview.Close) // frees a write that a hung child holds up
		defer stop()
	}
	if err := ch.receiver.Run(ctx); err != nil {
		log.Error("reception ended", "channel", ch.cfg.ID, "error", err)
	}
}

// close closes the outputs. Nothing may be received any more.
func (ch *channel) close() {
	if ch.preview != nil {
		ch.preview.Close()
	}
	ch.hls.Close()
	if ch.rtp != nil {
		ch.rtp.close()
	}
}

func (ch *channel) snapshot() status.Channel {
	s := ch.receiver.Snapshot()
	h := ch.hls.Status()
	s.HLS = status.HLS{
		Enabled: h.Enabled, Ready: h.Ready, Epoch: h.Epoch, Error: h.Error,
		Path: "/hls/" + ch.cfg.ID + "/index.m3u8",
	}
	return s
}

// warnings says what is not as it should be.
func (ch *channel) warnings() []string {
	if got := ch.source.Buffer(); got < source.WantedBuffer {
		return []string{fmt.Sprintf("The system limits receive buffers to %d KiB, so bursts of packets can get lost. "+
			"Set it to %d KiB: sudo sysctl -w net.core.rmem_max=%d", got>>10, source.WantedBuffer>>10, source.WantedBuffer)}
	}
	return nil
}

// explainPorts turns the error of a port on an interface into a sentence for the operator.
func explainPorts(device string, err error) error {
	var p *source.PortError
	switch {
	case errors.As(err, &p) && errors.Is(err, syscall.EADDRINUSE):
		owner := "another program"
		if name, pid, ok := portowner.Find("udp", p.Port); ok {
			owner = fmt.Sprintf("%s (pid %d)", name, pid)
		}
		return &sentence{fmt.Sprintf("UDP port %d is in use by %s. Close it or choose other ports.", p.Port, owner), err}
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

// sentence is an error whose text is for the operator.
type sentence struct {
	text string
	err  error
}

func (s *sentence) Error() string { return s.text }
func (s *sentence) Unwrap() error { return s.err }

// runDemo runs the simulated rig that sends to the first channel.
func (r *Run) runDemo(ctx context.Context) {
	host := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	to := make([]netip.AddrPort, 0, len(r.channels[0].cfg.Ports))
	for _, port := range r.channels[0].cfg.Ports {
		to = append(to, netip.AddrPortFrom(host, uint16(port)))
	}
	if err := rig.RunDemo(ctx, rig.DemoConfig{To: to, Seed: 1, Log: r.log}); err != nil {
		r.log.Error("the demonstration ended", "error", err)
	}
}

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
