package netsim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A change of one link, or of how much one carries, changes no other, and neither direction the other.
func TestPathsAreIndependent(t *testing.T) {
	config := PathConfig{Up: everything(), Down: everything()}
	run := func(change func(*PathConfig), index int) (up, down [][]time.Time) {
		changed := config
		change(&changed)
		for i := range 4 {
			c := config
			if i == index {
				c = changed
			}
			path := NewPath(c, start, 9, i)
			n := 3000
			if i == index {
				n = 5000
			}
			u, d := send(path.Up, n), send(path.Down, n)
			if i != index {
				up, down = append(up, u...), append(down, d...)
			}
		}
		return up, down
	}
	up, down := run(func(*PathConfig) {}, 2)
	otherUp, otherDown := run(func(c *PathConfig) { c.Up.Loss, c.Down.Burst, c.Up.Rate = 0.9, Burst{}, 1e6 }, 2)
	require.Equal(t, up, otherUp)
	require.Equal(t, down, otherDown)
	require.NotEqual(t, up, down)
	require.NotEqual(t, up[:3000], up[3000:6000], "each link has streams of its own")
}

func TestPathIsDownInBothDirections(t *testing.T) {
	config := LinkConfig{Dropouts: Dropouts{Up: s, Down: s}}
	path := NewPath(PathConfig{Up: config, Down: config}, start, 3, 1)
	other := NewPath(PathConfig{Up: config, Down: config}, start, 3, 2)
	down, differ := 0, 0
	for i := range 10_000 {
		at := start.Add(time.Duration(i) * 10 * ms)
		require.Equal(t, path.Up.Down(at), path.Down.Down(at))
		if path.Up.Down(at) {
			down++
		}
		if path.Up.Down(at) != other.Up.Down(at) {
			differ++
		}
	}
	require.InDelta(t, 5000, down, 2000)
	require.Greater(t, differ, 2000)
}

func TestBinding(t *testing.T) {
	path := NewPath(PathConfig{Rebinds: []Rebind{{After: 5 * s}, {After: 10 * s, Every: 20 * s}}}, start, 1, 0)
	for at, want := range map[time.Duration]int{0: 0, 5*s - 1: 0, 5 * s: 1, 10 * s: 2, 29 * s: 2, 30 * s: 3, 90 * s: 6} {
		require.Equal(t, want, path.Binding(start.Add(at)), at)
	}
	require.Zero(t, NewPath(PathConfig{}, start, 1, 0).Binding(start.Add(time.Hour)))
}

func TestSchedule(t *testing.T) {
	var schedule Schedule[string]
	_, ok := schedule.Next()
	require.False(t, ok)
	for _, e := range []struct {
		after time.Duration
		text  string
		first bool
	}{{3 * s, "d", true}, {2 * s, "b", true}, {3 * s, "e", false}, {2 * s, "c", false}, {s, "a", true}} {
		require.Equal(t, e.first, schedule.Add(start.Add(e.after), e.text))
	}
	text := ""
	for schedule.Len() > 0 {
		text += schedule.Take()
	}
	require.Equal(t, "abcde", text)
}
