package receiver

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	sending "github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// TestStrangeStreams sends what is allowed and seldom seen: pictures out of order and of any size, RTP packets with all
// that a header may have or without a payload, segments of one packet, another coding for each, numbers near their end,
// links that die in turn, copies on other links, and a budget that is changed all the time. All packets that arrived or
// can be rebuilt must come out, and all pictures of which no packet is missing.
func TestStrangeStreams(t *testing.T) {
	soak(t, 3_000, func(t *testing.T, seed uint64) tally {
		t.Helper()
		return newStrangeRig(t, seed).play(t)
	})
}

// strangeRig makes a strange stream.
type strangeRig struct {
	*randomRig
	packetizer *sending.Packetizer
	checks     hoursChecks
	ssrc       uint32
	seq        uint16
	start      uint32 // RTP timestamp of the first picture
	order      []int  // of the next pictures
	pictures   int
	queue      []strangePacket

	delay [testLinks]time.Duration
	dead  [testLinks]time.Time // until when
	tiny  time.Time            // until when packets may be missing, as the budget is shorter than links differ
}

type strangePacket struct {
	rtp   []byte
	begin *sentPicture // that begins with it
}

func newStrangeRig(t *testing.T, seed uint64) *strangeRig {
	t.Helper()
	s := &strangeRig{randomRig: newRandomRig(seed, true)}
	s.ssrc, s.start = s.Uint32(), s.Uint32()
	s.seq = uint16(65536 - s.IntN(400))
	var err error
	s.packetizer, err = sending.NewPacketizer(sending.PacketizerConfig{
		SSRC: s.ssrc, PayloadType: 96, MaxSize: 200 + s.IntN(1200), Multiple: 1,
	})
	require.NoError(t, err)
	for i := range s.delay {
		s.delay[i] = time.Duration(s.IntN(40)) * time.Millisecond
	}
	return s
}

func (s *strangeRig) play(t *testing.T) tally {
	t.Helper()
	h := newHarness(t, leastBudget)
	h.unit = s.checks.WriteUnit
	began := s.at
	for pictures := 20 + s.IntN(200); s.pictures < pictures || len(s.queue) > 0; {
		for len(s.queue) < isc.MaxSources && s.pictures < pictures {
			s.picture(t)
		}
		if s.IntN(20) == 0 {
			s.setBudget(h)
		}
		s.segment(t, s.at.Sub(began) > time.Second/10)
		for _, e := range s.due() {
			h.push(e)
		}
		s.drain(t, h)
	}
	s.at = s.at.Add(time.Second)
	for _, e := range s.due() {
		h.push(e)
	}
	h.flush()
	s.drain(t, h)
	for _, p := range s.checks.packets {
		require.False(t, p.must, "packet %d did not come out", rtpSequence(p.rtp))
	}
	_, packets := h.pipeline.Counts()
	s.tally.sent, s.tally.out, s.tally.recovered = s.checks.sent, s.checks.out, int(packets.Recovered)
	return s.tally
}

// drain checks what has come out.
func (s *strangeRig) drain(t *testing.T, h *harness) {
	t.Helper()
	for _, p := range h.packets {
		require.NoError(t, s.checks.WritePacket(p, h.now))
	}
	h.packets = h.packets[:0]
	require.NoError(t, s.checks.wrong)
}

// due returns the datagrams that arrive up to now, in order.
func (s *strangeRig) due() []event {
	sortByTime(s.events)
	i := 0
	for i < len(s.events) && !s.events[i].at.After(s.at) {
		i++
	}
	due := slices.Clone(s.events[:i])
	s.events = s.events[i:]
	return due
}

// setBudget changes the budget. For a while after one that is shorter than the links differ nothing is sure.
func (s *strangeRig) setBudget(h *harness) {
	budget := leastBudget + time.Duration(s.IntN(1000)*s.IntN(2))*time.Millisecond
	if s.IntN(100) == 0 {
		budget = time.Duration(s.IntN(50)) * time.Millisecond
	}
	if min(budget, h.pipeline.budget) < leastBudget {
		s.tiny = s.at.Add(time.Second)
		for i := range s.checks.packets {
			s.checks.packets[i].must = false
		}
		for i := range s.checks.pictures {
			s.checks.pictures[i].whole = false
		}
	}
	h.pipeline.SetLatency(budget)
}

// picture queues the packets of the next picture. The order of pictures is that of decoding: one that others are made
// from comes before those that are shown before it.
func (s *strangeRig) picture(t *testing.T) {
	t.Helper()
	if len(s.order) == 0 {
		group := [][]int{{0}, {1, 0}, {2, 0, 1}, {3, 1, 0, 2}}[s.IntN(4)]
		for _, n := range group {
			s.order = append(s.order, s.pictures+n)
		}
	}
	timestamp := s.start + uint32(s.order[0])*3600
	s.order = s.order[1:]
	nalus := s.nalus()
	packets, err := s.packetizer.Packetize(nalus, timestamp)
	require.NoError(t, err)
	if s.IntN(10) == 0 { // nothing but a header, which belongs to no picture
		p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SSRC: s.ssrc, Timestamp: timestamp}}
		empty, err := p.Marshal()
		require.NoError(t, err)
		s.queue = append(s.queue, strangePacket{rtp: empty})
	}
	for i, raw := range packets {
		p := strangePacket{rtp: s.adorn(t, raw)}
		if i == 0 {
			p.begin = &sentPicture{nalus: nalus, timestamp: timestamp, whole: true}
		}
		s.queue = append(s.queue, p)
	}
	s.pictures++
}

// nalus makes the NAL units of a picture: a delimiter, parameter sets now and then, and slices.
func (s *strangeRig) nalus() [][]byte {
	nalu := func(header byte, size int) []byte {
		b := bytes.Repeat([]byte{byte(s.pictures), byte(s.Uint32()), 0x55}, size/3+1)
		b[0], b[1] = header, 0x80|b[1]
		return b
	}
	nalus := [][]byte{{0x09, 0xF0}}
	kind := byte(0x41)
	if s.IntN(8) == 0 {
		kind = 0x65
		nalus = append(nalus, nalu(0x67, 20), nalu(0x68, 6))
	}
	size := 30 + s.IntN(3000)
	if s.IntN(40) == 0 {
		size = 1 << (10 + s.IntN(9))
	}
	for range 1 + s.IntN(3) {
		nalus = append(nalus, nalu(kind, size))
	}
	return nalus
}

// adorn gives an RTP packet what RFC 3550 allows: contributing sources, a header extension, padding.
func (s *strangeRig) adorn(t *testing.T, raw []byte) []byte {
	t.Helper()
	var p rtp.Packet
	require.NoError(t, p.Unmarshal(raw))
	for range s.IntN(2) * s.IntN(4) {
		p.CSRC = append(p.CSRC, s.Uint32())
	}
	if s.IntN(4) == 0 {
		require.NoError(t, p.SetExtension(byte(1+s.IntN(14)), []byte{1, 2, 3}))
	}
	if s.IntN(4) == 0 {
		p.Padding, p.PaddingSize = true, byte(1+s.IntN(40))
	}
	raw, err := p.Marshal()
	require.NoError(t, err)
	return raw
}

// segment sends the next packets of the queue.
func (s *strangeRig) segment(t *testing.T, settled bool) {
	t.Helper()
	k, r := min(1+s.IntN(isc.MaxSources), len(s.queue)), s.IntN(isc.MaxParity+1)
	if s.IntN(3) == 0 {
		k = 1
	}
	var sources [][]byte
	for _, p := range s.queue[:k] {
		binary.BigEndian.PutUint16(p.rtp[2:], s.seq)
		s.seq++
		sources = append(sources, p.rtp)
		if p.begin != nil {
			s.checks.pictures = append(s.checks.pictures, *p.begin)
		}
	}
	datagrams, err := s.enc.Encode(sources, r)
	require.NoError(t, err)
	s.at = s.at.Add(time.Duration(1+s.IntN(4000)) * time.Microsecond)
	if s.IntN(100) == 0 { // a link dies, whatever has become of the others
		s.dead[s.IntN(testLinks)] = s.at.Add(time.Duration(s.IntN(400)) * time.Millisecond)
	}
	var lost uint32
	for i, d := range datagrams {
		isc.Stamp(d, uint16(s.Uint32()), uint16(s.Uint32()))
		link := s.IntN(testLinks)
		came := s.arrive(link, d)
		for s.IntN(5) == 0 { // a copy on another one
			came = s.arrive(s.IntN(testLinks), d) || came
		}
		if !came {
			lost |= 1 << i
		}
	}
	whole := recoverable(&s.dec, sources, datagrams, lost)
	if !settled || s.at.Before(s.tiny) {
		whole, lost = false, 1<<len(datagrams)-1
	}
	s.tally.segments++
	s.tally.lost += bits.OnesCount32(lost)
	pictures := s.checks.pictures
	s.expect(sources, pictures, lost, whole)
	s.queue = s.queue[k:]
}

// expect takes note of which packets must come out.
func (s *strangeRig) expect(sources [][]byte, pictures []sentPicture, lost uint32, whole bool) {
	for i, p := range sources {
		must := whole || lost>>i&1 == 0
		s.checks.packets = append(s.checks.packets, sentPacket{p, must})
		s.checks.sent++
		if must {
			continue
		}
		for j := range pictures {
			if pictures[j].timestamp == binary.BigEndian.Uint32(p[4:]) {
				pictures[j].whole = false
			}
		}
	}
}

// arrive has a datagram arrive on a link, and tells whether that is alive.
func (s *strangeRig) arrive(link int, data []byte) bool {
	if s.at.Before(s.dead[link]) {
		return false
	}
	at := s.at.Add(s.delay[link] + time.Duration(s.IntN(10))*time.Millisecond)
	s.events = append(s.events, event{at, link, rigAddress(link), bytes.Clone(data)})
	return true
}

// TestWrapAnywhere has the numbers go past their end at each place in a segment of each size, with each packet lost
// that the parity can give back.
func TestWrapAnywhere(t *testing.T) {
	for k := 1; k <= isc.MaxSources; k++ {
		for at := range 2*k + 1 {
			for lost := range k + 1 {
				packets := rtpPackets(1, uint16(65536-6*k-at), equalLengths(12*k, 30))
				events := encode(t, packets, paced(epoch, len(packets), time.Millisecond), fixed(k, 1))
				events = drop(events, func(_ int, n uint16) bool { return n == numberOf(lost, k) })
				h := newHarness(t, leastBudget)
				h.quick = true
				for _, e := range events {
					h.push(e)
				}
				h.flush()
				require.Len(t, h.packets, len(packets), fmt.Sprint(k, at, lost))
				for i := range packets {
					require.True(t, bytes.Equal(packets[i], h.packets[i]), fmt.Sprint(k, at, lost, i))
				}
			}
		}
	}
}
