package app

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// Replay says what to do with a capture file. It is run through the first channel of a Config, in the capture's own
// time, so that the result is the same each time.
type Replay struct {
	Capture     string // the file: pcap or pcapng
	RTPOut      string // where the RTP packets go in order of their release, as a pcap; empty: nowhere
	FeedbackOut string // where the feedback datagrams go, one a line: seconds, tab, text; empty: nowhere
	RealTime    bool   // as fast as it was captured, rather than as fast as possible

	Progress func(read, size int64) // called now and then with bytes; may be nil
}

// ErrCutOff says that a capture ends in the middle of a packet. What is before that has been replayed.
var ErrCutOff error = &sentence{text: "The capture ends in the middle of a packet. What is before was replayed."}

// ErrNoPackets says that a capture has nothing for the channel's ports.
var ErrNoPackets = source.ErrNoPackets

// What the packets in RTPOut are from and to.
var (
	rtpFrom = netip.MustParseAddrPort("127.0.0.1:5076")
	rtpTo   = netip.MustParseAddrPort("127.0.0.1:4567")
)

// maxBack is how far times go back in captures of several interfaces. Where they go back further, the clock was set,
// and the capture goes on as if it had not been.
const maxBack = time.Second

// progressEvery is how many datagrams pass from one report of progress to the next.
const progressEvery = 256

// replay is one run of a Replay.
type replay struct {
	Replay
	ports    Ports
	pool     inbox.Pool
	out      receiver.Result
	pipeline *receiver.Pipeline
	now      time.Time
	setBack  time.Duration // by how much the capture's clock was
	seen     map[int]int   // datagrams by port; nil once there is one that is wanted
	rtp      *source.Writer
	feedback *bufio.Writer
}

// Run replays the capture and returns the channel as it is at its end. It ends early with ctx's error. The result is
// valid with ErrCutOff and ErrNoPackets, too. All but ctx's are sentences for the operator.
func (r Replay) Run(ctx context.Context, cfg Config) (result status.Channel, err error) {
	file, err := source.OpenFile(r.Capture)
	if err != nil {
		return result, explainCapture(r.Capture, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	rig := cfg.Channels[0]
	p := &replay{Replay: r, ports: rig.Ports, seen: make(map[int]int)}
	if sameFile(r.Capture, r.RTPOut) || sameFile(r.Capture, r.FeedbackOut) {
		return result, &sentence{"The capture itself would be overwritten. Write to another file.", ErrSetting}
	}
	if r.RTPOut != "" && r.RTPOut == r.FeedbackOut {
		return result, &sentence{"The RTP packets and the feedback cannot go to one file. Name two.", ErrSetting}
	}
	if r.RTPOut != "" {
		if p.rtp, err = source.CreateFile(r.RTPOut); err != nil {
			return result, fmt.Errorf("the RTP packets cannot be written: %w", err)
		}
		defer func() { err = closed(err, "the RTP packets", p.rtp.Close()) }()
	}
	if r.FeedbackOut != "" {
		var feedback *os.File
		if feedback, err = os.Create(r.FeedbackOut); err != nil {
			return result, fmt.Errorf("the feedback cannot be written: %w", err)
		}
		p.feedback = bufio.NewWriter(feedback)
		defer func() { err = closed(err, "the feedback", cmp.Or(p.feedback.Flush(), feedback.Close())) }()
	}
	err = p.read(ctx, file, rig)
	if err != nil && !errors.Is(err, ErrCutOff) {
		return result, err
	}
	result = p.pipeline.Snapshot(p.now)
	result.ID, result.Name = rig.ID, rig.Name
	result.Source, result.ListenOnly = sourceFile, true
	result.Ceilings[status.CeilingFragments] = receiver.FragmentsCeiling(file)
	result.HLS.Path = "/hls/" + rig.ID + "/index.m3u8"
	if p.seen != nil {
		err = explainNoPackets(rig.Ports, source.NoPackets(p.seen))
	}
	return result, err
}

// closed returns the error of a replay with that of closing a file, unless the file is not why it failed.
func closed(err error, what string, closing error) error {
	if closing == nil || err != nil && !errors.Is(err, ErrCutOff) && !errors.Is(err, ErrNoPackets) {
		return err
	}
	return fmt.Errorf("%s cannot be written: %w", what, closing)
}

// sameFile tells whether both names are of one file that is there.
func sameFile(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

// read pushes the datagrams of the file.
func (p *replay) read(ctx context.Context, file *source.File, rig Channel) error {
	began, first := time.Now(), time.Time{}
	for n := 0; ; n++ {
		record, err := file.Next()
		if n == 0 {
			p.now, first = record.Time, record.Time
			p.pipeline = receiver.NewPipeline(receiver.Config{
				Ports: rig.Ports, Latency: time.Duration(rig.Latency), Freeze: rig.AfterLoss == AfterLossFreeze,
				Allow: rig.allowed(),
			}, &p.pool, record.Time)
		}
		if p.Progress != nil && (n%progressEvery == 0 || err != nil) {
			p.Progress(file.Progress())
		}
		switch {
		case errors.Is(err, io.EOF):
			return p.finish()
		case errors.Is(err, io.ErrUnexpectedEOF):
			return cmp.Or(p.finish(), ErrCutOff)
		}
		if err != nil {
			return explainCapture(p.Capture, err)
		}
		record.Time = record.Time.Add(p.setBack)
		if back := p.now.Sub(record.Time); back > maxBack {
			p.setBack += back
			record.Time = p.now
		}
		if p.RealTime {
			if err := sleepUntil(ctx, began.Add(record.Time.Sub(first))); err != nil {
				return err
			}
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.push(record); err != nil {
			return err
		}
	}
}

// push takes one datagram, after all that was due before it.
func (p *replay) push(record source.Record) error {
	if record.Time.After(p.now) { // in captures of several interfaces, times also go back a little
		if err := p.advance(record.Time); err != nil {
			return err
		}
	}
	link := slices.Index(p.ports, int(record.To.Port()))
	if link < 0 {
		if p.seen != nil {
			p.seen[int(record.To.Port())]++
		}
		return nil
	}
	p.seen = nil
	d := p.pool.Get()
	d.Link, d.From, d.Arrival = link, record.From, record.Time
	d.Truncated = record.Length > inbox.MaxDatagram
	d.SetSize(copy(d.Buffer(), record.Payload))
	p.pipeline.Push(&p.out, p.now, d)
	return p.write(record.Time)
}

// advance lets the time pass up to now, each deadline at its own moment.
func (p *replay) advance(now time.Time) error {
	for {
		at, ok := p.pipeline.Next()
		if !ok || at.After(now) {
			break
		}
		p.now = later(p.now, at)
		p.pipeline.Advance(&p.out, p.now)
		if err := p.write(p.now); err != nil {
			return err
		}
	}
	p.now = now
	p.pipeline.Advance(&p.out, now)
	return p.write(p.now)
}

// finish lets all waits end.
func (p *replay) finish() error {
	for at, ok := p.pipeline.Next(); ok; at, ok = p.pipeline.Next() {
		if err := p.advance(later(p.now, at)); err != nil {
			return err
		}
	}
	p.pipeline.Flush(&p.out, p.now)
	return p.write(p.now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// write writes what the pipeline gave to the files: the feedback with the time of the datagram that made it due, the
// RTP packets with the present one, as they are in order.
func (p *replay) write(due time.Time) error {
	defer p.out.Reset()
	if p.rtp != nil {
		for _, packet := range p.out.Packets {
			if err := p.rtp.Write(p.now, rtpFrom, rtpTo, packet.RTP); err != nil {
				return fmt.Errorf("the RTP packets cannot be written: %w", err)
			}
		}
	}
	if p.feedback != nil {
		for _, text := range p.out.Feedback {
			seconds, micros := due.Unix(), due.Nanosecond()/1000
			if _, err := fmt.Fprintf(p.feedback, "%d.%06d\t%s\n", seconds, micros, text); err != nil {
				return fmt.Errorf("the feedback cannot be written: %w", err)
			}
		}
	}
	return nil
}

func explainCapture(path string, err error) error {
	switch {
	case errors.Is(err, source.ErrFormat):
		return &sentence{path + " is no capture file. Give a file that tcpdump or Wireshark wrote (pcap or pcapng).", err}
	case errors.Is(err, source.ErrBroken):
		return &sentence{path + " begins well, but is broken further on. Capture it again, or copy it again.", err}
	case errors.Is(err, source.ErrLinkType):
		return &sentence{path + " was captured on a kind of network that is not known here. " +
			"Capture on an Ethernet interface, or on all with \"tcpdump -i any\".", err}
	default:
		return &sentence{fmt.Sprintf("The capture file cannot be read: %v.", err), err}
	}
}

// sleepUntil waits for a time, or for the end of ctx, whose error it then returns.
func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
