package gui

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/form"
)

// onPorts are settings with one rig on an interface and ports.
func onPorts(netInterface string, ports ...int) app.Config {
	cfg := app.Default()
	cfg.Channels[0].Interface, cfg.Channels[0].Ports = netInterface, ports
	return cfg
}

// withRigs are settings with rigs of these names.
func withRigs(ids ...string) app.Config {
	cfg := app.Default()
	cfg.Channels = nil
	for i, id := range ids {
		ch := app.DefaultChannel()
		ch.ID, ch.Name, ch.Ports = id, id, app.Ports{7000 + i}
		cfg.Channels = append(cfg.Channels, ch)
	}
	return cfg
}

func TestChannelsChangeInARun(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		b.next = []any{r}
		b.Apply(withRigs("a"))
		synctest.Wait()
		b.SetHLS(false)
		synctest.Wait()
		r.mu.Lock()
		r.calls = nil
		r.mu.Unlock()

		b.Apply(withRigs("b", "c"))
		synctest.Wait()
		require.Len(t, b.starts, 1, "the run goes on")
		require.Equal(t, []string{"channels b,c", "a off", "previews b,c"}, r.noted())
		m := b.view.last()
		require.Equal(t, "b", m.Chosen, "the one that was chosen has gone")
		require.Equal(t, "b", m.Player)
		require.True(t, m.All, "there are several now")
		require.Len(t, m.Config.Channels, 2)

		b.Apply(withRigs("c"))
		synctest.Wait()
		require.False(t, b.view.last().All)
		require.Equal(t, "c", b.view.last().Chosen)
	})
}

func TestChannelsThatCannotChangeStay(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		r.channelsErr = errors.New("UDP port 7000 is in use")
		b.next = []any{r}
		b.Apply(withRigs("a", "b"))
		synctest.Wait()
		b.Choose("b")
		synctest.Wait()
		b.Apply(withRigs("a"))
		synctest.Wait()
		m := b.view.last()
		require.Equal(t, running, m.Phase)
		require.ErrorIs(t, m.SetupErr, r.channelsErr)
		require.Len(t, m.Config.Channels, 2)
		require.Equal(t, "b", m.Chosen)
		require.True(t, m.All)

		b.SetLatency(time.Second) // what is asked for next is about the channels that there are
		synctest.Wait()
		require.Contains(t, r.noted(), "b 1s")
		require.Len(t, b.view.last().Config.Channels, 2)

		r.channelsErr = nil
		b.Apply(withRigs("a"))
		synctest.Wait()
		require.NoError(t, b.view.last().SetupErr)
		require.Len(t, b.view.last().Config.Channels, 1)
	})
}

func TestOtherSettingsRestart(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		first, second := newFakeRun(), newFakeRun()
		b.next = []any{first, second, newFakeRun()}
		b.Restart()
		synctest.Wait()
		b.SetHLS(false)
		cfg := app.Default()
		cfg.HLS.Enabled = false
		b.Apply(cfg)
		synctest.Wait()
		require.Len(t, b.starts, 2)
		require.Equal(t, []string{"previews rig1"}, second.noted(), "what was switched by hand is forgotten")

		b.probe = func(string) error { return nil }
		b.Play("/c/rig.pcap")
		synctest.Wait()
		b.next = append(b.next, newFakeRun())
		b.Apply(cfg)
		synctest.Wait()
		require.Len(t, b.starts, 4, "from a capture to live")
		require.Empty(t, b.starts[3].Capture)
	})
}

func TestSettingsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings", "config.toml")
	onBench(t, atOnce, func(b *bench) {
		b.use(app.UserSettings{Config: app.Default(), Path: path, Ask: true})
		b.next = []any{newFakeRun()}
		b.Keep(onPorts("", 6000))
		synctest.Wait()
		require.True(t, b.view.last().Ask, "nothing has been started")
		require.Equal(t, app.Ports{6000}, b.view.last().Kept.Config.Channels[0].Ports)

		b.Apply(onPorts("", 6001))
		synctest.Wait()
		require.False(t, b.view.last().Ask)
		require.Equal(t, app.Ports{6001}, b.view.last().Kept.Config.Channels[0].Ports)
		require.NoError(t, b.view.last().Kept.Err)
	})
	var cfg app.Config
	require.NoError(t, cfg.Load(path))
	require.Equal(t, app.Ports{6001}, cfg.Channels[0].Ports)

	// Where there is no room for the file, reception begins all the same.
	require.NoError(t, os.RemoveAll(filepath.Dir(path)))
	require.NoError(t, os.WriteFile(filepath.Dir(path), nil, 0o600))
	onBench(t, atOnce, func(b *bench) {
		b.use(app.UserSettings{Config: app.Default(), Path: path, Kept: onPorts("", 1), Err: os.ErrInvalid})
		b.next = []any{newFakeRun()}
		b.Apply(onPorts("", 6001))
		synctest.Wait()
		require.Equal(t, running, b.view.last().Phase)
		kept := b.view.last().Kept
		require.ErrorContains(t, kept.Err, "The settings were not saved to")
		require.Equal(t, app.Ports{1}, kept.Config.Channels[0].Ports)
		require.Equal(t, os.ErrInvalid, kept.Wrong)
	})
}

func TestLastSettingsAreKeptAtTheEnd(t *testing.T) {
	saved := make(chan app.Config, 10)
	release := make(chan struct{})
	e := newErrand(func(cfg app.Config) form.Kept {
		<-release
		saved <- cfg
		return form.Kept{}
	})
	e.ask(withRigs("a"))
	e.ask(withRigs("b"))
	e.ask(withRigs("c"))
	close(release)
	e.finish()
	require.Equal(t, "a", (<-saved).Channels[0].ID)
	require.Equal(t, "c", (<-saved).Channels[0].ID, "the latest, and not those between")
	require.Empty(t, saved)
}

func TestPortsAreLookedAtWhileTheSetUpIsSeen(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		var looks []app.Config
		b.looker = newErrand(func(cfg app.Config) app.PortChecks {
			looks = append(looks, cfg)
			return app.PortChecks{HTTP: app.PortUse{Port: len(looks)}}
		})
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		b.Look(onPorts("", 6000))
		pass(10 * time.Second)
		require.Empty(t, looks, "nobody sees it")

		b.LookAtPorts(true)
		pass(300 * time.Millisecond)
		require.Len(t, looks, 1)
		for i := range 100 { // as somebody types
			b.Look(onPorts("", 6001+i))
		}
		pass(300 * time.Millisecond)
		require.Len(t, looks, 2, "not for each letter")
		require.Equal(t, app.Ports{6100}, looks[1].Channels[0].Ports)
		require.Equal(t, 2, b.view.last().Ports.HTTP.Port)
		pass(5 * time.Second)
		require.GreaterOrEqual(t, len(looks), 6, "again and again")
		require.LessOrEqual(t, len(looks), 8)

		b.LookAtPorts(false)
		pass(time.Second)
		n := len(looks)
		pass(10 * time.Second)
		require.Len(t, looks, n)
	})
}
