package gui

import (
	"errors"
	"testing"

	"fyne.io/fyne/v2"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/form"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

func TestSetUpCoversTheRest(t *testing.T) {
	w := openTestWindow(t)
	require.True(t, w.commands.looking)
	require.NotEmpty(t, w.commands.looked)
	w.window.Show(live())
	require.False(t, w.setup.Object.Visible())
	require.False(t, w.commands.looking)

	w.press(fyne.KeyComma)
	require.True(t, w.setup.Object.Visible())
	require.True(t, w.commands.looking)
	require.False(t, w.body.Visible())
	require.Equal(t, "Picture", w.head.setup.Text)
	w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.False(t, w.setup.Object.Visible())
	require.True(t, w.body.Visible())
}

func TestSetUpSaysWhatItKnows(t *testing.T) {
	m := idle()
	m.Ask, m.Failure, m.SetupErr = true, errors.New("taken"), errors.New("not applied")
	m.Kept = form.Kept{Path: "/c"}
	s := formState(m)
	require.True(t, s.First)
	require.False(t, s.Running)
	require.Equal(t, m.Failure, s.Failure)
	require.Equal(t, m.Kept, s.Kept)
	m.Phase = running
	require.Equal(t, m.SetupErr, formState(m).Failure)
	require.True(t, formState(m).Running)
	m.Phase = starting
	require.True(t, formState(m).Busy)
}

func TestApplyingAsksWhereSomethingIsLive(t *testing.T) {
	w := openTestWindow(t)
	m := live()
	w.window.Show(m)
	next := m.Config.Clone()
	next.Channels[0].Latency *= 2
	w.applySetup(next)
	require.Equal(t, []string{"apply rig1  5078-5081"}, w.commands.take(), "this disturbs nobody")

	next.Channels[0].Ports = app.Ports{7000}
	w.applySetup(next)
	require.Empty(t, w.commands.take())
	require.Equal(t, "Reception of Rig 1 stops for a moment.", w.asked[0].text)
	w.asked[0].answers[0].do()
	require.Equal(t, []string{"apply rig1  7000"}, w.commands.take())

	next.Channels[0].ID = "other"
	require.Equal(t, "Reception of Rig 1 ends.", whatSetupStops(m, next))
	m.Snapshot.Channels[0].State = status.ChannelWaiting
	require.Empty(t, whatSetupStops(m, next), "nothing arrives")
	require.Empty(t, whatSetupStops(idle(), next))
}

func TestNamesInALine(t *testing.T) {
	require.Equal(t, "a", list([]string{"a"}))
	require.Equal(t, "a and b", list([]string{"a", "b"}))
	require.Equal(t, "a, b and c", list([]string{"a", "b", "c"}))
	require.Equal(t, "a, b, c, d and 1 other rig", list([]string{"a", "b", "c", "d", "e"}))
}
