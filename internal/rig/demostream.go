package rig

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/netsim"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// The demonstration's stream and links.
const (
	demoSources  = 5
	demoParity   = 3
	demoWait     = 25 * time.Millisecond
	demoInterval = 40 * time.Millisecond // 25 pictures a second
	demoTicks    = 3600                  // the same in RTP's 90 kHz
	demoPace     = time.Millisecond      // between one datagram and the next: 24 of a keyframe fit the interval
	demoType     = 96                    // RTP payload type
	demoQueue    = 1024                  // datagrams on their way, many times what the delays amount to

	demoDelay   = 20 * time.Millisecond // of the fastest link; that of the slowest is demoSpread more
	demoSpread  = 40 * time.Millisecond
	demoJitter  = 8 * time.Millisecond
	demoLoss    = 0.005
	demoReorder = 0.1
	outageFirst = 8 * time.Second
	outageEvery = 20 * time.Second
	outageFor   = 6 * time.Second
	demoCatchUp = time.Second // further behind than this, such as after SIGSTOP, the stream goes on from now
)

// demoStream is the demonstration without its sockets. One goroutine uses it.
type demoStream struct {
	clip       *Clip
	packetizer *Packetizer
	coder      *Coder
	timestamp  uint32 // RTP timestamp of the clip's first unit
	links      []*demoLink
	pump       *netsim.Pump
	log        *slog.Logger

	clear     time.Time // when the next datagram may leave
	datagrams []Datagram
	arrivals  []time.Time
}

type demoLink struct {
	*netsim.Link
	out  io.Writer
	down bool
}

// newDemoStream returns a stream over as many links as there are outs.
func newDemoStream(outs []io.Writer, seed uint64, log *slog.Logger) (*demoStream, error) {
	clip, err := ParseClip(demoClip)
	if err != nil {
		return nil, err
	}
	coding := CoderConfig{Sources: demoSources, Parity: demoParity, Links: len(outs), Wait: demoWait}
	coder, err := NewCoder(coding)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(seed, 1))
	packetizer, err := NewPacketizer(PacketizerConfig{
		SSRC: random.Uint32(), PayloadType: demoType, Sequence: uint16(random.Uint32()),
		MaxSize: MaxPacketSize, Multiple: demoSources,
	})
	if err != nil {
		return nil, err
	}
	s := &demoStream{
		clip: clip, packetizer: packetizer, coder: coder, timestamp: random.Uint32(),
		pump: netsim.NewPump(demoQueue), log: log,
	}
	start := time.Now()
	for i, out := range outs {
		link := netsim.NewLink(demoLinkConfig(i, coding), start, random.Uint64())
		s.links = append(s.links, &demoLink{Link: link, out: out})
	}
	return s, nil
}

// demoLinkConfig returns what link i is like. Links die in turn, if the coding survives that.
func demoLinkConfig(i int, coding CoderConfig) netsim.LinkConfig {
	config := netsim.LinkConfig{
		Delay:   demoDelay + demoSpread*time.Duration(i)/time.Duration(max(1, coding.Links-1)),
		Jitter:  demoJitter,
		Loss:    demoLoss,
		Reorder: netsim.Reorder{Share: demoReorder, By: demoJitter},
	}
	if coding.Survives() {
		config.Outages = []netsim.Outage{{
			After: outageFirst + time.Duration(i)*outageEvery,
			Every: time.Duration(coding.Links) * outageEvery,
			For:   outageFor,
		}}
	}
	return config
}

// run sends until ctx ends.
func (s *demoStream) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var pump sync.WaitGroup
	pump.Go(func() { s.pump.Run(ctx) })
	defer pump.Wait()
	defer cancel()

	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := time.Now()
		if due, ok := s.coder.Due(); ok && !due.After(now) {
			if err := s.closeSegment(now); err != nil {
				return err
			}
		}
		if !next.After(now) {
			if err := s.sendUnit(n, now); err != nil {
				return err
			}
			n++
			next = next.Add(demoInterval)
			if now.Sub(next) > demoCatchUp {
				next = now
			}
		}
		wait := time.Until(next)
		if due, ok := s.coder.Due(); ok {
			wait = min(wait, time.Until(due))
		}
		timer.Reset(wait)
	}
}

// sendUnit sends access unit n of the endless clip, but for packets that stay in the open segment.
func (s *demoStream) sendUnit(n int, now time.Time) error {
	s.watchOutages(now)
	packets, err := s.packetizer.Packetize(s.clip.Unit(n), s.timestamp+uint32(n)*demoTicks)
	if err != nil {
		return err
	}
	for _, packet := range packets {
		s.datagrams, err = s.coder.Push(s.datagrams[:0], packet, now)
		if err != nil {
			return err
		}
		s.send(now)
	}
	return nil
}

func (s *demoStream) closeSegment(now time.Time) error {
	var err error
	if s.datagrams, err = s.coder.Close(s.datagrams[:0]); err != nil {
		return err
	}
	s.send(now)
	return nil
}

// send paces s.datagrams and hands them to their links.
func (s *demoStream) send(now time.Time) {
	for _, d := range s.datagrams {
		at := now
		if s.clear.After(at) {
			at = s.clear
		}
		s.clear = at.Add(demoPace)
		isc.Stamp(d.Data, isc.Timestamp(at), uint16(d.Link))
		link := s.links[d.Link]
		s.arrivals = link.Send(s.arrivals[:0], at, len(d.Data))
		for _, arrival := range s.arrivals {
			s.pump.Add(arrival, d.Data, link.out) // refused when full: lost, as on a real link
		}
	}
}

// watchOutages logs when a link dies and when it lives again.
func (s *demoStream) watchOutages(now time.Time) {
	for i, link := range s.links {
		down := link.Down(now)
		if down == link.down {
			continue
		}
		link.down = down
		if down {
			s.log.Info("demo: link goes down", "link", i, "for", outageFor)
		} else {
			s.log.Info("demo: link is back", "link", i)
		}
	}
}
