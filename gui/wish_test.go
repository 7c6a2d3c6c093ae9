package gui

import (
	"context"
	"errors"
	"fmt"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// twoRigs is a configuration of two channels.
func twoRigs() app.Config {
	cfg := app.Default()
	second := app.DefaultChannel()
	second.ID, second.Name, second.Ports = "rig2", "Rig 2", app.Ports{6000, 6001}
	cfg.Channels = append(cfg.Channels, second)
	return cfg
}

// withRigs gives the bench a configuration before its first start.
func (b *bench) withRigs(cfg app.Config) {
	b.change(func(w *wish) { w.cfg = cfg.Clone() })
	synctest.Wait()
}

func TestChoosingAChannel(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		r.frame, r.number = testPicture(), 7
		b.next = []any{r}
		b.withRigs(twoRigs())
		b.Restart()
		time.Sleep(numbersEvery)
		synctest.Wait()
		require.Equal(t, []picture{{channel: "rig1", image: r.frame, number: 7}}, b.view.lastPictures())

		b.Choose("rig2")
		synctest.Wait()
		require.Equal(t, "rig2", b.view.last().Chosen)
		require.Empty(t, b.view.lastPictures(), "the other rig's picture goes")
		b.SetLatency(300 * time.Millisecond)
		synctest.Wait()
		b.SetHLS(false)
		synctest.Wait()
		b.Choose("rig1")
		synctest.Wait()
		b.SetLatency(50 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, []string{
			"previews rig1", "previews rig2", "rig2 300ms", "rig2 off", "previews rig1", "rig1 50ms",
		}, r.noted())
		require.False(t, hlsOn(b.view.last().Config, b.view.last().HLS, "rig2"))
		require.True(t, hlsOn(b.view.last().Config, b.view.last().HLS, "rig1"))
	})
}

func TestSwitchedHLSOutlivesARun(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		second := newFakeRun()
		b.next = []any{newFakeRun(), second}
		b.withRigs(twoRigs())
		b.Restart()
		synctest.Wait()
		b.SetHLS(false)
		synctest.Wait()
		b.Restart()
		synctest.Wait()
		require.Equal(t, []string{"rig1 off", "previews rig1"}, second.noted())
		require.True(t, b.starts[1].HLS.Enabled, "the other rig's stays on")
	})
}

func TestPlayingACapture(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		live, played, again := newFakeRun(), newFakeRun(), newFakeRun()
		b.next = []any{live, played, again, newFakeRun()}
		cfg := twoRigs()
		cfg.Demo = true
		b.withRigs(cfg)
		b.Restart()
		synctest.Wait()
		b.Choose("rig2")
		synctest.Wait()

		played.playback = app.Playback{Path: "/c", Read: 1, Size: 4}
		b.Play("/c")
		synctest.Wait()
		require.Equal(t, "/c", b.starts[1].Capture)
		require.False(t, b.starts[1].Demo, "nothing else sends to it")
		require.Equal(t, "rig2", b.starts[1].Channels[0].ID, "the first channel is the one that plays")
		require.True(t, b.view.last().plays())
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, int64(1), b.view.last().Playback.Read)
		require.Equal(t, time.Second, b.view.last().Elapsed)

		played.set(func() { played.playback.Read, played.playback.Done = 4, true })
		time.Sleep(2 * numbersEvery)
		synctest.Wait()
		ended := b.view.last().Elapsed
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, ended, b.view.last().Elapsed, "the clock stops at the end")

		b.PlayAgain()
		synctest.Wait()
		require.Equal(t, "/c", b.starts[2].Capture)
		b.GoLive()
		synctest.Wait()
		require.Empty(t, b.starts[3].Capture)
		require.True(t, b.starts[3].Demo)
		require.False(t, b.view.last().plays())
	})
}

func TestCaptureThatCannotBeOpenedStopsNothing(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		b.next = []any{r}
		b.Restart()
		synctest.Wait()
		b.probeErr = errors.New("no capture")
		for i := range 2 {
			b.Play("/c")
			synctest.Wait()
			m := b.view.last()
			require.Equal(t, refusal{b.probeErr, i + 1}, m.Refused, "said each time")
			require.Equal(t, running, m.Phase)
			require.Empty(t, m.Config.Capture)
		}
		require.Equal(t, []string{"previews rig1"}, r.noted())
		b.SetLatency(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"previews rig1", "rig1 1s"}, r.noted(), "it goes on as before")
		require.Len(t, b.starts, 1)
	})
}

func TestFailedPlaybackLeadsBackToLive(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		b.next = []any{errors.New("the page's address is in use"), newFakeRun()}
		b.Play("/c")
		synctest.Wait()
		require.Equal(t, stopped, b.view.last().Phase)
		require.Error(t, b.view.last().Failure)
		b.Restart()
		synctest.Wait()
		require.Empty(t, b.starts[1].Capture)
		require.NoError(t, b.view.last().Failure)
	})
}

func TestSavingWhatArrives(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		r.dump = app.Dump{Path: "/captures/rig1.pcapng", Running: true}
		b.next = []any{r, newFakeRun()}
		b.Restart()
		synctest.Wait()
		b.SetDump(true)
		synctest.Wait()
		require.Equal(t, r.dump, b.view.last().dump())
		b.SetDump(false)
		synctest.Wait()
		r.dumpErr = errors.New("the disk is full")
		b.SetDump(true)
		synctest.Wait()
		require.ErrorIs(t, b.view.last().DumpErr, r.dumpErr)
		require.Equal(t, []string{"previews rig1", "dump rig1", "end dump rig1", "dump rig1"}, r.noted())

		b.Stop()
		synctest.Wait()
		require.Equal(t, r.dump, b.view.last().dump(), "where it was saved is still told")
		b.Restart()
		synctest.Wait()
		require.NoError(t, b.view.last().DumpErr)
		require.Equal(t, app.Dump{}, b.view.last().dump())
	})
}

func TestCheckRunsBesideReception(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		b.next = []any{newFakeRun()}
		b.withRigs(twoRigs())
		b.Restart()
		synctest.Wait()
		b.Choose("rig2")
		synctest.Wait()

		goOn := make(chan struct{})
		var checkedIn app.Config
		b.checker.replay = func(
			ctx context.Context, _ string, cfg app.Config, progress func(read, size int64),
		) (status.Channel, error) {
			checkedIn = cfg
			progress(3, 8)
			select {
			case <-ctx.Done():
				return status.Channel{}, ctx.Err()
			case <-goOn:
				return status.Channel{ID: cfg.Channels[0].ID}, nil
			}
		}
		b.Check("/c")
		synctest.Wait()
		time.Sleep(numbersEvery)
		synctest.Wait()
		require.Equal(t, check{Path: "/c", Read: 3, Size: 8}, b.view.last().Check)
		require.Equal(t, "rig2", checkedIn.Channels[0].ID)
		close(goOn)
		synctest.Wait()
		want := check{Path: "/c", Read: 3, Size: 8, Done: true, Result: status.Channel{ID: "rig2"}}
		require.Equal(t, want, b.view.last().Check)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, want, b.view.last().Check, "the result stays")
		require.Equal(t, running, b.view.last().Phase)

		goOn = make(chan struct{})
		b.Check("/d")
		synctest.Wait()
		b.EndCheck()
		synctest.Wait()
		require.Equal(t, check{}, b.view.last().Check)
	})
}

func TestOnlyWhatIsVisibleIsDecoded(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		b.next = []any{r}
		cfg := app.Default()
		for i := range 11 {
			c := app.DefaultChannel()
			c.ID = fmt.Sprintf("r%d", i)
			cfg.Channels = append(cfg.Channels, c)
		}
		b.withRigs(cfg)
		b.ShowAll(true)
		b.Restart()
		synctest.Wait()
		b.Choose("r9") // beyond the first nine
		synctest.Wait()
		b.Choose("r10") // beside it
		synctest.Wait()
		b.ShowAll(false)
		synctest.Wait()
		b.Cover(true)
		synctest.Wait()
		require.Equal(t, []string{
			"previews rig1,r0,r1,r2,r3,r4,r5,r6,r7", "previews r8,r9,r10", "previews r10", "previews ",
		}, r.noted())
	})
}

func TestManyPicturesComeLessOften(t *testing.T) {
	for n, most := range map[int]int{1: 26, 2: 13, 9: 8} {
		onBench(t, atOnce, func(b *bench) {
			r := newFakeRun()
			begun := time.Now()
			r.moving = func(string) (*image.RGBA, uint64, time.Time) {
				return testPicture(), uint64(time.Since(begun)/(40*time.Millisecond)) + 1, time.Now()
			}
			b.next = []any{r}
			cfg := app.Default()
			for i := 1; i < n; i++ {
				c := app.DefaultChannel()
				c.ID = fmt.Sprintf("r%d", i)
				cfg.Channels = append(cfg.Channels, c)
			}
			b.withRigs(cfg)
			b.ShowAll(true)
			b.Restart()
			synctest.Wait()
			_, before := b.view.counts()
			time.Sleep(time.Second)
			synctest.Wait()
			_, after := b.view.counts()
			require.LessOrEqual(t, after-before, most, n)
			require.Greater(t, after-before, most-3, n)
			require.Len(t, b.view.lastPictures(), n)
		})
	}
}
