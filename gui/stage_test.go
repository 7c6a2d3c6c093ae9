package gui

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

func TestGridColumns(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 2, 4: 2, 5: 3, 6: 3, 7: 3, 9: 3} {
		require.Equal(t, want, gridColumns(n, fyne.NewSize(860, 540)), n)
	}
	require.Equal(t, 1, gridColumns(3, fyne.NewSize(300, 900)), "a tall window")
}

// With names that are as long as names get, what is said of the rigs is all there, and a screen of 1920 pixels at 200 %
// has room for the window.
func TestLongNamesLeaveRoom(t *testing.T) {
	w := openTestWindow(t)
	m := many(3)
	for i := range m.Snapshot.Channels {
		m.Snapshot.Channels[i].Name = fmt.Sprintf("Ambulance of the North-Western District number %d", 4711+i)
	}
	w.window.Show(m)
	for _, said := range []*widgets.Text{w.links.up, w.links.loss} {
		require.LessOrEqual(t, fyne.MeasureText(said.Text(), theme.Size(titleSize), fyne.TextStyle{Bold: true}).Width,
			w.links.panel.Size().Width)
	}
	require.Regexp(t, "^Ambulance.*….*4711: 4 of 4 links up.$", w.links.up.Text())
	require.LessOrEqual(t, w.Canvas().Content().MinSize().Width, float32(960))
}
