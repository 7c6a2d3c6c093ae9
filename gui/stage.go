package gui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// stage is where the pictures are, each with what is known about it: that of one channel, or those of all.
type stage struct {
	panel   *fyne.Container
	tiles   []*widgets.Tile
	screens map[string]*screen // by channel; of those that have a picture
	ids     []string           // of the channels that have a tile, in order
	onTap   func(channel string)
}

// screen is the picture of a channel.
type screen struct {
	latest picture
	shown  time.Time     // when the latest picture was
	behind time.Duration // how late it was, smoothed
}

func newStage() *stage {
	return &stage{panel: container.New(&gridLayout{}), screens: map[string]*screen{}}
}

// showPictures takes the pictures that there are now.
func (s *stage) showPictures(pictures []picture, now time.Time) {
	screens := make(map[string]*screen, len(pictures))
	for _, p := range pictures {
		sc := s.screens[p.channel]
		if sc == nil {
			sc = &screen{}
		}
		sc.show(p, now)
		screens[p.channel] = sc
	}
	s.screens = screens
	for i, id := range s.ids {
		s.showOn(i, id)
	}
}

// showOn puts a channel's picture, or none, on a tile.
func (s *stage) showOn(tile int, channel string) {
	if sc := s.screens[channel]; sc != nil {
		s.tiles[tile].Video().SetPicture(sc.latest.image)
	} else {
		s.tiles[tile].Video().SetPicture(nil)
	}
}

// show takes the latest picture.
func (sc *screen) show(p picture, now time.Time) {
	if p.number == sc.latest.number && p.image == sc.latest.image {
		return
	}
	if !p.arrival.IsZero() {
		behind := now.Sub(p.arrival)
		if sc.behind == 0 || behind > 2*sc.behind || now.Sub(sc.shown) > time.Second {
			sc.behind = behind // a jump is told at once
		}
		sc.behind += (behind - sc.behind) / 8
	}
	sc.latest, sc.shown = p, now
}

// age returns how long a channel's picture has been on screen, or a negative duration where there is none.
func (s *stage) age(channel string, now time.Time) time.Duration {
	sc := s.screens[channel]
	if sc == nil {
		return -1
	}
	return max(now.Sub(sc.shown), 0)
}

func (s *stage) show(m model) {
	ids := m.visible()
	if len(ids) != len(s.tiles) {
		s.fill(len(ids))
	}
	for i, id := range ids {
		if i >= len(s.ids) || s.ids[i] != id {
			s.showOn(i, id)
			s.tiles[i].OnTapped = nil
			if len(m.Config.Channels) > 1 {
				s.tiles[i].OnTapped = func() { s.onTap(id) }
			}
		}
		s.showTile(s.tiles[i], m.of(id), m.All && len(ids) > 1 && id == m.Chosen)
	}
	s.ids = ids
}

// fill makes as many tiles as there are to be.
func (s *stage) fill(n int) {
	s.ids = nil
	for len(s.tiles) < n {
		s.tiles = append(s.tiles, widgets.NewTile())
	}
	s.tiles = s.tiles[:n]
	s.panel.Objects = nil
	for _, t := range s.tiles {
		s.panel.Objects = append(s.panel.Objects, t)
	}
	s.panel.Refresh()
}

// showTile shows the chosen channel of a model.
func (s *stage) showTile(tile *widgets.Tile, m model, marked bool) {
	c := m.channel()
	sc, age := s.screens[c.ID], s.age(c.ID, m.Now)
	live := m.Phase == running && c.State == status.ChannelLive && fresh(age)
	tile.Video().SetMessage(pictureMessage(m, age))
	tile.Video().SetFrozen(!live)

	v := widgets.TileValues{Name: c.Name, Chosen: marked}
	if len(m.Config.Channels) > 1 { // of one rig the head says it
		v.Shape, v.Tone, v.Word, _ = stateText(m, age)
	}
	if sc != nil && !sc.latest.arrival.IsZero() {
		v.Clock = clock(sc.latest.arrival)
	}
	if live {
		v.Format, v.FormatTone = formatText(c)
		if sc.behind > 0 {
			v.Late, v.Behind = fmt.Sprintf("%.2f s", sc.behind.Seconds()), "the receiver's input"
		}
	}
	tile.Set(v)
}

// formatText says what the video is, as far as known; or, where too much of it is lost, how much that is.
func formatText(c status.Channel) (string, widgets.Tone) {
	s, last := c.Stream, c.Recent["1s"]
	switch {
	case c.Verdict.Code == status.VerdictTooLossy:
		all := last.Lost + last.Delivered + last.Recovered
		return fmt.Sprintf("%d of %d packets lost in the last 1 s", last.Lost, all), widgets.Warning
	case s.Width == 0 || s.Height == 0:
		return "", widgets.Quiet
	}
	return fmt.Sprintf("%.1f Mb/s · %.0f fps · %d×%d", s.BitrateBPS/1e6, s.FPS, s.Width, s.Height), widgets.Quiet
}

// gridLayout puts pictures of 16 to 9 into as many columns as make them largest.
type gridLayout struct{}

const tileWords = 46 // what a tile needs above and below its picture

func (*gridLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	columns := gridColumns(len(objects), size)
	rows := (len(objects) + columns - 1) / columns
	width := (size.Width - gap*float32(columns-1)) / float32(columns)
	height := (size.Height - gap*float32(rows-1)) / float32(rows)
	for i, o := range objects {
		o.Move(fyne.NewPos(float32(i%columns)*(width+gap), float32(i/columns)*(height+gap)))
		o.Resize(fyne.NewSize(width, height))
	}
}

// gridColumns returns the number of columns that makes n pictures largest.
func gridColumns(n int, size fyne.Size) int {
	best, widest := 1, float32(0)
	for columns := 1; columns <= n; columns++ {
		rows := (n + columns - 1) / columns
		width := (size.Width - gap*float32(columns-1)) / float32(columns)
		height := (size.Height-gap*float32(rows-1))/float32(rows) - tileWords
		if w := min(width, height*16/9); w > widest {
			best, widest = columns, w
		}
	}
	return best
}

func (*gridLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	if len(objects) == 0 {
		return fyne.Size{}
	}
	columns := 1 // of a square
	for columns*columns < len(objects) {
		columns++
	}
	rows := (len(objects) + columns - 1) / columns
	tile := objects[0].MinSize()
	return fyne.NewSize(tile.Width*float32(columns)+gap*float32(columns-1), tile.Height*float32(rows)+gap*float32(rows-1))
}

// columns is how many pictures stand beside each other.
func (s *stage) columns() int { return gridColumns(len(s.tiles), s.panel.Size()) }
