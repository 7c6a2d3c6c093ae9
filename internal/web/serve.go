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
	shutdownTime = 300 * time.Millisecond

	// deadAfter is how long a client may be gone before its connection ends.
	deadAfter = 15 * time.Second

	// maxRequests is how many requests one connection of HTTP/2 may have open.
	maxRequests = 100
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

// Listen opens a TCP listener at host:port, whose connections end when their client is gone for 15 s. Where the port is
// taken, the error is a *PortInUseError.
func Listen(address string) (net.Listener, error) {
	config := net.ListenConfig{
		Control:         dropUnconfirmed(deadAfter),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: deadAfter / 3, Interval: deadAfter / 3, Count: 2},
	}
	listener, err := config.Listen(context.Background(), "tcp", address)
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

// Run serves on the listener, which it closes, until ctx is done: then it ends the event streams, waits up to 0.3 s
// for other requests, and cuts those off that remain. It returns nil when ctx ended it, after all that it started has
// ended. HLS outputs hold requests back until there is a next part, so close them before ctx.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	server := s.httpServer()
	limited := &limitListener{listener, s.newPlaces(s.connections())}
	served := make(chan error, 1)
	go func() { served <- s.serve(server, limited) }()
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		s.sweepUntilClosed()
	}()
	defer func() { <-swept }()

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

func (s *Server) httpServer() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.limits.HeaderTime,
		IdleTimeout:       s.limits.IdleTime,
		MaxHeaderBytes:    s.limits.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		TLSConfig:         s.cfg.TLS,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxRequests,
			SendPingTimeout:      s.limits.WriteTime * 2 / 3,
			PingTimeout:          s.limits.WriteTime / 3,
			WriteByteTimeout:     s.limits.WriteTime,
		},
	}
}

// serve serves plain HTTP, or TLS with HTTP/2 where there is a certificate.
func (s *Server) serve(server *http.Server, listener net.Listener) error {
	if s.cfg.TLS == nil {
		return server.Serve(listener)
	}
	return server.ServeTLS(listener, "", "")
}

// sweepUntilClosed looks for viewers that have gone, and at the end takes all for gone.
func (s *Server) sweepUntilClosed() {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			s.sweep(now)
		case <-s.closing:
			s.sweep(time.Now().Add(2 * viewerSpan))
			return
		}
	}
}
