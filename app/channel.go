package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/hls"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/preview"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// plan is what a channel is opened with: two that are the same would give the same channel.
type plan struct {
	Channel

	legacy  bool   // it is served at the old address, too
	demo    bool   // a simulated rig sends to it
	capture string // a file that it plays in place of receiving, or empty
}

// same tells whether a channel with one plan can go on with the other.
func (p plan) same(other plan) bool {
	return p.Channel.same(other.Channel) && p.demo == other.demo && p.legacy == other.legacy &&
		p.capture == other.capture
}

// same tells whether reception can go on with other settings: all but the latency budget is the same, which can be
// changed.
func (c Channel) same(other Channel) bool {
	return c.ID == other.ID && c.Name == other.Name && c.Interface == other.Interface && c.Source == other.Source &&
		c.AfterLoss == other.AfterLoss && c.RTPTo == other.RTPTo &&
		slices.Equal(c.Ports, other.Ports) && slices.Equal(c.Allow, other.Allow)
}

// channel is one rig with all that is connected to it. It is made by newChannel, then connected, started, halted and
// closed, each once.
type channel struct {
	plan  plan
	ports Ports // that it got
	log   *slog.Logger

	source   channelSource // nil until it is connected
	receiver *receiver.Channel
	hls      *hls.Publisher
	plain    *hls.Publisher   // nil where it is not served at the old address
	preview  *preview.Decoder // nil where there is no window
	rtp      *rtpOutput       // nil where none is wanted

	saving saving
	played atomic.Pointer[playEnd] // nil while it plays, and where it receives

	trouble []string // warnings of newChannel

	stop context.CancelFunc
	done chan struct{} // all that start started has ended
}

// channelSource is a receiver.Source with sockets or files that are open.
type channelSource interface {
	receiver.Source
	Ports() []int
	Close()
}

// newChannel makes a channel with its outputs, which receives nothing yet.
func newChannel(p plan, all Config, log *slog.Logger) (*channel, error) {
	log = log.With("channel", p.ID)
	ch := &channel{plan: p, log: log, stop: func() {}, done: make(chan struct{})}
	var err error
	ch.hls, err = hls.New(hls.Config{
		Variant: all.HLS.Variant, Segment: time.Duration(all.HLS.Segment), Part: time.Duration(all.HLS.Part), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSetting, err)
	}
	ch.hls.SetEnabled(all.HLS.Enabled)
	if p.legacy {
		if ch.plain, err = newPlain(log); err != nil {
			ch.close()
			return nil, err
		}
		ch.plain.SetEnabled(all.HLS.Enabled)
	}
	if p.RTPTo != "" {
		ch.rtp, err = openRTP(p.Channel)
		switch {
		case ch.rtp == nil:
			ch.close()
			return nil, err
		case err != nil:
			ch.trouble = append(ch.trouble, fmt.Sprintf("The SDP file for players of the RTP packets was not written: %v. "+
				"The packets are sent all the same.", err))
		default:
			log.Info("RTP packets are sent on", "to", p.RTPTo, "sdp", ch.rtp.sdp)
		}
	}
	if all.Preview {
		ch.preview = preview.New(preview.Config{Log: log})
		ch.preview.Show(false)
	}
	return ch, nil
}

// connect opens where the channel's datagrams come from. The error is a sentence for the operator.
func (ch *channel) connect(pool *inbox.Pool) error {
	name, err := ch.openSource(pool)
	if err != nil {
		return err
	}
	ch.ports = ch.source.Ports()
	outputs := []receiver.Output{ch.hls}
	if ch.plain != nil {
		outputs = append(outputs, ch.plain)
	}
	if ch.preview != nil {
		outputs = append(outputs, ch.preview)
	}
	if ch.rtp != nil {
		outputs = append(outputs, ch.rtp)
	}
	ch.receiver = receiver.New(receiver.Config{
		ID: ch.plan.ID, Name: ch.plan.Name, Ports: ch.ports, Latency: time.Duration(ch.plan.Latency),
		Freeze: ch.plan.AfterLoss == AfterLossFreeze, Allow: ch.plan.allowed(), SourceName: name,
		ListenOnly: name != SourceUDP,
	}, ch.source, pool, ch.log, outputs...)
	if ch.rtp != nil {
		ch.receiver.SendPackets(ch.rtp)
	}
	return nil
}

// openSource opens where the channel's datagrams come from, and returns what the snapshot calls that.
func (ch *channel) openSource(pool *inbox.Pool) (name string, err error) {
	p := ch.plan
	switch {
	case p.capture != "":
		if isPipe(p.capture) {
			ch.log.Info("waiting for another program to write to the pipe", "capture", p.capture)
		}
		player, err := source.OpenPlayer(p.capture, p.Ports, pool)
		if err != nil {
			return "", explainCapture(p.capture, err)
		}
		ch.source = player
		return sourceFile, nil
	case p.Source == SourceCapture:
		capture, err := source.ListenCapture(p.Interface, p.Ports, pool)
		if err != nil {
			return "", explainLiveCapture(err)
		}
		ch.source = capture
	default:
		udp, err := source.ListenUDP(p.Interface, p.Ports, pool)
		if err != nil {
			return "", explainPorts(err)
		}
		ch.source = udp
	}
	return p.Source, nil
}

// start begins to receive.
func (ch *channel) start() {
	var ctx context.Context
	ctx, ch.stop = context.WithCancel(context.Background())
	go func() {
		defer close(ch.done)
		ch.run(ctx)
	}()
}

// run receives until ctx ends.
func (ch *channel) run(ctx context.Context) {
	if ch.preview != nil {
		stop := context.AfterFunc(ctx, ch.preview.Close) // frees a write that a hung child holds up
		defer stop()
	}
	var demo sync.WaitGroup
	defer demo.Wait()
	if ch.plan.demo {
		demo.Go(func() { runDemo(ctx, ch.ports, ch.log) })
	}
	err := ch.receiver.Run(ctx)
	switch {
	case ch.plan.capture != "":
		ch.endPlay(ctx, err)
	case err != nil:
		ch.log.Error("reception ended", "error", err)
	}
}

// setLatency changes the latency budget, and that of the plan.
func (ch *channel) setLatency(budget Duration) {
	ch.plan.Latency = budget
	ch.receiver.SetLatency(time.Duration(budget))
}

// close closes all that newChannel and connect opened. Nothing may be received any more.
func (ch *channel) close() {
	ch.saving.close()
	if ch.source != nil {
		ch.source.Close()
	}
	if ch.preview != nil {
		ch.preview.Close()
	}
	ch.hls.Close()
	if ch.plain != nil {
		ch.plain.Close()
	}
	if ch.rtp != nil {
		if err := ch.rtp.close(); err != nil {
			ch.log.Warn("the SDP file was not removed", "error", err)
		}
	}
}

func (ch *channel) snapshot() status.Channel {
	s := ch.receiver.Snapshot()
	h := ch.hls.Status()
	s.HLS = status.HLS{
		Enabled: h.Enabled, Ready: h.Ready, Epoch: h.Epoch, Error: h.Error,
		Path: "/hls/" + ch.plan.ID + "/index.m3u8",
	}
	if ch.rtp != nil {
		n := ch.rtp.Counts()
		s.RTP = status.RTP{To: ch.plan.RTPTo, SDP: ch.rtp.sdp, Packets: n.Sent, Refused: n.Refused, Errors: n.Failed}
	}
	if end := ch.played.Load(); end != nil {
		end.tell(&s)
	}
	return s
}

// warnings says what is not as it should be.
func (ch *channel) warnings() []string {
	all := slices.Clip(ch.trouble)
	if _, down := ch.source.Link(0); errors.Is(down, source.ErrInterface) {
		all = append(all, fmt.Sprintf("The network interface %s is not there, or has no address. Connect it, and reception "+
			"begins by itself; or choose another one, or all.", ch.plan.Interface))
	}
	if sockets, ok := ch.source.(interface{ Buffer() int }); ok && sockets.Buffer() < source.WantedBuffer {
		all = append(all, fmt.Sprintf("The system limits receive buffers to %d KiB, so bursts of packets can get lost. "+
			"Set it to %d KiB: sudo sysctl -w net.core.rmem_max=%d",
			sockets.Buffer()>>10, source.WantedBuffer>>10, source.WantedBuffer))
	}
	return all
}
