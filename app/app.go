// Package app puts a run together: it reads the configuration, connects the core to its sources and outputs, and
// starts and stops them in order. Window and daemon drive it alike.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/diagnosis"
	"github.com/isc-receiver/isc-receiver/internal/keys"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/web"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/webassets"
)

// Run is one run of the receiver: immutable but for what its methods change, and used once. To change anything
// else, Close it and Start another. Its methods may be called from any goroutine.
type Run struct {
	cfg      Config // its channels are those that the run began with
	log      *slog.Logger
	started  time.Time
	pool     inbox.Pool
	web      *web.Server
	examiner *diagnosis.Examiner
	listener net.Listener
	warnings []string

	keys   *keys.Store // of viewers; nil where none is needed
	keying sync.Mutex  // held while the servers are told of them
	told   keys.List   // what they were told last

	certificate *web.Certificate          // nil for plain HTTP
	renewed     atomic.Pointer[time.Time] // when it was made anew in this run, or nil
	legacy      *web.Server               // nil where the old address is not served
	oldListener net.Listener

	channels atomic.Pointer[[]*channel] // never written to

	changing sync.Mutex // held while channels come and go; guards the rest
	stopping bool       // none may come any more
	watched  []string   // whose previews are looked at; nil stands for the first channel

	stop context.CancelFunc
	done chan struct{}
	err  error // why the run ended by itself; valid once done is closed
}

// Start opens sockets and the HTTP listener and begins to receive. On error nothing is left open.
// The error's text is a sentence for the operator.
func Start(cfg Config, log *slog.Logger) (*Run, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &Run{
		cfg: cfg.Clone(), log: log, started: time.Now(), examiner: diagnosis.New(), done: make(chan struct{}),
	}
	r.channels.Store(new([]*channel))
	if err := r.open(); err != nil {
		for _, opened := range []net.Listener{r.listener, r.oldListener} {
			if opened != nil {
				_ = opened.Close() // nothing came of it
			}
		}
		return nil, err
	}
	log.Info("receiving", "page", r.listener.Addr().String(), "channels", len(r.list()))
	for _, ch := range r.list() {
		ch.start()
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.run(ctx)
	return r, nil
}

// open opens all that can fail. What it leaves open on error are listeners alone.
func (r *Run) open() error {
	var err error
	if r.listener, err = listen(r.cfg.HTTP.Address); err != nil {
		return err
	}
	if err = r.openLegacy(); err != nil {
		return err
	}
	if r.access() == AccessKey {
		r.openKeys()
	}
	if err = r.loadCertificate(); err != nil {
		return err
	}
	r.sayWhoComesIn()
	channels, err := r.openChannels(r.cfg.plans())
	if err != nil {
		return err
	}
	r.channels.Store(&channels)
	r.showPreviews()
	if !webassets.Built() {
		r.warn("The page was built without its player. Build it with: make web")
	}
	for _, w := range r.Warnings() {
		r.log.Warn("not as it should be", "what", w)
	}
	settings := web.Config{
		Snapshot: r.Snapshot, HLS: r.hls, Page: webassets.Handler(), Log: r.log,
		Open: r.keys == nil, Hosts: r.hosts(),
		TrustedProxies: r.cfg.HTTP.trustedProxies(), Origins: r.cfg.Access.Origins,
	}
	if r.certificate != nil {
		settings.TLS = r.certificate.Config()
	}
	r.web = web.New(settings)
	if r.oldListener != nil {
		r.legacy = r.newLegacy(settings)
	}
	r.tellKeys()
	return nil
}

func (r *Run) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// run serves the page until ctx ends, or the page can no longer be served, and then stops everything in order: sources,
// pipelines, outputs, HLS muxers, HTTP server.
func (r *Run) run(ctx context.Context) {
	defer close(r.done)
	serve, stopServing := context.WithCancel(context.Background())
	defer stopServing()
	served := make(chan error, 1)
	go func() { served <- r.serve(serve) }()

	beside, stopBeside := context.WithCancel(context.Background())
	defer stopBeside()
	var besides sync.WaitGroup
	besides.Go(func() { r.examiner.Run(beside, r.symptoms) })
	besides.Go(func() { r.followKeys(beside) })
	besides.Go(func() { r.followCertificate(beside) })

	select {
	case <-ctx.Done():
	case r.err = <-served:
		served <- nil
	}
	stopBeside()
	besides.Wait()
	r.changing.Lock()
	r.stopping = true
	r.changing.Unlock()
	halt(r.list())
	for _, ch := range r.list() {
		ch.close()
	}
	r.web.Close()
	if r.legacy != nil {
		r.legacy.Close()
	}
	stopServing()
	if err := <-served; err != nil && r.err == nil {
		r.err = err
	}
	r.log.Info("stopped")
}

// Close stops the run and returns once everything that it started has ended. Calling it again does nothing.
func (r *Run) Close() error {
	r.stop()
	<-r.done
	return r.err
}

// Done is closed when the run has ended, by Close or by itself; Err then says why, or nil.
func (r *Run) Done() <-chan struct{} { return r.done }

// Err returns why the run ended by itself, or nil.
func (r *Run) Err() error {
	select {
	case <-r.done:
		return r.err
	default:
		return nil
	}
}

// Snapshot returns the state of the run now. It is cheap enough to be called a few times a second.
func (r *Run) Snapshot() status.Snapshot {
	s := status.Snapshot{
		Version: Version, Time: status.Time{Time: time.Now()}, Started: status.Time{Time: r.started},
		Demo: r.cfg.Demo, Access: r.access(),
	}
	for i, ch := range r.list() {
		c := ch.snapshot()
		c.Viewers = r.web.Viewers(ch.plan.ID)
		if i == 0 && r.legacy != nil {
			c.Viewers += r.legacy.Viewers(legacyChannel)
		}
		c.Verdict = r.examiner.Explain(ch.plan.ID, c.Verdict)
		s.Channels = append(s.Channels, c)
	}
	return s
}

// symptoms returns what the examiner has to know of the channels.
func (r *Run) symptoms() []diagnosis.Channel {
	list := r.list()
	all := make([]diagnosis.Channel, 0, len(list))
	for _, ch := range list {
		code := ch.receiver.Snapshot().Verdict.Code
		c := diagnosis.Channel{
			ID: ch.plan.ID, Interface: ch.plan.Interface, Ports: ch.ports, Watches: ch.plan.Source == SourceCapture,
			Quiet: ch.plan.capture == "" && (code == status.VerdictNoPackets || code == status.VerdictSilent),
		}
		if ch.rtp != nil {
			c.Unwanted = ch.rtp.Counts().Refused
		}
		all = append(all, c)
	}
	return all
}

// SetLatency changes the latency budget of a channel at once, both ways.
func (r *Run) SetLatency(channel string, budget time.Duration) {
	if ch := r.channel(channel); ch != nil {
		ch.receiver.SetLatency(min(max(budget, MinLatency), MaxLatency))
	}
}

// SetHLS switches the HLS output of a channel on or off.
func (r *Run) SetHLS(channel string, on bool) {
	if ch := r.channel(channel); ch != nil {
		ch.hls.SetEnabled(on)
		if ch.plain != nil {
			ch.plain.SetEnabled(on)
		}
	}
}

// Warnings are sentences about what is not as it should be but does not stop the run, such as small socket buffers.
func (r *Run) Warnings() []string {
	all := slices.Concat(r.warnings, r.keyWarnings(), r.certificateWarnings())
	for _, ch := range r.list() {
		for _, w := range ch.warnings() {
			if !slices.Contains(all, w) { // such as what is said of the system
				all = append(all, w)
			}
		}
	}
	return all
}

// logNews logs the warnings that have not been said, and returns those that have now.
func (r *Run) logNews(said, warnings []string) []string {
	for _, w := range warnings {
		if !slices.Contains(said, w) {
			r.log.Warn("not as it should be", "what", w)
		}
	}
	return warnings
}

// list returns the channels that there are.
func (r *Run) list() []*channel { return *r.channels.Load() }

// channel returns a channel, or nil.
func (r *Run) channel(id string) *channel {
	for _, ch := range r.list() {
		if ch.plan.ID == id {
			return ch
		}
	}
	return nil
}

// hls returns the HLS output of a channel, or nil.
func (r *Run) hls(id string) http.Handler {
	if ch := r.channel(id); ch != nil {
		return ch.hls
	}
	return nil
}
