package receiver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/netsim"
	sending "github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// What befalls the rig of TestHours, and when.
const (
	hoursPicture = 40 * time.Millisecond
	hoursTicks   = 3600              // the same in RTP's 90 kHz
	hoursLook    = 25                // pictures from one look at the channel to the next
	hoursRestart = 127 * time.Second // from one restart to the next
	hoursDark    = 53 * time.Second  // from one outage of all links to the next; it lasts up to hoursDarkest
	hoursDarkest = 15 * time.Second
	hoursDie     = 20 * time.Second // the links die by turns, each for hoursDead
	hoursDead    = 6 * time.Second
	hoursBudget  = 17 * time.Second // from one latency budget to the next
)

// hoursRig is a rig and its links, as a channel's source, and checks what comes out.
type hoursRig struct {
	*rand.Rand
	pool     inbox.Pool
	dec      isc.Decoder
	channel  *Channel
	clip     *sending.Clip
	pictures int
	links    []*netsim.Link

	ssrc       uint32
	seq        uint16 // the next packet's
	timestamp  uint32
	packetizer *sending.Packetizer
	coder      *sending.Coder
	coding     sending.CoderConfig
	open       [][]byte // sources of the open segment
	arrivals   []time.Time
	fresh      bool // nothing of this run has arrived
	darkUntil  time.Time

	settled uint64 // memory in use once all is warm
	tapped  tapCount
	checks  hoursChecks
}

func newHoursRig(t *testing.T, clip []byte, pictures int) *hoursRig {
	t.Helper()
	s := &hoursRig{Rand: rand.New(rand.NewPCG(1, 2)), pictures: pictures}
	var err error
	s.clip, err = sending.ParseClip(clip)
	require.NoError(t, err)
	for i := range testLinks {
		s.links = append(s.links, netsim.NewLink(netsim.LinkConfig{
			Delay: time.Duration(20+13*i) * time.Millisecond, Jitter: 8 * time.Millisecond, Loss: 0.005, Repeat: 0.002,
			Reorder: netsim.Reorder{Share: 0.1, By: 8 * time.Millisecond},
			Outages: []netsim.Outage{{
				After: time.Duration(i+1) * hoursDie, Every: testLinks * hoursDie, For: hoursDead,
			}},
		}, time.Now(), uint64(i)))
	}
	require.NoError(t, s.restart())
	return s
}

// restart begins a new run of the rig, shortly before its numbers wrap.
func (s *hoursRig) restart() (err error) {
	s.fresh = true
	s.ssrc, s.seq, s.timestamp = s.Uint32(), uint16(65536-1-s.IntN(500)), s.Uint32()
	shape := [...][2]int{{5, 3}, {3, 1}, {2, 2}, {6, 2}, {3, 3}, {8, 4}}[s.IntN(6)]
	s.coding = sending.CoderConfig{Sources: shape[0], Parity: shape[1], Links: testLinks, Wait: hoursPicture / 2}
	s.coder, err = sending.NewCoder(s.coding)
	if err != nil {
		return err
	}
	s.packetizer, err = sending.NewPacketizer(sending.PacketizerConfig{
		SSRC: s.ssrc, PayloadType: 96, Sequence: s.seq, MaxSize: sending.MaxPacketSize, Multiple: shape[0],
	})
	s.open = s.open[:0]
	return err
}

// Run implements Source: it sends all pictures and returns when the last has arrived.
func (s *hoursRig) Run(ctx context.Context, in *inbox.Inbox) error {
	ctx, cancel := context.WithCancel(ctx)
	pump := netsim.NewPump(4096)
	var pumping sync.WaitGroup
	pumping.Go(func() { pump.Run(ctx) })
	defer pumping.Wait()
	defer cancel()
	outs := make([]hoursLink, testLinks)
	for i := range outs {
		outs[i] = hoursLink{ctx, &s.pool, in, i}
	}
	next := time.Now()
	restart, dark, budget := next.Add(hoursRestart), next.Add(hoursDark), next.Add(hoursBudget)
	for n := range s.pictures {
		next = next.Add(hoursPicture)
		<-time.After(time.Until(next))
		if next.After(restart) {
			restart = next.Add(hoursRestart)
			if err := s.restart(); err != nil {
				return err
			}
		}
		if next.After(dark) {
			dark, s.darkUntil = next.Add(hoursDark), next.Add(time.Duration(s.Int64N(int64(hoursDarkest))))
		}
		if next.After(budget) {
			budget = next.Add(hoursBudget)
			s.channel.SetLatency(time.Duration(200+s.IntN(200)) * time.Millisecond)
		}
		if err := s.send(n, pump, outs); err != nil {
			return err
		}
		if n%hoursLook == 0 {
			s.look(n)
		}
		if n == s.pictures/5 {
			s.settled = heapInUse()
		}
	}
	<-time.After(time.Second)
	if now := heapInUse(); now > s.settled+memoryHeld {
		return fmt.Errorf("%d bytes in use after the first fifth, %d in the end", s.settled, now)
	}
	return nil
}

// look looks at the channel from outside, as others do: what it counts adds up. Now and then a tap looks, too.
func (s *hoursRig) look(n int) {
	d := s.channel.Snapshot().Datagrams
	if d.Received != d.Source+d.Parity+d.Duplicate+d.Late+d.Malformed+d.Refused {
		s.checks.complain("the accounts do not add up: %+v", d)
	}
	if n/hoursLook%2 == 0 {
		s.channel.SetTap(nil)
	} else {
		s.channel.SetTap(&s.tapped)
	}
}

// send sends a picture, and closes its last segment at once.
func (s *hoursRig) send(n int, pump *netsim.Pump, outs []hoursLink) error {
	s.timestamp += hoursTicks
	s.checks.picture(s.clip.Unit(n), s.timestamp, s.fresh)
	s.fresh = time.Now().Before(s.darkUntil) // an outage may be taken for a restart
	packets, err := s.packetizer.Packetize(s.clip.Unit(n), s.timestamp)
	if err != nil {
		return err
	}
	var datagrams []sending.Datagram
	for i, packet := range packets {
		s.open = append(s.open, packet)
		if datagrams, err = s.coder.Push(datagrams[:0], packet, time.Now()); err != nil {
			return err
		}
		if i == len(packets)-1 && len(datagrams) == 0 {
			if datagrams, err = s.coder.Close(datagrams); err != nil {
				return err
			}
		}
		if len(datagrams) > 0 {
			s.sendSegment(datagrams, pump, outs)
		}
	}
	return nil
}

// sendSegment sends the datagrams of the open segment, and takes note of which packets must come out.
func (s *hoursRig) sendSegment(datagrams []sending.Datagram, pump *netsim.Pump, outs []hoursLink) {
	now := time.Now()
	var lost uint32
	all := make([][]byte, len(datagrams))
	type arrival struct {
		at time.Time
		i  int
	}
	var arrivals []arrival
	for i, d := range datagrams {
		all[i] = d.Data
		isc.Stamp(d.Data, isc.Timestamp(now), uint16(d.Link))
		s.arrivals = s.links[d.Link].Send(s.arrivals[:0], now, len(d.Data))
		if now.Before(s.darkUntil) || len(s.arrivals) == 0 {
			lost |= 1 << i
			continue
		}
		for _, at := range s.arrivals {
			arrivals = append(arrivals, arrival{at, i})
		}
	}
	s.checks.expect(s.open, lost, recoverable(&s.dec, s.open, all, lost))
	s.open = s.open[:0]
	for _, a := range arrivals {
		if !pump.Add(a.at, all[a.i], outs[datagrams[a.i].Link]) {
			s.checks.complain("the pump is full")
		}
	}
}

// Send implements Source.
func (s *hoursRig) Send(int, netip.AddrPort, []byte) error { return nil }

// Link implements Source.
func (s *hoursRig) Link(int) (uint64, error) { return 0, nil }

// tapCount is a Tap that counts.
type tapCount struct{ n int }

func (c *tapCount) WriteDatagram(*inbox.Datagram) { c.n++ }

// hoursLink is where a link ends: it delivers what is written to it.
type hoursLink struct {
	ctx  context.Context //nolint:containedctx // of the run that writes to it
	pool *inbox.Pool
	in   *inbox.Inbox
	link int
}

func (l hoursLink) Write(data []byte) (int, error) {
	d := l.pool.Get()
	d.Link, d.From, d.Arrival = l.link, rigAddress(l.link), time.Now()
	d.SetSize(copy(d.Buffer(), data))
	if !l.in.Deliver(l.ctx, d) {
		l.pool.Put(d)
	}
	return len(data), nil
}
