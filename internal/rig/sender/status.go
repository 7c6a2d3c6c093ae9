package sender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/rig/feed"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/internal/rig/uplink"
)

// Status is all that is known of a rig. Counters count since the start.
type Status struct {
	Version   string          `json:"version"`
	Time      time.Time       `json:"time"`
	Started   time.Time       `json:"started"`
	To        string          `json:"to"`
	Text      string          `json:"text"` // the plan in a sentence, as "survives the loss of any 1 of 4 links"
	Plan      Plan            `json:"plan"`
	Links     []Link          `json:"links"`
	Input     inputs          `json:"input"`
	Output    outputs         `json:"output"`
	Feedback  feedbacks       `json:"feedback"`
	Wait      Wait            `json:"wait_ms"` // of packets for the last one of their segment, in the last 10 to 20 s
	Feed      *feed.Status    `json:"feed,omitempty"`
	Decisions []plan.Decision `json:"decisions"` // the last ones
}

// Plan is the present plan.
type Plan struct {
	Sources       int     `json:"sources"`
	Parity        int     `json:"parity"`
	Paths         int     `json:"paths"`          // in use
	SurvivesPaths int     `json:"survives_paths"` // how many of them may die, whichever, without a packet lost
	Overhead      float64 `json:"overhead"`       // parity bytes for each byte of RTP, as sent so far
	Blind         bool    `json:"blind"`          // no scores have come for 10 s
	Bitrate       int     `json:"bitrate_bps"`    // that the video may have; 0 where it is not ours to choose
}

// Link is what is known of a link.
type Link struct {
	uplink.Status

	Index  int     `json:"index"`
	Path   int     `json:"path"`  // links with the same one fail together
	State  string  `json:"state"` // in-use, probed, down
	Weight float64 `json:"weight"`
	Share  float64 `json:"share"` // of the datagrams of the last 2 s
	Score  *uint32 `json:"score"` // the receiver's last one
}

// Wait is how long packets waited.
type Wait struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// Status returns all that is known. Any goroutine may call it.
func (s *Sender) Status() Status {
	st := Status{
		Version: s.config.Version, Time: time.Now().UTC(), Started: s.started.UTC(), To: s.config.To,
	}
	links, shares := s.uplink.Status(), s.shares.get(len(s.config.Ports))
	if s.feed != nil {
		f := s.feed.Status()
		st.Feed = &f
	}
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	p := s.stream.engine.Plan()
	st.Plan = Plan{
		Sources: p.Sources, Parity: p.Parity, Paths: p.Paths, Blind: s.stream.engine.Blind(), Bitrate: p.Bitrate,
	}
	if p.Survives() {
		st.Plan.SurvivesPaths = 1
	}
	st.Text = text(p)
	for i, l := range p.Links {
		link := Link{Status: links[i], Index: i, Path: l.Path, Weight: l.Weight, Share: shares[i], State: "down"}
		switch {
		case l.Weight > 0:
			link.State = "in-use"
		case l.Probe:
			link.State = "probed"
		}
		if i < len(s.stream.scores) {
			score := s.stream.scores[i]
			link.Score = &score
		}
		st.Links = append(st.Links, link)
	}
	st.Input, st.Output, st.Feedback = s.stream.in, s.stream.out, s.stream.back
	st.Feedback.Unearned = s.stream.engine.Unearned()
	if st.Input.Bytes > 0 {
		st.Plan.Overhead = float64(st.Output.ParityBytes) / float64(st.Input.Bytes)
	}
	st.Wait = Wait{milliseconds(s.stream.waits.percentile(0.5)), milliseconds(s.stream.waits.percentile(0.99))}
	st.Decisions = append([]plan.Decision{}, s.stream.decisions...)
	return st
}

// text says what a plan survives.
func text(p *plan.Plan) string {
	links := 0
	for _, l := range p.Links {
		if l.Weight > 0 {
			links++
		}
	}
	switch {
	case links == 0:
		return "no link can send"
	case p.Survives() && links == p.Paths:
		return fmt.Sprintf("survives the loss of any 1 of %d links", links)
	case p.Survives():
		return fmt.Sprintf("survives the loss of any 1 of %d interfaces, over which %d links go", p.Paths, links)
	default:
		return "survives the loss of no link"
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// statusServer answers GET /status.
type statusServer struct {
	server   *http.Server
	listener net.Listener
}

// listenStatus opens the address.
func listenStatus(address string, status func() Status) (*statusServer, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if isNoAddress(err) {
		return nil, fmt.Errorf("%w: status-addr: %q is no address, such as 127.0.0.1:5075", ErrConfig, address)
	}
	if err != nil {
		return nil, fmt.Errorf("the status cannot be shown at %s: %w; choose another address with --status-addr", address,
			err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		body, err := json.MarshalIndent(status(), "", "  ")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(append(body, '\n')) // whoever asked may have gone
	})
	return &statusServer{
		server:   &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second},
		listener: listener,
	}, nil
}

// run answers until close.
func (s *statusServer) run() {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		_ = s.listener.Close() // a listener that fails is of no more use
	}
}

func (s *statusServer) close() {
	_ = s.server.Close()
	_ = s.listener.Close() // where it was not running
}
