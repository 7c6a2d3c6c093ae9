package widgets

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/stretchr/testify/require"
)

func noteLines(n *Note) (lines []string) {
	for _, line := range shown[*canvas.Text](n) {
		lines = append(lines, line.Text)
	}
	return lines
}

func TestNoteWraps(t *testing.T) {
	test.NewTempApp(t)
	n := NewNote(theme.SizeNameCaptionText)
	require.False(t, n.Visible(), "an empty one takes no room")
	require.Zero(t, n.MinSize().Height)

	text := "a sentence that is long enough for three lines or so of this width"
	require.True(t, n.Set(text, Ring, Quiet))
	require.False(t, n.Set(text, Ring, Quiet))
	require.Equal(t, text, n.Text())
	require.True(t, n.Visible())
	one := n.MinSize().Height
	n.Resize(fyne.NewSize(160, 100))
	lines := noteLines(n)
	require.Greater(t, len(lines), 1)
	require.Equal(t, text, strings.Join(lines, " "), "nothing is lost")
	require.Equal(t, one*float32(len(lines)), n.MinSize().Height)
	for _, line := range shown[*canvas.Text](n) {
		require.LessOrEqual(t, line.MinSize().Width, float32(160))
	}
	require.Empty(t, shown[*canvas.Rectangle](n), "a quiet note has no mark")

	n.Resize(fyne.NewSize(2000, 100))
	require.Equal(t, []string{text}, noteLines(n))
	n.Set(text, Square, Bad)
	require.Equal(t, Bad, n.Tone())
	require.Len(t, shown[*canvas.Rectangle](n), 1)
	require.Equal(t, float32(noteIndent), shown[*canvas.Text](n)[0].Position().X)
}

func TestNoteBreaksLongWords(t *testing.T) {
	test.NewTempApp(t)
	word := strings.Repeat("ä0", 60)
	n := NewNote(theme.SizeNameText)
	n.Set("see "+word+" there", Ring, Normal)
	n.Resize(fyne.NewSize(120, 100))
	lines := noteLines(n)
	require.Equal(t, "see", lines[0])
	require.Equal(t, "see"+word+"there", strings.ReplaceAll(strings.Join(lines, ""), " ", ""), "nothing is lost")
	n.Resize(fyne.NewSize(1, 100)) // no room at all: it ends all the same
	require.NotEmpty(t, noteLines(n))
}
