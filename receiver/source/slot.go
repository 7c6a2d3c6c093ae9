package source

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// A socket that fails is opened again after a pause that doubles from the first to the last of these.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// slot holds a socket that may fail, and is opened again then. Its methods may be called from any goroutine.
type slot[S io.Closer] struct {
	mu     sync.Mutex
	socket S
	up     bool
	err    error  // why it is not up
	closed bool   // on purpose
	stop   func() // ends run; nil before
}

// get returns the socket, or why there is none.
func (s *slot[S]) get() (S, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up || s.err != nil {
		return s.socket, s.err
	}
	return s.socket, net.ErrClosed
}

// down returns why there is no socket that works, or nil. It is nil after close.
func (s *slot[S]) down() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// put puts a new socket in, or notes why none could be opened. After close, it closes the socket.
func (s *slot[S]) put(socket S, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed && err == nil:
		_ = socket.Close() // nothing was done with it
	case s.closed:
	case err != nil:
		s.err = err
	default:
		s.socket, s.up, s.err = socket, true, nil
	}
}

// fail closes the socket for a reason that is kept, unless it has failed before, or the slot is closed.
func (s *slot[S]) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up && !s.closed {
		_ = s.socket.Close() // it has failed already
		s.up, s.err = false, err
	}
}

// close closes the socket for good.
func (s *slot[S]) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up {
		_ = s.socket.Close() // nothing is buffered that could be lost
	}
	if s.stop != nil {
		s.stop()
	}
	s.up, s.closed = false, true
}

// run has the socket read, and opens it again whenever it has failed, until ctx ends or the slot is closed. The context
// of read ends then, too.
func (s *slot[S]) run(ctx context.Context, open func() (S, error), read func(context.Context, S) error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.mu.Lock()
	s.stop = stop
	if s.closed {
		stop()
	}
	s.mu.Unlock()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, lastPause) {
		if socket, err := s.get(); err == nil {
			began := time.Now()
			if err = read(ctx, socket); ctx.Err() != nil {
				return
			}
			s.fail(err)
			if time.Since(began) > lastPause {
				pause = firstPause
			}
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
			s.put(open())
		}
	}
}
