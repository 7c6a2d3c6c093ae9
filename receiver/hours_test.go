package receiver

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// memorySlack is how much more memory may be in use at the end than at the beginning, and memoryHeld how much more at
// the end of the run than once all is warm, since that depends on what is held at the moment, in bytes.
const (
	memorySlack = 256 << 10
	memoryHeld  = 1 << 20
)

// TestHours runs a channel for ten minutes, or two hours in a soak, of a stream over four bad links, with wraps,
// restarts and outages. All that the links and the coding let through comes out, and memory and goroutines are in the
// end what they were in the beginning.
func TestHours(t *testing.T) {
	lasts := 10 * time.Minute
	if os.Getenv(soakVariable) != "" {
		lasts = 2 * time.Hour
	}
	goroutines, began := runtime.NumGoroutine(), time.Now()
	before := heapInUse()
	report := runHours(t, lasts)
	if after := heapInUse(); after > before+memorySlack {
		t.Errorf("%d bytes in use before, %d after", before, after)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines) // one of a test before may have ended meanwhile
	t.Logf("%v of stream in %.1f s: %s", lasts, time.Since(began).Seconds(), report)
}

// runHours is TestHours but for what is in use outside.
func runHours(t *testing.T, lasts time.Duration) (report string) {
	t.Helper()
	clip, err := os.ReadFile("../internal/rig/demo.h264")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		s := newHoursRig(t, clip, int(lasts/hoursPicture))
		c := New(testConfig(), s, &s.pool, slog.New(slog.DiscardHandler), &s.checks)
		s.channel = c
		c.SendPackets(&s.checks)
		require.NoError(t, c.Run(t.Context()))
		report = s.checks.end(t, c.Snapshot())
		require.Positive(t, s.tapped.n)
		requireEmpty(t, c.pipeline)
	})
	return report
}

// heapInUse returns the bytes in use.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one only moves what pools hold
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// hoursChecks compares what comes out of a channel with what was sent. It is a PacketOutput and an Output.
type hoursChecks struct {
	mu    sync.Mutex
	wrong error // the first one

	packets  []sentPacket // sent and not come out, nor one after it
	sent     int
	excused  int // packets that need not come out
	out      int
	missing  int
	pictures []sentPicture // likewise
	units    int
}

// sentPicture is a picture that was sent, and whether all packets of it come out.
type sentPicture struct {
	nalus     [][]byte
	timestamp uint32
	whole     bool
}

// complain takes note of what is wrong.
func (c *hoursChecks) complain(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(format, args...)
}

// fail does the same where c is locked.
func (c *hoursChecks) fail(format string, args ...any) {
	if c.wrong == nil {
		c.wrong = fmt.Errorf(format, args...)
	}
}

// expect takes note of the sources of a segment that is sent, which of them are lost, and whether the coding can give
// these back.
func (c *hoursChecks) expect(sources [][]byte, lost uint32, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range sources {
		must := whole || lost>>i&1 == 0
		c.packets = append(c.packets, sentPacket{p, must})
		c.sent++
		if !must {
			c.excused++
			c.pictures[len(c.pictures)-1].whole = false
		}
	}
}

// picture takes note of a picture that is sent. The first one of a run may be missing, since nothing tells whether it
// is whole.
func (c *hoursChecks) picture(nalus [][]byte, timestamp uint32, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pictures = append(c.pictures, sentPicture{nalus, timestamp, !first})
}

// WritePacket implements PacketOutput.
func (c *hoursChecks) WritePacket(rtp []byte, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.packets {
		if bytes.Equal(p.rtp, rtp) {
			c.packets = slices.Delete(c.packets, 0, i+1)
			c.out++
			return nil
		}
		if p.must {
			c.fail("at %v packet %d did not come out; %d came", now, rtpSequence(p.rtp), rtpSequence(rtp))
		}
		c.missing++
	}
	c.fail("at %v packet %d came out, which was not sent", now, rtpSequence(rtp))
	c.packets = nil
	return nil
}

// WriteUnit implements Output.
func (c *hoursChecks) WriteUnit(unit media.AccessUnit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.units++
	for i, p := range c.pictures {
		if p.timestamp == uint32(unit.Time) {
			if !slices.EqualFunc(p.nalus, unit.NALUs, bytes.Equal) {
				c.fail("the picture at %d is not what was sent", p.timestamp)
			}
			c.pictures = slices.Delete(c.pictures, 0, i+1)
			return nil
		}
		if p.whole {
			c.fail("the whole picture at %d did not come out", p.timestamp)
		}
	}
	c.fail("a picture came out that was not sent, or not then")
	return nil
}

// end checks that what is still to come out need not.
func (c *hoursChecks) end(t *testing.T, s status.Channel) (report string) {
	t.Helper()
	require.NoError(t, c.wrong)
	for _, p := range c.packets {
		require.False(t, p.must, "packet %d did not come out", rtpSequence(p.rtp))
	}
	c.missing += len(c.packets)
	require.Equal(t, c.excused, c.missing)
	require.EqualValues(t, c.out, s.Packets.Delivered+s.Packets.Recovered)
	require.Zero(t, s.OutputDropped)
	return fmt.Sprintf("%d of %d packets came out, %d of them rebuilt, all but those lost in outages; %d pictures",
		c.out, c.sent, s.Packets.Recovered, c.units)
}
