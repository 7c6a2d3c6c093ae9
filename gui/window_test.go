package gui

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/events"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// testWindow is a window of 1024x640 with what it asks for.
type testWindow struct {
	*window
	fyne.Window
	commands fakeCommands
	copied   []string
	opened   []string
	quits    int
	chosen   string // the capture that the operator chooses
	asked    []question
	busy     bool // a dialog is open
	minimal  bool // it is minimised
	dialogs  []string
	calls    []string
	saved    []string
	themes   []string
}

func openTestWindow(t *testing.T) *testWindow {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(newLook(asSystem))
	w := &testWindow{}
	w.window = newWindow(&w.commands, desk{
		copy: func(text string) { w.copied = append(w.copied, text) },
		open: func(address string) { w.opened = append(w.opened, address) },
		quit: func() { w.quits++ },
		free: func() bool { return !w.busy },

		minimised: func() bool { return w.minimal },
		show:      func(title string, _ fyne.CanvasObject, _ fyne.Size) { w.dialogs = append(w.dialogs, title) },

		call:       func(c events.Call) { w.calls = append(w.calls, c.Title) },
		dismiss:    func() { w.busy = false },
		chooseFile: func(q fileQuestion) { q.chosen(w.chosen) },
		ask:        func(q question) { w.asked = append(w.asked, q) },
		saveFile:   func(_, text string) { w.saved = append(w.saved, text) },
		setTheme:   func(name string) { w.themes = append(w.themes, name) },
		fullScreen: func() {},
	})
	w.window.Show(idle())
	w.Window = test.NewTempWindow(t, w.root)
	w.SetPadded(false)
	w.SetMainMenu(w.menus.main)
	w.Canvas().SetOnTypedKey(w.typed)
	w.Resize(fyne.NewSize(1024, 640))
	return w
}

// showPicture shows a channel's picture as if it had come a moment ago.
func (w *testWindow) showPicture(channels ...string) {
	pictures := make([]picture, 0, len(channels))
	for _, id := range channels {
		pictures = append(pictures, picture{
			channel: id, image: testPicture(), number: 1, arrival: moment.Add(-200 * time.Millisecond),
		})
	}
	w.stage.showPictures(pictures, moment)
}

// press does what a key with Control does.
func (w *testWindow) press(key fyne.KeyName) {
	w.menus.each(func(i *fyne.MenuItem) {
		s, has := i.Shortcut.(*desktop.CustomShortcut)
		if has && s.KeyName == key && !i.Disabled {
			i.Action()
		}
	})
}

// key does what a key without Control does.
func (w *testWindow) key(name fyne.KeyName) { w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: name}) }

func TestNothingMovesWhenNumbersChange(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	places := func() (all []fyne.Position) { // of all but the events, which come and go
		for _, part := range []fyne.CanvasObject{w.head.bar, w.stage.panel, w.totals.panel, w.links.panel} {
			for _, o := range test.LaidOutObjects(part) {
				all = append(all, o.Position())
			}
		}
		return all
	}
	before := places()
	m := live()
	c := &m.Snapshot.Channels[0]
	c.Recent["1s"] = status.Recent{Lost: 1234}
	c.Packets.Saved, c.Wait.Max, c.SurvivesLinks, c.Viewers = 123456, 999, 0, 9
	for i := range c.Links {
		l := &c.Links[i]
		l.BitrateBPS, l.RatePPS, l.Share, l.JitterMS, l.DelayMS, l.Saved = 1.234e7, 1234, 1, 123.4, 90, 1234567
	}
	w.window.Show(m)
	require.Equal(t, before, places())
}

func TestStartAndStop(t *testing.T) {
	w := openTestWindow(t)
	require.True(t, w.setup.Object.Visible())
	require.False(t, w.body.Visible())
	test.Tap(w.head.start)
	w.press(fyne.KeyR)
	require.Equal(t, []string{"apply rig1  5078-5081", "apply rig1  5078-5081"}, w.commands.take())

	m := idle()
	m.Phase = starting
	w.window.Show(m)
	require.True(t, w.head.start.Disabled())
	w.window.Show(waiting())
	require.False(t, w.setup.Object.Visible())
	require.True(t, w.body.Visible())
	test.Tap(w.head.start)
	w.press(fyne.KeyR)
	require.Equal(t, []string{"stop", "stop"}, w.commands.take())
}

func TestLatencyActsAtOnce(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	require.Empty(t, w.commands.take(), "to show a value is not to ask for it")
	w.totals.latency.SetValue(float64(latencyStep(350 * time.Millisecond)))
	require.Equal(t, []string{"latency 350ms"}, w.commands.take())
	require.Equal(t, "350 ms", w.totals.latencyText.Text())
}

func TestLatencyIsShownAsItIs(t *testing.T) {
	w := openTestWindow(t)
	for budget, want := range map[time.Duration]struct {
		step float64
		text string
	}{
		app.MinLatency:             {0, "20 ms"},
		25500 * time.Microsecond:   {0, "25.5 ms"},
		210 * time.Millisecond:     {float64(latencyStep(200 * time.Millisecond)), "210 ms"},
		2 * time.Second:            {float64(latencyStep(2 * time.Second)), "2000 ms"},
		app.MaxLatency - 1_000_000: {w.totals.latency.Max - 1, "4999 ms"},
		app.MaxLatency:             {w.totals.latency.Max, "5000 ms"},
	} {
		m := live()
		m.Config.Channels[0].Latency = app.Duration(budget)
		w.window.Show(m)
		require.InDelta(t, want.step, w.totals.latency.Value, 0, budget)
		require.Equal(t, want.text, w.totals.latencyText.Text())
	}
	require.Empty(t, w.commands.take(), "to show a value is not to ask for it")
	require.True(t, slices.IsSorted(latencySteps[:]))
}

func TestViewers(t *testing.T) {
	w := openTestWindow(t)
	for _, b := range []*widget.Button{w.share.copy, w.share.open} {
		require.True(t, b.Disabled())
	}
	w.press(fyne.KeyL)
	require.Empty(t, w.copied)

	m := live()
	w.window.Show(m)
	test.Tap(w.share.copy)
	w.press(fyne.KeyL)
	test.Tap(w.share.open)
	w.press(fyne.KeyB)
	require.Equal(t, []string{m.URL, m.URL}, w.copied)
	require.Equal(t, []string{m.URL, m.URL}, w.opened)
	require.Equal(t, "Share · 3 watching", w.head.share.Text)

	test.Tap(w.share.hls)
	m.Snapshot.Channels[0].HLS.Enabled = false
	w.window.Show(m)
	require.Equal(t, "HLS is off: viewers see no video.", w.share.note.Text)
	require.Equal(t, "HLS off", w.head.hls.Text)
	w.press(fyne.KeyH)
	require.Equal(t, []string{"hls false", "hls true"}, w.commands.take())
	w.press(fyne.KeyQ)
	require.Len(t, w.asked, 1, "someone is watching")
}

func TestPictureLooksDeadWhenItIs(t *testing.T) {
	w := openTestWindow(t)
	w.showPicture("rig1")
	m := live()
	w.window.Show(m)
	video := w.stage.tiles[0].Video()
	require.Equal(t, widgets.Message{}, video.Message())
	m.Now = moment.Add(time.Minute)
	w.window.Show(m)
	require.Equal(t, "The preview has stopped", video.Message().Title)
	w.window.Show(noSignal())
	require.Equal(t, "No signal since 14:02:00", video.Message().Title)
	w.ShowPictures(nil)
	require.Negative(t, w.stage.age("rig1", moment))
}

func TestOnePictureOrAll(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	require.Nil(t, w.stage.tiles[0].OnTapped, "there is only one")
	m := several()
	m.All = true
	w.window.Show(m)
	require.Len(t, w.stage.tiles, 3)
	require.Equal(t, "Ambulance 2", w.stage.tiles[1].Values().Name)
	test.Tap(w.stage.tiles[1])
	require.Equal(t, []string{"choose rig2", "show all false"}, w.commands.take())

	m.All, m.Chosen = false, "rig2"
	w.window.Show(m)
	require.Len(t, w.stage.tiles, 1)
	test.Tap(w.stage.tiles[0])
	w.key(fyne.KeyEscape)
	test.Tap(w.tabs.all)
	require.Equal(t, []string{"show all true", "show all true", "show all true"}, w.commands.take())

	require.False(t, w.commands.covered)
	w.press(fyne.KeyComma)
	require.True(t, w.commands.covered, "nothing is decoded that nobody sees")
	w.press(fyne.KeyComma)
	require.False(t, w.commands.covered)
}

func TestRigsAreChosen(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	require.False(t, w.tabs.bar.Visible(), "one rig needs no tabs")
	m := several()
	m.All = true
	w.window.Show(m)
	require.False(t, w.tabs.bar.Visible(), "the pictures say it")
	m.All = false
	w.window.Show(m)
	require.True(t, w.tabs.bar.Visible())
	require.Equal(t, "2 of 3 to look at", w.head.state.Text())
	test.Tap(w.tabs.views[1])
	w.press(fyne.Key3)
	w.press(fyne.Key4)
	require.Equal(t, []string{"choose rig2", "show all false", "choose rig3", "show all false"}, w.commands.take())

	m.Chosen = "rig3"
	w.window.Show(m)
	require.Equal(t, "Ambulance 3: 0 of 4 links up.", w.links.up.Text())
}

func TestCaptureIsOpened(t *testing.T) {
	w := openTestWindow(t)
	w.chosen = "/c/rig.pcapng"
	answer := func(i int) {
		t.Helper()
		require.Len(t, w.asked, 1)
		w.asked[0].answers[i].do()
		w.asked = nil
	}
	w.press(fyne.KeyO)
	require.Equal(t, "Open rig.pcapng", w.asked[0].title)
	answer(0)
	w.press(fyne.KeyO)
	answer(1)
	require.Equal(t, []string{"play /c/rig.pcapng", "check /c/rig.pcapng"}, w.commands.take())

	w.window.Show(live())
	w.press(fyne.KeyO)
	require.Contains(t, w.asked[0].text, "Reception of Rig 1 stops while the capture plays.")
	answer(0)
	require.Equal(t, []string{"play /c/rig.pcapng"}, w.commands.take())

	m := idle()
	m.Phase = starting
	w.window.Show(m)
	w.press(fyne.KeyO)
	require.Empty(t, w.asked, "not while it starts")
}

func TestCapturePlays(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	require.False(t, w.playback.bar.Visible())
	w.window.Show(playing())
	require.True(t, w.playback.bar.Visible())
	require.Equal(t, "1:23 · 5.0 MiB of 16 MiB", w.playback.text.Text())
	require.True(t, w.totals.save.toggle.Disabled(), "a capture is saved already")
	w.press(fyne.KeyS)
	test.Tap(w.playback.again)
	test.Tap(w.playback.live)
	require.Equal(t, []string{"play again", "go live"}, w.commands.take())
	w.window.Show(played(app.ErrCutOff))
	require.Equal(t, "1:23 · 5.0 MiB of 16 MiB · broken off", w.playback.text.Text())
}

func TestCheckCoversThePage(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(checked(check{Read: 1 << 20}))
	require.True(t, w.check.page.Visible())
	require.False(t, w.body.Visible())
	require.Equal(t, "1.0 MiB of 16 MiB", w.check.text.Text())
	require.False(t, w.check.play.Visible(), "there is no result yet")
	w.press(fyne.KeyComma)
	require.False(t, w.settingUp, "the set-up would be out of sight")
	test.Tap(w.check.back)
	w.key(fyne.KeyEscape)
	require.Equal(t, []string{"end check", "end check"}, w.commands.take())

	m := checked(check{Done: true, Result: live().Snapshot.Channels[0]})
	w.window.Show(m)
	test.Tap(w.check.play)
	require.Len(t, w.asked, 1, "it would stop reception")
	w.asked[0].answers[0].do()
	m.Phase = stopped
	w.window.Show(m)
	test.Tap(w.check.play)
	require.Equal(t, []string{"play " + m.Check.Path, "play " + m.Check.Path}, w.commands.take())
	w.window.Show(live())
	require.True(t, w.body.Visible())
}

func TestSaving(t *testing.T) {
	w := openTestWindow(t)
	w.press(fyne.KeyS)
	require.Empty(t, w.commands.take(), "nothing arrives")
	w.window.Show(live())
	require.False(t, w.totals.save.copy.Visible(), "there is no path")
	w.press(fyne.KeyS)
	m := saving(app.Dump{Running: true, Bytes: 3 << 20})
	w.window.Show(m)
	test.Tap(w.totals.save.toggle)
	require.Equal(t, []string{"dump true", "dump false"}, w.commands.take())
	test.Tap(w.totals.save.copy)
	require.Equal(t, []string{m.dump().Path}, w.copied)
}
