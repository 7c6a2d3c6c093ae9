package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// Dump is what is saved of the datagrams that arrive at a channel, good or bad. The zero value says that nothing was
// saved yet.
type Dump struct {
	Path         string // the pcapng file
	Bytes, Limit int64  // how large it is, and may become
	Missed       uint64 // datagrams that are not in it since the disk was too slow
	Running      bool
	Full         bool  // it has ended at its limit
	Err          error // why it has ended, where it failed, as a sentence for the operator
}

// ErrNoDump says that there is no such channel, or that nothing of it is being saved.
var ErrNoDump = errors.New("app: nothing is being saved")

const (
	dumpTime  = "20060102-150405" // in a file's name
	dumpCheck = 250 * time.Millisecond
	sameTime  = 100 // files that may begin in the same second
)

// StartDump begins to save what arrives at a channel to a pcapng file and returns the file's path. An empty path stands
// for a new file, named after the channel and the time, in the folder for such files. A file that is there is not
// overwritten. The error is a sentence for the operator, or ErrNoDump.
func (r *Run) StartDump(channel, path string) (string, error) {
	ch := r.channel(channel)
	if ch == nil {
		return "", fmt.Errorf("%w: there is no channel %q", ErrNoDump, channel)
	}
	if ch.plan.capture != "" {
		return "", &sentence{"What plays is in a file already: " + ch.plan.capture + ".", ErrNoDump}
	}
	return ch.saving.start(ch, path, r.cfg.Dump)
}

// StopDump ends what StartDump began, once all that arrived before is in the file. It returns ErrNoDump where nothing
// is being saved, or a sentence for the operator.
func (r *Run) StopDump(channel string) error {
	ch := r.channel(channel)
	if ch == nil {
		return fmt.Errorf("%w: there is no channel %q", ErrNoDump, channel)
	}
	return ch.saving.stop()
}

// Dump returns what is saved of a channel, or was last.
func (r *Run) Dump(channel string) Dump {
	if ch := r.channel(channel); ch != nil {
		return ch.saving.state()
	}
	return Dump{}
}

// saving is what is saved of a channel, or was last.
type saving struct {
	mu     sync.Mutex
	closed bool // the channel is, too
	now    *dumping
	last   Dump // where now is nil
}

// dumping is a file that is being written.
type dumping struct {
	*source.Dump

	ch    *channel
	path  string
	limit int64
	quit  chan struct{} // closed to end watch
	ended chan struct{} // closed by watch
}

// start begins a file.
func (s *saving) start(ch *channel, path string, settings Saving) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return "", fmt.Errorf("%w: the channel is closed", ErrNoDump)
	case s.now != nil:
		return "", &sentence{fmt.Sprintf("What arrives is being saved to %s already. Stop that first.", s.now.path), nil}
	}
	path, err := newFile(path, ch.plan.ID, settings.Folder)
	var dump *source.Dump
	if err == nil {
		dump, err = source.CreateDump(path, ch.ports, int64(settings.Limit))
	}
	if err != nil {
		return "", &sentence{fmt.Sprintf("What arrives cannot be saved to %s: %s. Name another folder in [dump].",
			path, errorText(err)), err}
	}
	s.begin(ch, dump, path, settings.Limit)
	return path, nil
}

// begin begins to write to a file. The caller holds the lock.
func (s *saving) begin(ch *channel, dump *source.Dump, path string, limit Size) {
	s.now = &dumping{
		Dump: dump, ch: ch, path: path, limit: int64(limit), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	ch.receiver.SetTap(dump)
	go s.watch(s.now)
	ch.log.Info("what arrives is being saved", "to", path, "limit", limit)
}

// newFile makes an empty file, which its user alone may read: the one that is named, or one with a new name in a
// folder, which is made where it is missing. It returns its path. A file that is there is left alone.
func newFile(path, channel, folder string) (string, error) {
	if path != "" {
		return path, touch(path)
	}
	if folder == "" {
		data, err := dataFolder()
		if err != nil {
			return "a folder of its own", err
		}
		folder = filepath.Join(data, "captures")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return folder, err
	}
	name := filepath.Join(folder, channel+"-"+time.Now().Format(dumpTime))
	path = name + ".pcapng"
	for n := 2; ; n++ {
		if err := touch(path); !errors.Is(err, fs.ErrExist) || n > sameTime {
			return path, err
		}
		path = fmt.Sprintf("%s-%d.pcapng", name, n)
	}
}

// touch makes an empty file that was not there.
func touch(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// watch ends a file that has become full, or has failed, until quit is closed.
func (s *saving) watch(d *dumping) {
	defer close(d.ended)
	ticker := time.NewTicker(dumpCheck)
	defer ticker.Stop()
	for {
		select {
		case <-d.quit:
			return
		case <-ticker.C:
		}
		if state := d.State(); state.Full || state.Err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.now == d { // its error is in what was last
				_ = s.end()
			}
			return
		}
	}
}

// end ends the file. The caller holds the lock.
func (s *saving) end() error {
	d := s.now
	d.ch.receiver.SetTap(nil)
	err := d.Close()
	s.last, s.now = d.describe(), nil
	if s.last.Err == nil && err != nil {
		s.last.Err = explainDump(d.path, err)
	}
	log := d.ch.log.With("to", d.path, "bytes", s.last.Bytes, "missed", s.last.Missed)
	switch {
	case s.last.Err != nil:
		log.Error("what arrives is no longer being saved", "error", s.last.Err)
	case s.last.Full:
		log.Warn("what arrives is no longer being saved: the file is full", "limit", Size(d.limit))
	default:
		log.Info("what arrives is no longer being saved")
	}
	return s.last.Err
}

// stop ends the file that is being written.
func (s *saving) stop() error {
	s.mu.Lock()
	d := s.now
	if d == nil {
		s.mu.Unlock()
		return ErrNoDump
	}
	err := s.end()
	close(d.quit)
	s.mu.Unlock()
	<-d.ended
	return err
}

// close ends the file that is being written, if there is one. There will be no other.
func (s *saving) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	_ = s.stop() // what it returns is logged
}

func (s *saving) state() Dump {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		return s.last
	}
	state := s.now.describe()
	state.Running = !state.Full && state.Err == nil
	return state
}

// describe says how far the file is.
func (d *dumping) describe() Dump {
	state := d.State()
	return Dump{
		Path: d.path, Bytes: state.Bytes, Limit: d.limit, Missed: state.Missed, Full: state.Full,
		Err: explainDump(d.path, state.Err),
	}
}

// explainDump turns the error of a file that is being written into a sentence for the operator.
func explainDump(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &sentence{fmt.Sprintf("The disk is full, so saving has ended. Free some space: what there is is in %s.",
			path), err}
	default:
		return &sentence{fmt.Sprintf("Saving to %s has failed: %s.", path, errorText(err)), err}
	}
}
