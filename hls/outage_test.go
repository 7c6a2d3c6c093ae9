package hls

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// disturbances are what happens to a camera's stream. They return whether the next unit comes after a loss.
var disturbances = map[string]func(c *camera) bool{
	"8 s of silence": func(c *camera) bool {
		c.wait(8 * time.Second)
		return false
	},
	"60 s of loss": func(c *camera) bool {
		c.skip(int(60 * 90000 / c.frame))
		return true
	},
	"restart": func(c *camera) bool {
		c.run++
		c.time -= 1 << 33
		c.n = 0
		c.now = c.now.Add(5 * time.Second)
		return false
	},
	"restart in the middle": func(c *camera) bool {
		c.run++
		c.time += 1 << 40
		c.n = 3
		return true
	},
	"clock 5 s back": func(c *camera) bool {
		c.time -= 5 * 90000
		return false
	},
	"clock 5 s on": func(c *camera) bool {
		c.time += 5 * 90000
		return false
	},
	"one unit lost": func(c *camera) bool {
		c.skip(1)
		return true
	},
	"three units lost": func(c *camera) bool {
		c.skip(3)
		return true
	},
	"IDR lost": func(c *camera) bool {
		c.skip(c.gop - c.n%c.gop)
		c.skip(1)
		return true
	},
	"IDR and much lost": func(c *camera) bool {
		c.skip(c.gop - c.n%c.gop)
		c.skip(17)
		return true
	},
}

var cameras = map[string]camera{
	"plain":        {frame: 3600, gop: 25},
	"bare":         {frame: 3600, gop: 25, bare: true},
	"order counts": {frame: 3600, gop: 25, poc: true},
	"B-frames":     {frame: 3600, gop: 25, order: []int{4, 2, 1, 3}},
	"15, long gop": {frame: 6000, gop: 60, jitter: jitter(101, 400)},
}

// TestGoesOn wants every disturbance to leave playlist and timeline whole.
func TestGoesOn(t *testing.T) {
	for name, disturb := range disturbances {
		for kind, camera := range cameras {
			for _, variant := range variants {
				t.Run(strings.Join([]string{name, kind, variant}, "/"), func(t *testing.T) {
					p, c := publisher(t, variant), camera
					v := newViewer(t, p)
					for i := range 6 * c.gop {
						hole := i == 2*c.gop+c.gop/2 && disturb(&c)
						u := c.next()
						u.Hole = hole
						require.NoError(t, p.WriteUnit(u))
						if i%6 == 0 {
							v.look()
						}
					}
					<-p.epoch.playlists.playable
					require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status())
					require.Positive(t, v.playlists)
					v.checkSamples(&c, 1)
				})
			}
		}
	}
}

// TestLongRun follows a stream for ten minutes through one disturbance after another.
func TestLongRun(t *testing.T) {
	names := slices.Sorted(maps.Keys(disturbances))
	for kind, camera := range cameras {
		for _, variant := range variants {
			if kind != "plain" && variant != "low-latency" {
				continue // what differs between variants does not depend on the camera
			}
			t.Run(kind+"/"+variant, func(t *testing.T) {
				p, c := publisher(t, variant), camera
				v := newViewer(t, p)
				r := rand.New(rand.NewPCG(3, 4))
				losses := 0
				for i := range int(10 * 60 * 90000 / c.frame) {
					hole := false
					if i > 4*c.gop && r.IntN(3*c.gop) == 0 {
						hole = disturbances[names[r.IntN(len(names))]](&c)
						losses++
					}
					u := c.next()
					u.Hole = hole
					require.NoError(t, p.WriteUnit(u))
					if i%20 == 0 {
						v.look()
					}
				}
				<-p.epoch.playlists.playable
				require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status())
				v.checkSamples(&c, losses)
			})
		}
	}
}
