package gui

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/events"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

func TestEventsAreShown(t *testing.T) {
	w := openTestWindow(t)
	require.True(t, w.events.copy.Disabled(), "nothing has happened")
	w.press(fyne.KeyT)
	w.press(fyne.KeyD)
	require.Empty(t, w.copied)
	w.window.Show(live())
	w.window.Show(with(live(), func(c *status.Channel) { c.Viewers++ }))
	w.window.Show(with(live(), func(c *status.Channel) { c.Viewers, c.Packets.Lost = 4, 7 }))
	require.Len(t, w.events.shown, 3)
	test.Tap(w.events.copy)
	want := "2026-01-02 14:02:31        Reception has started.\n" +
		"2026-01-02 14:02:31        A viewer joined. 4 watching.\n" +
		"2026-01-02 14:02:31  look  7 packets lost.\n"
	require.Equal(t, []string{want}, w.copied)

	w.press(fyne.KeyE)
	require.Len(t, w.events.shown, 1)
	test.Tap(w.events.save)
	require.Equal(t, []string{"2026-01-02 14:02:31  look  7 packets lost.\n"}, w.saved)
}

func TestSavingIsAnEvent(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	w.window.Show(saving(app.Dump{Running: true}))
	w.window.Show(saving(app.Dump{Full: true}))
	require.Equal(t, "The file has reached 1.0 GiB, its limit.", w.events.shown[0].Text)
	w.window.Show(saving(app.Dump{Running: true}))
	w.window.Show(saving(app.Dump{Err: errors.New("the disk is full")}))
	require.Equal(t, "The disk is full.", w.events.shown[0].Text)
}

func TestOperatorIsCalled(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	m := noSignal()
	w.window.Show(m)
	m.Now = moment.Add(5 * time.Second)
	w.window.Show(m)
	require.Equal(t, []string{"No picture from Rig 1"}, w.calls)
	m = live()
	m.Now = moment.Add(6 * time.Second)
	w.window.Show(m)
	require.Equal(t, []string{"No picture from Rig 1", "The picture of Rig 1 is back"}, w.calls)
}

func TestEveryKeyIsItsOwn(t *testing.T) {
	w := openTestWindow(t)
	m := many(9)
	w.window.Show(m)
	seen := map[fyne.KeyName]string{}
	w.menus.each(func(i *fyne.MenuItem) {
		if s, has := i.Shortcut.(*desktop.CustomShortcut); has {
			require.Empty(t, seen[s.KeyName], i.Label)
			seen[s.KeyName] = i.Label
		}
	})
	require.Equal(t, "Ambulance 9", seen[fyne.Key9])
	require.GreaterOrEqual(t, len(seen), 25)
	w.busy = true
	for key := range seen {
		if key != fyne.KeyQ {
			w.press(key)
		}
	}
	w.key(fyne.KeyReturn)
	require.Empty(t, w.commands.take(), "a dialog is open")
	require.Empty(t, w.dialogs)
	w.key(fyne.KeyEscape)
	require.False(t, w.busy, "it is left")
	require.Empty(t, w.commands.take())
}

func TestCallsNeverWaitForTheDesktop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := make(callQueue, 1)
		ctx, cancel := context.WithCancel(t.Context())
		hang := make(chan struct{})
		var shown []string
		go q.run(ctx, func(n *fyne.Notification) {
			<-hang
			shown = append(shown, n.Title+n.Content)
		})
		q.send(events.Call{Title: "a", Text: "b"})
		synctest.Wait()
		for range 10 {
			q.send(events.Call{Title: "c"})
		}
		close(hang)
		synctest.Wait()
		cancel()
		require.Equal(t, []string{"ab", "c"}, shown, "one at work and one in the queue")
	})
}

func TestMenusSayWhatIs(t *testing.T) {
	w := openTestWindow(t)
	require.Equal(t, "Start", w.menus.start.Label)
	require.True(t, w.menus.all.Disabled, "there is one rig")
	require.True(t, w.menus.copy.Disabled)
	m := many(4)
	m.Rate = 12
	w.window.Show(m)
	require.Equal(t, "Stop", w.menus.start.Label)
	require.True(t, w.menus.all.Checked)
	require.True(t, w.menus.hls.Checked)
	require.Equal(t, []bool{false, false, true, false}, []bool{
		w.menus.rates[0].Checked, w.menus.rates[1].Checked, w.menus.rates[2].Checked, w.menus.rates[3].Checked,
	})
	w.menus.rates[3].Action()
	w.menus.rigs.ChildMenu.Items[2].Action()
	require.Equal(t, []string{"rate 5", "choose rig3", "show all false"}, w.commands.take())
	w.menus.themes[1].Action()
	require.Equal(t, []string{alwaysDark}, w.themes)
	require.True(t, w.menus.themes[1].Checked)
	for _, key := range []fyne.KeyName{fyne.KeyU, fyne.KeyK, fyne.KeyI} {
		w.press(key)
	}
	require.Equal(t, []string{"Share", "Keyboard", "About"}, w.dialogs)
}

func TestArrowsChoose(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	w.key(fyne.KeyRight)
	require.Empty(t, w.commands.take(), "there is one rig")
	m := many(9).of("rig5")
	w.window.Show(m)
	for _, key := range []fyne.KeyName{fyne.KeyLeft, fyne.KeyRight, fyne.KeyUp, fyne.KeyDown, fyne.KeyReturn} {
		w.key(key)
	}
	require.Equal(t, []string{
		"choose rig4", "choose rig6", "choose rig2", "choose rig8", "choose rig5", "show all false",
	}, w.commands.take())
	w.window.Show(m.of("rig1"))
	w.key(fyne.KeyUp)
	require.Empty(t, w.commands.take(), "there is none above")
}

func TestClosingAsks(t *testing.T) {
	w := openTestWindow(t)
	playing, demo := playing(), live()
	demo.Config.Demo = true
	for _, m := range []model{idle(), waiting(), playing, demo} {
		w.window.Show(m)
		w.close()
	}
	require.Equal(t, 4, w.quits, "nothing would be lost")
	m := saving(app.Dump{Running: true})
	w.window.Show(m)
	w.close()
	require.Equal(t, 4, w.quits)
	require.Equal(t, "Rig 1 is live. 3 viewers are watching. What arrives is being saved.\nClosing the window ends that.",
		w.asked[0].text)
	w.asked[0].answers[0].do()
	require.Equal(t, 5, w.quits)
	w.busy = true
	w.close()
	require.Len(t, w.asked, 1, "it is being asked")
	q, asks := closing(many(9), nil)
	require.True(t, asks)
	require.Contains(t, q.text, "6 rigs are live.")
}

func TestShare(t *testing.T) {
	w := openTestWindow(t)
	require.Equal(t, "The page is served while the receiver runs: start it first.", w.share.note.Text)
	require.Nil(t, w.share.code.Image)
	m := live()
	w.window.Show(m)
	require.Empty(t, w.share.note.Text)
	require.Equal(t, m.URL, w.share.address.Text)
	size := w.share.code.Image.Bounds().Dx()
	require.Greater(t, size, 21)
	for i := range size { // the quiet zone
		require.Equal(t, uint32(0xffff), first(w.share.code.Image.At(i, 3).RGBA()))
	}
	require.Zero(t, first(w.share.code.Image.At(4, 4).RGBA()), "the corner of the finder pattern")

	m = several()
	m.URL = "http://127.0.0.1:5076/"
	require.Equal(t, "Only this computer can open the address.", shareNote(m))
	require.Equal(t, []string{
		"9 viewers are watching.", "Ambulance 1: 3", "Ambulance 2: 3", "Ambulance 3: 3",
	}, watchingLines(m))
	require.Equal(t, "Nobody is watching.", watchingText(0))
	require.Equal(t, "1 viewer is watching.", watchingText(1))
	m.Snapshot.Channels[0].HLS.Error = "the disk is full"
	require.Equal(t, "The disk is full.", shareNote(m))
	require.Nil(t, qrCode(strings.Repeat("long", 1000)))
}

func first(v, _, _, _ uint32) uint32 { return v }

func TestLicencesOfAllThatIsBuiltIn(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	known := map[string]bool{}
	for _, l := range licences {
		for m := range strings.FieldsSeq(l.of) {
			require.False(t, known[m], m)
			known[m] = true
		}
	}
	for _, m := range info.Deps {
		if !strings.Contains(m.Path, "testify") && !strings.Contains(m.Path, "go-difflib") &&
			!strings.Contains(m.Path, "go-spew") && !strings.Contains(m.Path, "yaml.v3") {
			require.True(t, known[m.Path], "about.go names no licence of %s", m.Path)
		}
	}
}

func TestSizeIsRemembered(t *testing.T) {
	p := test.NewTempApp(t).Preferences()
	require.Equal(t, fyne.NewSize(usualWidth, usualHeight), rememberedSize(p))
	rememberSize(p, fyne.NewSize(1024, 640))
	require.Equal(t, fyne.NewSize(1024, 640), rememberedSize(p))
	rememberSize(p, fyne.NewSize(1, 1))
	require.Equal(t, fyne.NewSize(leastWidth, leastHeight), rememberedSize(p))
}

func TestThemesByName(t *testing.T) {
	for name, want := range map[string][2]palette{
		asSystem: {dark, light}, alwaysDark: {dark, dark}, alwaysLight: {light, light},
	} {
		for i, variant := range []fyne.ThemeVariant{theme.VariantDark, theme.VariantLight} {
			require.Equal(t, want[i][theme.ColorNameBackground], newLook(name).Color(theme.ColorNameBackground, variant))
		}
	}
}

func TestDialogs(t *testing.T) {
	w := openTestWindow(t)
	for _, content := range []fyne.CanvasObject{about(), keyboard(w.menus), w.share.content} {
		showDialog(w.Window, "Title", content, fyne.NewSize(2000, 2000))
		require.LessOrEqual(t, w.Canvas().Overlays().Top().Size().Width, float32(1024))
		test.Tap(shownButtons(w.Window)["Close"])
		require.Nil(t, w.Canvas().Overlays().Top())
	}
	saveFile(w.Window, "events.txt", "text", func(err error) { t.Error(err) })
	require.NotNil(t, w.Canvas().Overlays().Top())
	test.Tap(shownButtons(w.Window)["Cancel"])
}

func TestMinimisedWindowDoesNothing(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(live())
	require.False(t, w.commands.covered)
	w.minimal = true
	w.window.Show(noSignal())
	require.True(t, w.commands.covered, "nothing is decoded")
	require.Equal(t, "Live", w.head.state.Text(), "nothing is painted")
	require.Equal(t, "No signal.", w.events.shown[0].Lead, "what happens is kept all the same")
	w.minimal = false
	w.window.Show(noSignal())
	require.False(t, w.commands.covered)
	require.Equal(t, "No signal", w.head.state.Text())
}
