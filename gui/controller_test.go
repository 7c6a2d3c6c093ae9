package gui

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// fakeView keeps what it was shown.
type fakeView struct {
	mu       sync.Mutex
	models   []model
	pictures [][]picture
}

func (v *fakeView) Show(m model) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.models = append(v.models, m)
}

func (v *fakeView) ShowPictures(p []picture) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pictures = append(v.pictures, p)
}

// counts returns how often models and pictures were shown.
func (v *fakeView) counts() (models, pictures int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.models), len(v.pictures)
}

// lastPictures returns the pictures shown last.
func (v *fakeView) lastPictures() []picture {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.pictures[len(v.pictures)-1]
}

func (v *fakeView) last() model {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.models[len(v.models)-1]
}

// bench is a controller at work on runs that a test has made.
type bench struct {
	*controller
	view   *fakeView
	next   []any // *fakeRun or error, for each start to come
	starts []app.Config

	probeErr error // of captures
}

// start is the bench's starter.
func (b *bench) start(cfg app.Config, _ *slog.Logger) (run, error) {
	outcome := b.next[len(b.starts)]
	b.starts = append(b.starts, cfg)
	if err, failed := outcome.(error); failed {
		return nil, err
	}
	return outcome.(*fakeRun), nil
}

// onBench runs a controller in a synctest bubble until f returns. Runs must be made in f, as channels belong to their
// bubble.
func onBench(t *testing.T, do func(func()), f func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{view: &fakeView{}}
		b.controller = newController(app.Default(), b.start, do, quiet)
		b.interfaces = func() []netInterface { return nil }
		b.probe = func(string) error { return b.probeErr }
		b.controller.view = b.view
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			b.Run(ctx)
		}()
		synctest.Wait()
		f(b)
		cancel()
		<-ended
	})
}

func atOnce(f func()) { f() }

func TestControllerStartsAndStops(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		first, second := newFakeRun(), newFakeRun()
		b.next = []any{first, second}
		require.Equal(t, stopped, b.view.last().Phase)

		b.Apply(onPorts("eth0", 6000, 6001))
		synctest.Wait()
		require.Equal(t, running, b.view.last().Phase)
		require.Equal(t, "eth0", b.starts[0].Channels[0].Interface)
		require.Equal(t, app.Ports{6000, 6001}, b.starts[0].Channels[0].Ports)
		require.Equal(t, first.ViewerURL(), b.view.last().URL)

		elsewhere := onPorts("", 6002)
		elsewhere.HTTP.Address = ":6003"
		b.Apply(elsewhere) // the old run ends first
		synctest.Wait()
		require.Equal(t, []string{"previews rig1", "close"}, first.noted())
		require.Len(t, b.starts, 2)
		require.Equal(t, running, b.view.last().Phase)

		b.Stop()
		synctest.Wait()
		require.Equal(t, []string{"previews rig1", "close"}, second.noted())
		require.Equal(t, stopped, b.view.last().Phase)
		require.Empty(t, b.view.last().URL)
		require.Empty(t, b.view.lastPictures(), "the last picture goes")
	})
}

func TestControllerClosesTheRunAtItsEnd(t *testing.T) {
	var r *fakeRun
	onBench(t, atOnce, func(b *bench) {
		r = newFakeRun()
		b.next = []any{r}
		b.Restart()
		synctest.Wait()
	})
	require.Equal(t, []string{"previews rig1", "close"}, r.noted())
}

func TestControllerChangesWhatRuns(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		b.next = []any{r}
		b.SetLatency(120 * time.Millisecond) // before the start: it is in the configuration
		b.Restart()
		synctest.Wait()
		require.Equal(t, app.Duration(120*time.Millisecond), b.starts[0].Channels[0].Latency)
		require.Equal(t, []string{"previews rig1"}, r.noted())

		b.SetLatency(300 * time.Millisecond)
		synctest.Wait()
		b.SetHLS(false)
		synctest.Wait()
		b.SetHLS(false)
		synctest.Wait()
		require.Equal(t, []string{"previews rig1", "rig1 300ms", "rig1 off"}, r.noted())
		require.Len(t, b.starts, 1)
		require.Equal(t, map[string]bool{"rig1": false}, b.view.last().HLS)
	})
}

func TestControllerTellsFailures(t *testing.T) {
	taken := errors.New("UDP port 5078 is in use")
	onBench(t, atOnce, func(b *bench) {
		second := newFakeRun()
		second.err = errors.New("the page's address has gone")
		b.next = []any{taken, second}
		b.Restart()
		synctest.Wait()
		require.Equal(t, stopped, b.view.last().Phase)
		require.ErrorIs(t, b.view.last().Failure, taken)

		b.Restart()
		synctest.Wait()
		require.Equal(t, running, b.view.last().Phase)
		require.NoError(t, b.view.last().Failure)

		close(second.done) // it ends by itself
		synctest.Wait()
		require.Equal(t, stopped, b.view.last().Phase)
		require.ErrorIs(t, b.view.last().Failure, second.err)
		require.Equal(t, []string{"previews rig1", "close"}, second.noted())
	})
}

func TestControllerShowsNumbersAndPictures(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		b.next = []any{r}
		b.Restart()
		synctest.Wait()
		before, cleared := b.view.counts()
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		models, pictures := b.view.counts()
		require.Equal(t, 4, models-before, "four times a second")
		require.Zero(t, pictures-cleared)

		r.mu.Lock()
		r.frame, r.number = image.NewRGBA(image.Rect(0, 0, 2, 2)), 7
		r.snapshot = status.Snapshot{Version: "new"}
		r.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		_, pictures = b.view.counts()
		require.Equal(t, 1, pictures-cleared, "a picture is shown once")
		require.Equal(t, uint64(7), b.view.lastPictures()[0].number)
		require.Equal(t, "new", b.view.last().Snapshot.Version)
	})
}

func TestControllerNeverFloodsTheWindow(t *testing.T) {
	var mu sync.Mutex
	var queue []func() // of a window that has hung
	do := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		queue = append(queue, f)
	}
	onBench(t, do, func(b *bench) {
		r := newFakeRun()
		r.frame = image.NewRGBA(image.Rect(0, 0, 2, 2))
		b.next = []any{r}
		b.Restart()
		for i := range 50 {
			r.mu.Lock()
			r.number = uint64(i + 1)
			r.mu.Unlock()
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		mu.Lock()
		hung := queue
		mu.Unlock()
		require.Len(t, hung, 2, "one for numbers, one for pictures")
		for _, f := range hung {
			f()
		}
		require.Equal(t, running, b.view.last().Phase, "the latest, not the one that was sent first")
		require.Equal(t, uint64(50), b.view.lastPictures()[0].number)
	})
}

func TestWishesNeverBlock(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		r.closing = make(chan struct{})
		b.next = []any{r, newFakeRun()}
		b.Restart()
		synctest.Wait()
		b.Stop()
		synctest.Wait() // the loop hangs in Close
		require.Equal(t, stopping, b.view.last().Phase)
		for range 100 {
			b.Apply(onPorts("", 6000))
			b.SetLatency(time.Second)
			b.Stop()
		}
		b.Apply(onPorts("", 6001))
		close(r.closing)
		synctest.Wait()
		require.Len(t, b.starts, 2, "of all those wishes the last")
		require.Equal(t, app.Ports{6001}, b.starts[1].Channels[0].Ports)
	})
}
