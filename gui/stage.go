package gui

import (
	"fmt"
	"time"

	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// stage is the live picture with what is known about it.
type stage struct {
	video *widgets.Video

	latest picture
	shown  time.Time     // when the latest picture was
	behind time.Duration // how late it was, smoothed
}

func newStage() *stage { return &stage{video: widgets.NewVideo()} }

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

func (s *stage) show(m model) {
	c := m.channel()
	age := time.Duration(-1)
	if s.latest.image != nil {
		age = m.Now.Sub(s.shown)
		age = max(age, 0)
	}
	message := pictureMessage(m, age)
	s.video.SetMessage(message)
	live := m.Phase == running && c.State == status.ChannelLive && age >= 0 && age < stale
	s.video.SetFrozen(!live)

	when := ""
	if age >= 0 && !s.latest.arrival.IsZero() {
		when = clock(s.latest.arrival)
	}
	s.video.SetLabel(widgets.TopLeft, c.Name, when, widgets.Normal)

	late, format, warning := "", "", ""
	if live {
		if s.behind > 0 {
			late = fmt.Sprintf("%.2f s", s.behind.Seconds())
		}
		format = formatText(c.Stream)
		if c.Stream.Damaged {
			warning = "Damaged by losses"
		}
	}
	behind := ""
	if late != "" {
		behind = "behind the receiver's input"
	}
	s.video.SetLabel(widgets.TopRight, late, behind, widgets.Normal)
	s.video.SetLabel(widgets.BottomLeft, "", format, widgets.Normal)
	s.video.SetLabel(widgets.BottomRight, warning, "", widgets.Warning)
}

// formatText says what the video is, as far as known.
func formatText(s status.Stream) string {
	if s.Width == 0 || s.Height == 0 {
		return ""
	}
	return fmt.Sprintf("%d×%d · %.0f fps · %.1f Mb/s", s.Width, s.Height, s.FPS, s.BitrateBPS/1e6)
}
