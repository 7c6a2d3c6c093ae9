package gui

import (
	"testing"

	"fyne.io/fyne/v2"
	"github.com/stretchr/testify/require"
)

func TestGridColumns(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 2, 4: 2, 5: 3, 6: 3, 7: 3, 9: 3} {
		require.Equal(t, want, gridColumns(n, fyne.NewSize(860, 540)), n)
	}
	require.Equal(t, 1, gridColumns(3, fyne.NewSize(300, 900)), "a tall window")
}
