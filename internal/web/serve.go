package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/portowner"
)

const (
	headerPatience = 5 * time.Second  // for a whole request to arrive
	idlePatience   = 60 * time.Second // for the next request on a connection
	maxHeader      = 16 << 10         // bytes of request line and headers
	shutdownTime   = 1500 * time.Millisecond
)

// PortInUseError says that a port is taken, and by which program where the system tells. Its text is a sentence for
// the operator.
type PortInUseError struct {
	Port  int
	Owner portowner.Owner
	Err   error // the operating system's
}

// Error implements error.
func (e *PortInUseError) Error() string {
	return fmt.Sprintf("Port %d is in use by %s. %s or choose another port.", e.Port, e.Owner, e.Owner.Remedy())
}

// Unwrap returns the operating system's error.
func (e *PortInUseError) Unwrap() error { return e.Err }

// Listen opens a TCP listener at host:port. Where the port is taken, the error is a *PortInUseError.
func Listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return listener, nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("web: %w", err)
	}
	inUse := &PortInUseError{Err: err}
	if wanted, resolveErr := net.ResolveTCPAddr("tcp", address); resolveErr == nil {
		inUse.Port = wanted.Port
		inUse.Owner = portowner.Find(portowner.Port{Network: "tcp", Local: wanted.AddrPort()})[0]
	}
	return nil, inUse
}

// Run serves on the listener, which it closes, until ctx is done: then it ends the event streams, waits up to 1.5 s
// for other requests, and cuts those off that remain. It returns nil when ctx ended it, after all that it started has
// ended. HLS outputs hold requests back until there is a next part, so close them before ctx.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerPatience,
		IdleTimeout:       idlePatience,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	select {
	case err := <-served:
		s.Close()
		return errors.Join(fmt.Errorf("web: %w", err), server.Close())
	case <-ctx.Done():
	}
	s.Close()
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Debug("requests were cut off", "after", shutdownTime)
		err = server.Close()
	}
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	if err != nil {
		return fmt.Errorf("web: shutdown: %w", err)
	}
	return nil
}
