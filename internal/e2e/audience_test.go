package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	eventsPath = "/api/v1/events"
	onTime     = time.Second           // after its last picture came, a part is to be at the viewer
	arrivalGap = 10 * time.Millisecond // between viewers who come
	lateSlots  = 5000                  // of a millisecond each; the last holds what is later
)

// lateness counts how late things were, in milliseconds. Its methods may be called concurrently.
type lateness [lateSlots]atomic.Uint32

func (l *lateness) add(d time.Duration) {
	l[min(max(d.Milliseconds(), 0), lateSlots-1)].Add(1)
}

// quantile returns below what that share of all was.
func (l *lateness) quantile(share float64) time.Duration {
	counts, all := make([]float64, lateSlots), 0.0
	for i := range l {
		counts[i] = float64(l[i].Load())
		all += counts[i]
	}
	sum := 0.0
	for i, n := range counts {
		if sum += n; sum >= share*all {
			return time.Duration(i) * time.Millisecond
		}
	}
	return lateSlots * time.Millisecond
}

// audience is viewers who all watch the first rig as the page does: over HTTP/2, they sign in, follow the events, ask
// for each playlist before it is there, and at once for the parts that are new in it.
type audience struct {
	address, key string
	measured     atomic.Bool // whether what comes counts now
	late         lateness
	bytes        atomic.Uint64
	parts        atomic.Uint64 // that counted
	missed       atomic.Uint64 // left out, since the viewer was too slow for the playlist
	viewers      sync.WaitGroup
	ready        atomic.Int64
	punctual     atomic.Int64 // viewers who got each part in time

	mu     sync.Mutex
	faults map[string]int // by what went wrong
}

// come lets viewers come, one after the other, and stay until ctx ends.
func (a *audience) come(ctx context.Context, n int) {
	a.faults = make(map[string]int)
	ticker := time.NewTicker(arrivalGap)
	defer ticker.Stop()
	for i := range n {
		<-ticker.C
		a.viewers.Go(func() {
			err := a.watch(ctx, fmt.Sprintf("127.0.%d.%d", 1+i%8, 1+i%200))
			if err != nil && ctx.Err() == nil {
				a.mu.Lock()
				a.faults[err.Error()]++
				a.mu.Unlock()
			}
		})
	}
}

// failed returns how many viewers have gone for a fault.
func (a *audience) failed() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, of := range a.faults {
		n += of
	}
	return n
}

// spectator is one of them.
type spectator struct {
	*audience
	*h2
	base   string // folder of the playlist
	list   string // path of the playlist
	last   uint64 // number of the newest part that was asked for
	due    map[string]time.Time
	missed bool // a part, or got it late
}

// watch lets one viewer watch from an address of this machine.
func (a *audience) watch(ctx context.Context, from string) error {
	c, err := dialH2(ctx, a.address, from)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.close() }) // what is read then fails
	defer func() {
		if stop() {
			_ = c.close()
		}
	}()
	s := &spectator{audience: a, h2: c, due: make(map[string]time.Time)}
	if err = s.begin(); err != nil {
		return err
	}
	a.ready.Add(1)
	for err == nil {
		var next *answer
		if next, err = s.take(); err == nil {
			err = s.got(next)
		}
	}
	if !s.missed && ctx.Err() != nil {
		a.punctual.Add(1)
	}
	return err
}

// begin does what the page does until it has the first playlist.
func (s *spectator) begin() error {
	if err := s.signIn(s.key); err != nil {
		return err
	}
	if err := s.ask(eventsPath); err != nil {
		return err
	}
	a, err := s.get("/hls/rig1/index.m3u8")
	if err != nil {
		return err
	}
	master := "/hls/rig1/" + a.field("location")
	s.base = path.Dir(master) + "/"
	if a, err = s.get(master); err != nil {
		return err
	}
	lines := bytes.Fields(a.body.Bytes())
	if a.status != http.StatusOK || len(lines) == 0 {
		return fmt.Errorf("%s has status %d", master, a.status)
	}
	s.list = s.base + string(lines[len(lines)-1])
	return s.ask(s.list)
}

// got takes what was asked for: a playlist says what to ask for next, and a part is one more to count.
func (s *spectator) got(a *answer) error {
	if a.status != http.StatusOK {
		return fmt.Errorf("%s has status %d", path.Base(a.path), a.status)
	}
	if due, isPart := s.due[a.path]; isPart {
		delete(s.due, a.path)
		if s.measured.Load() {
			late := time.Since(due)
			s.late.add(late)
			s.parts.Add(1)
			s.bytes.Add(uint64(a.size))
			s.missed = s.missed || late > onTime
		}
		return nil
	}
	s.bytes.Add(uint64(a.size))
	list, err := parseTail(a.body.Bytes())
	if err != nil {
		return err
	}
	first := s.last == 0
	for _, part := range list.parts {
		if part.number <= s.last {
			continue
		}
		if !first && part.number != s.last+1 && s.measured.Load() {
			s.missed = true
			s.audience.missed.Add(part.number - s.last - 1)
		}
		s.last = part.number
		if err = s.ask(s.base + part.path); err != nil {
			return err
		}
		s.due[s.base+part.path] = part.end
		first = false
	}
	return s.ask(fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", s.list, list.segment, list.next))
}

// tail is the end of a low-latency playlist: the parts of its newest segments, and which one comes next.
type tail struct {
	parts   []listedPart
	segment uint64 // that is being made
	next    int    // part of it
}

type listedPart struct {
	path   string
	number uint64
	end    time.Time // when its last picture came to the receiver
}

// parseTail reads what a viewer must know of a playlist.
func parseTail(text []byte) (t tail, err error) {
	var clock time.Time
	for line := range bytes.Lines(text) {
		tag, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch string(tag) {
		case "#EXT-X-MEDIA-SEQUENCE":
			t.segment, err = strconv.ParseUint(string(value), 10, 64)
		case "#EXT-X-PROGRAM-DATE-TIME":
			clock, err = time.Parse(time.RFC3339Nano, string(value))
		case "#EXT-X-PART":
			var seconds float64
			seconds, err = strconv.ParseFloat(between(value, "DURATION=", ","), 64)
			clock = clock.Add(time.Duration(seconds * float64(time.Second)))
			name := between(value, `URI="`, `"`)
			digits := between([]byte(name), "_part", ".")
			number, numberErr := strconv.ParseUint(digits, 10, 64)
			if err == nil {
				err = numberErr
			}
			t.parts = append(t.parts, listedPart{name, number, clock})
			t.next++
		case "#EXTINF":
			t.segment++
			t.next = 0
		}
		if err != nil {
			return t, fmt.Errorf("playlist: %q: %w", line, err)
		}
	}
	return t, nil
}

// between returns what is between two marks of a text, to its end where the second is missing.
func between(text []byte, from, to string) string {
	_, rest, _ := bytes.Cut(text, []byte(from))
	inner, _, _ := bytes.Cut(rest, []byte(to))
	return string(inner)
}
