package plan

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCoding(t *testing.T) {
	tests := []struct {
		name     string
		parity   int
		overhead float64
		paths    int
		k, r     int
		survives bool
	}{
		{"four paths", Auto, 0.34, 4, 3, 1, true},
		{"a third is a third", Auto, 1.0 / 3, 4, 3, 1, true},
		{"three paths", Auto, 0.34, 3, 2, 1, true},
		{"two paths", Auto, 0.34, 2, 1, 1, true},
		{"one path", Auto, 0.34, 1, 3, 1, false},
		{"eight paths", Auto, 0.34, 8, 3, 1, true},
		{"eight paths, little overhead", Auto, 0.15, 8, 7, 1, true},
		{"more overhead than it takes", Auto, 1, 4, 1, 1, true},
		{"next to no overhead", Auto, 0.001, 1, 8, 1, false},
		{"two fixed", 2, 0.34, 4, 6, 2, true},
		{"two fixed, three paths", 2, 0.34, 3, 4, 2, true},
		{"three fixed", 3, 0.6, 4, 5, 3, true},
		{"none", 0, 0.34, 4, 1, 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Links: 8, Parity: test.parity, Overhead: test.overhead, MostSources: most}
			k, r := c.coding(test.paths)
			require.Equal(t, [2]int{test.k, test.r}, [2]int{k, r})
			require.Equal(t, test.survives, survives(k, r, test.paths))
		})
	}
}

// Whatever is asked for, the coding is one that the format takes, and survives a path wherever it can.
func TestCodingIsPossible(t *testing.T) {
	limit := func(r int) int { return max(0, 8-r/2) }
	for parity := Auto; parity <= 9; parity++ {
		for _, overhead := range []float64{0.01, 0.1, 0.34, 0.5, 1, 2, 100, math.Inf(1)} {
			for paths := 1; paths <= 9; paths++ {
				c := Config{Links: 9, Parity: parity, Overhead: overhead, MostSources: limit}
				k, r := c.coding(paths)
				require.GreaterOrEqual(t, k, 1)
				require.LessOrEqual(t, k, limit(r))
				if parity != Auto {
					require.Equal(t, parity, r)
				}
				require.Equal(t, r > 0 && paths > 1, survives(k, r, paths), "%d+%d over %d", k, r, paths)
			}
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no links":         func(c *Config) { c.Links = 0 },
		"negative parity":  func(c *Config) { c.Parity = -2 },
		"too much parity":  func(c *Config) { c.Parity = 10 },
		"no overhead":      func(c *Config) { c.Overhead = 0 },
		"NaN":              func(c *Config) { c.Overhead = math.NaN() },
		"negative bitrate": func(c *Config) { c.Bitrate = -1 },
	} {
		c := config(4)
		change(&c)
		_, err := New(c, epoch)
		require.ErrorIs(t, err, ErrConfig, name)
	}
}

// Links that share an interface are one path: it is the interface that may die.
func TestSharedPaths(t *testing.T) {
	b := start(t, config(4))
	b.SetLinks(b.now, []Up{{0, true}, {1, true}, {2, true}, {0, true}})
	require.Equal(t, 3, b.Plan().Paths)
	b.requireCoding(2, 1, true)
	b.round(900, 900, 900, 0)
	require.Equal(t, 3, b.Plan().Paths, "one of two links of a path")
	b.round(0, 900, 900, 0)
	require.Equal(t, 2, b.Plan().Paths)
	b.requireCoding(1, 1, true)
}

// Each path carries no more than it does while all of them work, once the bitrate has followed.
func TestBitrate(t *testing.T) {
	c := config(4)
	c.Bitrate = 3_000_000
	b := start(t, c)
	require.Equal(t, 3_000_000, b.Plan().Bitrate)
	b.round(900, 900, 900, 900)
	b.said()

	b.round(900, 900, 0, 900)
	require.Equal(t, 3_000_000, b.Plan().Bitrate, "it may be back in a moment")
	b.round(900, 900, 0, 900)
	b.round(900, 900, 0, 900)
	require.Equal(t, 2_000_000, b.Plan().Bitrate)
	require.Contains(t, b.said(), "the video may have 2000 kb/s: 3 paths in use")
	for range 3 {
		b.round(900, 0, 0, 900)
	}
	require.Equal(t, 1_000_000, b.Plan().Bitrate)
	for range 3 {
		b.round(900, 0, 0, 0)
	}
	require.Equal(t, 750_000, b.Plan().Bitrate)

	back := b.now
	for b.Plan().Bitrate < 3_000_000 {
		require.Equal(t, 750_000, b.Plan().Bitrate, "one step, not several")
		b.round(900, 900, 900, 900)
		require.Less(t, b.now.Sub(back), time.Minute)
	}
	require.GreaterOrEqual(t, b.now.Sub(back), upAfter)

	b.SetLinks(b.now, make([]Up, 4))
	b.wait(time.Minute)
	require.Equal(t, 3_000_000, b.Plan().Bitrate, "nothing is sent anyway")
}

// A link that comes and goes does not make the bitrate go up and down with it.
func TestBitrateDoesNotOscillate(t *testing.T) {
	c := config(4)
	c.Bitrate = 1_000_000
	b := start(t, c)
	changes, last := 0, 1_000_000
	for range 20 {
		for range 4 {
			b.round(900, 900, 900, 0)
		}
		for range 4 {
			b.round(900, 900, 900, 900)
		}
		if b.Plan().Bitrate != last {
			changes++
			last = b.Plan().Bitrate
		}
	}
	require.Equal(t, 1, changes)
}
