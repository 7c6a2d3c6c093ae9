// Package sdnotify tells the system's service manager, where one started the program, how the program does: when it is
// ready, what it is at, and, as long as that is so, that it makes progress.
package sdnotify

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

const (
	// statusEvery is how often the line that describes the program is told anew at most.
	statusEvery = 2 * time.Second
	// beats is how many signs of life are sent in the time after which the service manager gives the program up, where
	// checks take no time. With as many, a check on a busy machine may take half of that time, and nothing comes of it.
	beats = 4
)

// Service is the program as the service manager sees it. Without a service manager its methods do nothing. Its methods
// may be called from any goroutine.
type Service struct {
	log *slog.Logger
	// describe returns a line on what the program is at.
	describe func() string
	// check returns what has made no progress for longer than patience, or nil.
	check func(patience time.Duration) error

	mu     sync.Mutex // guards the rest
	told   string     // the line that was told last
	failed bool       // the last message could not be sent
}

// New returns the program as a service. describe returns a line, in plain words, on what it is at; check returns an
// error that says what has made no progress for longer than patience, and may take that time. Run calls both.
func New(log *slog.Logger, describe func() string, check func(patience time.Duration) error) *Service {
	return &Service{log: log, describe: describe, check: check}
}

// Ready tells that the program does its work, after its start or after it has read its settings again.
func (s *Service) Ready() { s.send(daemon.SdNotifyReady) }

// Reloading tells that the program reads its settings again. Ready ends that.
func (s *Service) Reloading() {
	s.send(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
}

// Stopping tells that the program is about to end.
func (s *Service) Stopping() { s.send(daemon.SdNotifyStopping) }

// Failed tells why the program ends, for the line on what it is at, which stays until the program is started again. It
// may be called by programs that are no service, too: without a service manager it does nothing.
func Failed(why error) error {
	_, err := daemon.SdNotify(false, "STATUS="+oneLine(why.Error()))
	return err
}

// Run tells what the program is at and, where the service manager wants to know, that it makes progress, until ctx
// ends.
func (s *Service) Run(ctx context.Context) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("the service manager gets no signs of life", "error", err)
	}
	status := time.NewTicker(statusEvery)
	defer status.Stop()
	var beat <-chan time.Time
	if interval > 0 {
		ticker := time.NewTicker(interval / beats)
		defer ticker.Stop()
		beat = ticker.C
	}
	s.tell()
	for {
		select {
		case <-ctx.Done():
			return
		case <-status.C:
			s.tell()
		case <-beat:
			if err := s.check(interval / 2); err != nil {
				s.log.Error("the program is stuck; unless that changes, the service manager starts it again", "error", err)
				continue
			}
			s.send(daemon.SdNotifyWatchdog)
		}
	}
}

// tell tells what the program is at, if that has changed.
func (s *Service) tell() {
	line := oneLine(s.describe())
	s.mu.Lock()
	changed := line != s.told
	s.told = line
	s.mu.Unlock()
	if changed {
		s.send("STATUS=" + line)
	}
}

// oneLine returns a text as a line, since each line of a message is a message of its own.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// send sends a message of a few lines. That it cannot be sent is logged when that begins.
func (s *Service) send(lines ...string) {
	_, err := daemon.SdNotify(false, strings.Join(lines, "\n"))
	s.mu.Lock()
	began := err != nil && !s.failed
	s.failed = err != nil
	s.mu.Unlock()
	if began {
		s.log.Warn("the service manager cannot be told how the program does", "error", err)
	}
}
