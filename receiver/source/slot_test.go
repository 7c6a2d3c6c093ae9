package source

import (
	"cmp"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// plug is a socket that only knows whether it is closed.
type plug struct{ closed bool }

func (p *plug) Close() error {
	p.closed = true
	return nil
}

// TestSlotBackOff checks when a socket is opened again, and for how long that is tried.
func TestSlotBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, broken := errors.New("gone"), errors.New("broken")
		var s slot[*plug]
		s.put(nil, gone)
		require.Equal(t, gone, s.down())
		began := time.Now()
		var tries []time.Duration
		const works = 8 // at that try
		socket := new(plug)
		var read *plug
		var down error
		open := func() (*plug, error) {
			tries = append(tries, time.Since(began))
			if len(tries) == works {
				return socket, nil
			}
			return nil, gone
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.run(ctx, open, func(ctx context.Context, p *plug) error {
				read, down = p, s.down()
				time.Sleep(time.Minute)
				began = time.Now()
				return cmp.Or(ctx.Err(), broken)
			})
		}()
		time.Sleep(6*time.Second + time.Minute)
		cancel()
		<-ended
		const ms = time.Millisecond
		require.Equal(t, times(100*ms, 300*ms, 700*ms, 1500*ms, 2500*ms, 3500*ms, 4500*ms, 5500*ms), tries[:works])
		require.Equal(t, times(100*ms, 300*ms), tries[works:], "once it has worked for a while, pauses begin anew")
		require.Equal(t, socket, read)
		require.NoError(t, down)
		require.True(t, socket.closed)
		require.Equal(t, gone, s.down())
	})
}

// TestSlotCloses checks that nothing is waited for once it is closed.
func TestSlotCloses(t *testing.T) {
	gone := errors.New("gone")
	for name, c := range map[string]struct{ up, before bool }{
		"before it runs": {up: true, before: true}, "in a pause": {}, "while it reads": {up: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s slot[*plug]
				socket := new(plug)
				if c.up {
					s.put(socket, nil)
				} else {
					s.put(nil, gone)
				}
				if c.before {
					s.close()
				}
				began, ended := time.Now(), make(chan struct{})
				go func() {
					defer close(ended)
					s.run(t.Context(), func() (*plug, error) { return nil, gone }, func(ctx context.Context, _ *plug) error {
						<-ctx.Done()
						return net.ErrClosed
					})
				}()
				synctest.Wait()
				s.close()
				s.close()
				<-ended
				require.Zero(t, time.Since(began))
				require.Equal(t, c.up, socket.closed)
				_, err := s.get()
				require.Error(t, err)

				late := new(plug)
				s.put(late, nil)
				require.True(t, late.closed, "one that was being opened meanwhile")
				s.fail(gone)
				_, err = s.get()
				require.Error(t, err)
			})
		})
	}
}
