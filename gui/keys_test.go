package gui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// TestKeyStates compares what the dialogs about keys show.
func TestKeyStates(t *testing.T) {
	failed := keyed()
	failed.KeyErr = refusal{errors.New("the viewers' keys cannot be kept in /x: no space left on device"), 1}
	expired := keyed()
	expired.Viewers.Keys = expired.Viewers.Keys[4:]
	expired.URL = ""
	open, local := live(), live()
	open.Viewers.Access, open.Config.Access.Mode, open.URL = app.AccessOpen, app.AccessOpen, "http://192.168.1.20:5076/"
	local.Viewers.Access, local.URL = app.AccessLocal, "http://127.0.0.1:5076/"
	for name, m := range map[string]model{
		"several": keyed(), "none": keyless(), "expired": expired, "failed": failed, "open": open, "local": local,
	} {
		t.Run(name, func(t *testing.T) {
			w := showState(t, m, false)
			if name != "failed" {
				test.AssertObjectRendersToMarkup(t, "share-"+name+".xml", w.share.content)
			}
			if m.Viewers.Access == app.AccessKey {
				test.AssertObjectRendersToMarkup(t, "keys-"+name+".xml", w.share.keys.content)
			}
		})
	}
	t.Run("form", func(t *testing.T) {
		w := showState(t, keyed(), false)
		test.Tap(w.share.keys.add)
		w.share.keys.form.tryAdd()
		test.AssertObjectRendersToMarkup(t, "keys-form.xml", w.share.keys.content)
	})
}

func TestKeyIsChosen(t *testing.T) {
	w := openTestWindow(t)
	m := keyed()
	w.window.Show(m)
	link := func(i int) string { return m.Viewers.Keys[i].Link }
	require.Equal(t, link(0), w.share.address.Text)
	w.share.key.SetSelectedIndex(1)
	require.Equal(t, link(1), w.share.address.Text)
	test.Tap(w.share.copy)
	w.press(fyne.KeyL)
	test.Tap(w.share.open)
	require.Equal(t, []string{link(1), link(0)}, w.copied, "the menu has the first")
	require.Equal(t, []string{link(1)}, w.opened)

	test.Tap(w.share.manage)
	require.Equal(t, []string{"Keys"}, w.dialogs)
	p := w.share.keys
	require.Equal(t, 1, p.chosen)
	w.busy = true
	p.list.Select(2)
	require.Equal(t, link(2), w.share.address.Text)
	test.Tap(p.copy)
	require.Equal(t, link(2), w.copied[2])
	require.Equal(t, "check", iconOf(p.copy.Icon))
	m.Now = m.Now.Add(3 * time.Second)
	w.window.Show(m)
	require.Equal(t, "content-copy", iconOf(p.copy.Icon))
	test.Tap(p.code)
	require.False(t, w.busy, "what is below shows it")

	p.list.Select(4)
	require.Empty(t, w.share.address.Text)
	require.Nil(t, w.share.code.Image)
	require.Equal(t, "This key has expired. Choose another, or add one.", w.share.note.Text)
	for _, b := range []fyne.Disableable{p.copy, p.code, p.replace, w.share.copy, w.share.open} {
		require.True(t, b.Disabled())
	}
	require.False(t, p.remove.Disabled())

	m.Viewers.Keys = m.Viewers.Keys[1:4]
	m.URL = link(0)
	w.window.Show(m)
	require.Equal(t, link(0), w.share.address.Text, "the one that was chosen has gone")
	require.Equal(t, 0, p.chosen)

	w.window.Show(keyless())
	require.Equal(t, "There is no key that is good, so nobody can watch. Add one.", w.share.note.Text)
	require.Equal(t, -1, p.chosen)
	require.Empty(t, w.commands.take(), "to look is not to ask")
}

// iconOf is the name of an icon, without its colour and ending.
func iconOf(r fyne.Resource) string {
	name := strings.TrimSuffix(r.Name(), ".svg")
	_, name, _ = strings.Cut(name, "_")
	return name
}

func TestKeyIsReplacedAndRemoved(t *testing.T) {
	w := openTestWindow(t)
	w.window.Show(keyed())
	p := w.share.keys
	test.Tap(p.replace)
	require.True(t, w.asked[0].ends)
	require.Equal(t, "Replace the key “Viewers”?", w.asked[0].title)
	require.Contains(t, w.asked[0].text, "4 viewers are watching with it now and lose the picture at once.")
	require.Empty(t, w.commands.take(), "it is asked first")
	w.asked[0].answers[0].do()
	p.list.Select(1)
	test.Tap(p.remove)
	require.Contains(t, w.asked[1].text, "One viewer is watching with it now")
	w.asked[1].answers[0].do()
	require.Equal(t, []string{"replace key Viewers", "remove key Ward 3"}, w.commands.take())

	m := keyed()
	m.Viewers.Keys = append(m.Viewers.Keys[:1], m.Viewers.Keys[4])
	require.Contains(t, removeQuestion(m, m.Viewers.Keys[0], nil).text, "It is the last one that is good")
	require.Equal(t, "It has expired: nobody watches with it.", removeQuestion(m, m.Viewers.Keys[1], nil).text)
}

func TestKeyIsAdded(t *testing.T) {
	w := openTestWindow(t)
	m := keyed()
	w.window.Show(m)
	p := w.share.keys
	f := p.form
	test.Tap(p.add)
	require.True(t, f.page.Visible())
	require.False(t, p.page.Visible())
	require.Empty(t, f.wrong.Text(), "nothing was tried yet")
	test.Tap(f.add)
	require.Contains(t, f.wrong.Text(), "A key needs a name")
	f.name.SetText("ward 3")
	require.Contains(t, f.wrong.Text(), `There is a key "Ward 3" already`)
	f.name.SetText(" Theatre 2 ")
	require.Empty(t, f.wrong.Text())
	require.Equal(t, "until tomorrow 14:02", f.ends.Text())
	f.allRigs.SetChecked(false)
	require.Equal(t, "Choose at least one rig.", f.wrong.Text())
	f.rigs.SetSelected([]string{"Ambulance 2"})
	f.name.OnSubmitted(f.name.Text)
	require.True(t, p.page.Visible())
	require.Equal(t, []string{"add key Theatre 2 2026-01-03 14:02 [rig2]"}, w.commands.take())

	m.Viewers.Keys = append(m.Viewers.Keys, app.ViewerKey{Name: "Theatre 2", Link: "http://h/?key=new"})
	w.window.Show(m)
	require.Equal(t, "http://h/?key=new", w.share.address.Text, "it is shown as soon as it is there")

	for life, want := range map[string]string{
		"1 hour": "2026-01-02 15:02", "8 hours": "2026-01-02 22:02", "7 days": "2026-01-09 14:02",
		untilDay: "2026-01-04 00:00", noEnd: "0001-01-01 00:00",
	} {
		test.Tap(p.add)
		require.Empty(t, f.name.Text, "each begins anew")
		require.True(t, f.allRigs.Checked)
		f.name.SetText("a")
		f.life.SetSelected(life)
		require.Equal(t, life == untilDay, f.dayRoom.Visible())
		test.Tap(f.add)
		require.Equal(t, []string{"add key a " + want + " []"}, w.commands.take())
	}

	test.Tap(p.add)
	f.name.SetText("a")
	f.life.SetSelected(untilDay)
	f.day.SetDate(&moment)
	require.Equal(t, "until the end of today", f.ends.Text())
	yesterday := moment.AddDate(0, 0, -1)
	f.day.SetDate(&yesterday)
	test.Tap(f.add)
	require.Equal(t, "That day is over: choose today or a later one.", f.wrong.Text())
	f.day.SetDate(nil)
	require.Equal(t, "Choose the day that the key is good until.", f.wrong.Text())
	test.Tap(f.cancel)
	require.Empty(t, w.commands.take())
	require.True(t, p.page.Visible())
	w.window.Show(live())
	require.False(t, w.share.keyRow.Visible(), "no key is needed")
}

func TestKeyErrorIsToldOnce(t *testing.T) {
	w := openTestWindow(t)
	m := keyed()
	m.KeyErr = refusal{errors.New("the disk is full"), 1}
	w.window.Show(m)
	require.Equal(t, "The disk is full.", w.share.keys.wrong.Text())
	test.Tap(w.share.manage)
	w.window.Show(m)
	require.Empty(t, w.share.keys.wrong.Text(), "that was before")
	m.KeyErr.number++
	w.window.Show(m)
	require.Equal(t, "The disk is full.", w.share.keys.wrong.Text())
}

func TestKeyEnds(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want string
		tone widgets.Tone
	}{
		{time.Time{}, "never ends", widgets.Quiet},
		{moment.Add(10 * time.Minute), "until today 14:12", widgets.Warning},
		{moment.Add(time.Hour), "until today 15:02", widgets.Quiet},
		{moment.Add(24 * time.Hour), "until tomorrow 14:02", widgets.Quiet},
		{time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), "until the end of today", widgets.Quiet},
		{time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC), "until the end of tomorrow", widgets.Quiet},
		{time.Date(2026, 1, 8, 9, 5, 0, 0, time.UTC), "until Thursday 09:05", widgets.Quiet},
		{time.Date(2026, 1, 9, 9, 5, 0, 0, time.UTC), "until 9 January 09:05", widgets.Quiet},
		{time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "until the end of 31 December", widgets.Quiet},
		{time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC), "until the end of 1 January 2027", widgets.Quiet},
		{moment, "expired today 14:02", widgets.Warning},
		{moment.Add(-20 * time.Hour), "expired yesterday 18:02", widgets.Warning},
		{moment.Add(-48 * time.Hour), "expired 31 December 2025 14:02", widgets.Warning},
	} {
		k := app.ViewerKey{Expires: c.at, Expired: !c.at.IsZero() && !moment.Before(c.at)}
		text, tone := keyEnd(k, moment)
		require.Equal(t, c.want, text)
		require.Equal(t, c.tone, tone, c.want)
	}
}

func TestKeyRigs(t *testing.T) {
	m := many(4)
	for want, ids := range map[string][]string{
		"all rigs": nil, "Ambulance 1": {"rig1"}, "rig9 (removed)": {"rig9"}, "2 rigs": {"rig1", "rig2"},
		"3 rigs": {"rig1", "rig2", "x"},
	} {
		require.Equal(t, want, keyRigs(m, app.ViewerKey{Channels: ids}))
	}
	require.Empty(t, keyRigs(live(), app.ViewerKey{}))
}

// TestControllerChangesKeys makes each change in turn while others go on, and tells of the last one.
func TestControllerChangesKeys(t *testing.T) {
	onBench(t, atOnce, func(b *bench) {
		r := newFakeRun()
		r.viewers = keyed().Viewers
		b.next = []any{r}
		b.ReplaceKey("a")
		synctest.Wait()
		require.ErrorIs(t, b.view.last().KeyErr.err, errNotRunning)
		b.Restart()
		synctest.Wait()
		require.Equal(t, r.viewers, b.view.last().Viewers)
		for i := range 20 {
			b.AddKey(fmt.Sprint(i), time.Time{}, []string{"rig1"})
		}
		b.ReplaceKey("a")
		b.RemoveKey("b")
		synctest.Wait()
		calls := r.noted()[1:]
		require.Len(t, calls, 22)
		require.Equal(t, "add key 0 rig1", calls[0])
		require.Equal(t, []string{"replace key a", "remove key b"}, calls[20:])
		require.NoError(t, b.view.last().KeyErr.err)

		r.keyErr = errors.New("full")
		b.RemoveKey("c")
		synctest.Wait()
		require.Equal(t, refusal{r.keyErr, 24}, b.view.last().KeyErr)
		b.Stop()
		synctest.Wait()
		require.Empty(t, b.view.last().Viewers)
	})
}
