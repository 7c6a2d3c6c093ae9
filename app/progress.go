package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// ErrStuck says that part of the run makes no progress.
var ErrStuck = errors.New("no progress")

// probe is the request that the page's server is asked. Any answer will do, also that of TLS to what is none of it.
const probe = "GET /healthz HTTP/1.0\r\n\r\n"

// Check returns nil where the run makes progress, or an error, ErrStuck, that says which part has made none for longer
// than patience: the pipeline of a channel, one of its outputs, or the server of the page. It takes patience at most.
func (r *Run) Check(patience time.Duration) error {
	now := time.Now()
	for _, ch := range r.list() {
		if stuck := ch.receiver.Stuck(now); stuck > patience {
			return fmt.Errorf("%w: channel %s, for %.1f s", ErrStuck, ch.plan.ID, stuck.Seconds())
		}
	}
	for _, listener := range []net.Listener{r.listener, r.oldListener} {
		if listener == nil {
			continue
		}
		if err := answers(listener.Addr(), now.Add(patience)); err != nil {
			return fmt.Errorf("%w: the server at %s does not answer: %w", ErrStuck, listener.Addr(), err)
		}
	}
	return nil
}

// answers returns nil where the server at an address does something about a request before the deadline. Turning it
// away, as it does with all that come where too many are there, is something, too.
func answers(address net.Addr, deadline time.Time) error {
	dialer := net.Dialer{Deadline: deadline}
	connection, err := dialer.Dial(address.Network(), address.String())
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := connection.Write([]byte(probe)); err == nil {
		_, err = connection.Read(make([]byte, 1))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return nil
}
