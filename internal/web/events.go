package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	// tick is how often all event streams look at the state; a change of state goes out with the next tick.
	tick = 250 * time.Millisecond

	// figuresEvery is how often figures go out while no state changes.
	figuresEvery = time.Second
)

// shared is the snapshot that all event streams send at one tick: taken once, and encoded once for all who may see the
// same of it.
type shared struct {
	mu       sync.Mutex
	taken    bool
	tick     int64 // since the start of the server
	snapshot status.Snapshot
	events   map[string]event // by scope
}

// event is one server-sent event, and what state it is about.
type event struct {
	state string
	text  []byte
}

// at returns the event of a tick, taking the snapshot if no other stream has yet.
func (c *shared) at(number int64, g *grant, take func() status.Snapshot) (event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.taken || number > c.tick {
		c.snapshot = take()
		c.taken, c.tick, c.events = true, number, make(map[string]event)
	}
	scope := g.scope()
	if made, ok := c.events[scope]; ok {
		return made, nil
	}
	seen := visible(c.snapshot, g)
	body, err := encode(seen)
	if err != nil {
		return event{}, err
	}
	made := event{state: stateOf(seen), text: fmt.Appendf(nil, "event: status\ndata: %s\n\n", body)}
	c.events[scope] = made
	return made, nil
}

// stateOf puts together what of a snapshot viewers should learn at once, and not with the next figures.
func stateOf(snapshot status.Snapshot) string {
	var state strings.Builder
	for _, c := range snapshot.Channels {
		fmt.Fprintln(&state, c.ID, c.State, c.Since, c.Verdict.Code, c.Stream.Damaged, c.HLS, c.SurvivesLinks)
		for _, link := range c.Links {
			fmt.Fprintln(&state, link.State)
		}
	}
	return state.String()
}

func encode(snapshot status.Snapshot) ([]byte, error) {
	body, err := json.Marshal(snapshot)
	if err != nil {
		return nil, fmt.Errorf("web: snapshot: %w", err)
	}
	return body, nil
}

// serveEvents sends the snapshot as server-sent events (WHATWG HTML, section 9.2): at once, with the next tick when a
// state has changed, else each second; until the client goes, may no longer watch, or the server closes.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	from := customer(s.clientOf(r))
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	if _, err := w.Write([]byte("retry: 1000\n\n")); err != nil {
		return
	}
	var sent struct {
		state string
		at    time.Time
	}
	for {
		since := time.Since(s.started)
		g, result := s.access.judge(r, from, time.Now()) // a key can expire or be replaced while the stream lasts
		if result != allowed {
			return
		}
		next, err := s.shared.at(int64(since/tick), &g, s.cfg.Snapshot)
		if err != nil {
			s.log.Error("event stream ended", "error", err)
			return
		}
		if next.state != sent.state || time.Since(sent.at) >= figuresEvery-tick/2 {
			if err = send(w, next.text); err != nil {
				return
			}
			sent.state, sent.at = next.state, time.Now()
		}
		if !s.wait(r, tick-since%tick) {
			return
		}
	}
}

func send(w http.ResponseWriter, text []byte) error {
	if _, err := w.Write(text); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// wait returns true after the pause, and false as soon as the client has gone or the server closes.
func (s *Server) wait(r *http.Request, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.closing:
		return false
	}
}
