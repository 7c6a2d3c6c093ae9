package gui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// stage is the live picture with what is known about it.
type stage struct {
	panel fyne.CanvasObject
	video *widgets.Video

	// Above the picture, so that they cover none of it.
	name, time, format, late, behindWhat *widgets.Text

	latest picture
	shown  time.Time     // when the latest picture was
	behind time.Duration // how late it was, smoothed
}

func newStage() *stage {
	s := &stage{
		video:      widgets.NewVideo(),
		name:       widgets.NewText("", widgets.TextStyle{Bold: true, Hug: true}),
		time:       widgets.NewText("00:00:00", widgets.TextStyle{}),
		format:     widgets.NewText("", widgets.TextStyle{}),
		late:       widgets.NewText("00.00 s", widgets.TextStyle{Bold: true, Align: fyne.TextAlignTrailing}),
		behindWhat: widgets.NewText("", widgets.TextStyle{Hug: true}),
	}
	row := layout.NewCustomPaddedHBoxLayout(10)
	strip := container.New(layout.NewCustomPaddedLayout(0, 6, 2, 2), container.NewBorder(nil, nil,
		container.New(row, s.name, s.time, spacer(4, 0)),
		container.New(layout.NewCustomPaddedHBoxLayout(5), s.late, s.behindWhat), s.format))
	s.panel = container.New(&underLayout{}, strip, s.video)
	return s
}

// showPicture shows a picture, or none.
func (s *stage) showPicture(p picture, now time.Time) {
	if p.image == nil {
		s.behind = 0
	} else if !p.arrival.IsZero() {
		behind := now.Sub(p.arrival)
		if s.behind == 0 || behind > 2*s.behind || now.Sub(s.shown) > time.Second {
			s.behind = behind // a jump is told at once
		}
		s.behind += (behind - s.behind) / 8
	}
	s.latest, s.shown = p, now
	s.video.SetPicture(p.image)
}

// age returns how long the picture has been on screen, or a negative duration where there is none.
func (s *stage) age(now time.Time) time.Duration {
	if s.latest.image == nil {
		return -1
	}
	return max(now.Sub(s.shown), 0)
}

func (s *stage) show(m model) {
	c := m.channel()
	age := s.age(m.Now)
	message := pictureMessage(m, age)
	s.video.SetMessage(message)
	live := m.Phase == running && c.State == status.ChannelLive && fresh(age)
	s.video.SetFrozen(!live)

	when := ""
	if age >= 0 && !s.latest.arrival.IsZero() {
		when = clock(s.latest.arrival)
	}
	late, behindWhat, format, tone := "", "", "", widgets.Quiet
	if live {
		format, tone = formatText(c)
		if s.behind > 0 {
			late, behindWhat = fmt.Sprintf("%.2f s", s.behind.Seconds()), "behind the receiver's input"
		}
	}
	s.name.Set(c.Name, widgets.Normal)
	s.time.Set(when, widgets.Normal)
	s.format.Set(format, tone)
	s.late.Set(late, widgets.Normal)
	s.behindWhat.Set(behindWhat, widgets.Quiet)
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
	return fmt.Sprintf("%d×%d · %.0f fps · %.1f Mb/s", s.Width, s.Height, s.FPS, s.BitrateBPS/1e6), widgets.Quiet
}

// underLayout puts one thing under another, into all the room that is left.
type underLayout struct{}

func (*underLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	height := objects[0].MinSize().Height
	objects[0].Resize(fyne.NewSize(size.Width, height))
	objects[1].Move(fyne.NewPos(0, height))
	objects[1].Resize(fyne.NewSize(size.Width, size.Height-height))
}

func (*underLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	upper, lower := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(max(upper.Width, lower.Width), upper.Height+lower.Height)
}

// stripHeight is what the stage needs above the picture.
func (s *stage) stripHeight() float32 { return s.panel.MinSize().Height - s.video.MinSize().Height }
