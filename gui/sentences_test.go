package gui

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// with is a model changed.
func with(m model, f func(c *status.Channel)) model {
	f(&m.Snapshot.Channels[0])
	return m
}

func TestLinksSentence(t *testing.T) {
	for want, m := range map[string]model{
		"Not receiving. Choose where packets arrive, then start.": idle(),
		"No link is up yet. Waiting for packets on 4 ports.":      waiting(),
		"4 of 4 links up. Survives the loss of any 1.":            live(),
		"3 of 4 links up. Losing one more would cost pictures.":   oneSilent(),
		"0 of 4 links up. No video arrives.":                      noSignal(),
		"4 of 4 links up. Survives the loss of any 2.": with(live(), func(c *status.Channel) {
			c.SurvivesLinks = 2
		}),
		"4 of 4 links up. Losing one would cost pictures.": with(live(), func(c *status.Channel) {
			c.SurvivesLinks = 0
		}),
		"1 of 1 link up. Losing it would cost the picture.": with(live(), func(c *status.Channel) {
			c.SurvivesLinks, c.Links = 0, c.Links[:1]
		}),
	} {
		up, loss, _ := linksSentence(m)
		require.Equal(t, want, up+" "+loss)
	}
}

func TestStateText(t *testing.T) {
	failed := idle()
	failed.Failure = errors.New("no")
	for want, m := range map[string]model{
		"Stopped ": idle(), "Not running ": failed,
		"Waiting since 14:01:01": waiting(), "Live since 14:01:01": live(),
		"Damaged since 14:01:01": oneSilent(), "No signal since 14:02:00": noSignal(),
		"Failed since 14:01:01": with(live(), func(c *status.Channel) { c.State = status.ChannelFailed }),
		"No picture since 14:01:01": with(live(), func(c *status.Channel) {
			c.Verdict.Code = status.VerdictNoKeyframe
		}),
	} {
		_, _, word, since := stateText(m, 0)
		require.Equal(t, want, word+" "+since)
	}
	lossy := with(live(), func(c *status.Channel) { c.Verdict.Code = status.VerdictTooLossy })
	for age, want := range map[time.Duration]string{-1: "No picture", time.Second: "Disturbed", stale: "No picture"} {
		_, _, word, _ := stateText(lossy, age)
		require.Equal(t, want, word)
	}
}

func TestPictureMessage(t *testing.T) {
	verdict := func(m model, code string) model {
		return with(m, func(c *status.Channel) { c.Verdict = status.Verdict{Code: code, Text: "Why."} })
	}
	broken := live()
	broken.PreviewErr = map[string]error{"rig1": errors.New("preview: decoder failed")}
	for _, c := range []struct {
		title string
		m     model
		age   time.Duration
	}{
		{"", live(), 0},
		{"", verdict(live(), status.VerdictTooLossy), time.Second},
		{"The picture is coming", live(), -1},
		{"The preview has stopped", live(), time.Minute},
		{"The preview has failed", broken, -1},
		{"Waiting for the rig", waiting(), -1},
		{"What arrives is not a rig's video", verdict(waiting(), status.VerdictNotISC), -1},
		{"Waiting for a whole picture", verdict(live(), status.VerdictNoKeyframe), -1},
		{"Too much is lost for a picture", verdict(live(), status.VerdictTooLossy), 2 * time.Second},
		{"No signal since 14:02:00", noSignal(), 0},
		{"Reception has failed", with(live(), func(c *status.Channel) { c.State = status.ChannelFailed }), 0},
	} {
		require.Equal(t, c.title, pictureMessage(c.m, c.age).Title)
	}
	require.Equal(t, "Have the rig send to 192.168.1.20, UDP ports 5078-5081.", pictureMessage(waiting(), -1).Hint)
	alone := waiting()
	alone.Config = app.Default()
	alone.Config.Channels[0].Interface = "wlan0"
	require.Equal(t, "This computer has no network address to send to.", pictureMessage(alone, -1).Hint)
}

func TestSmallWords(t *testing.T) {
	require.Equal(t, "0 s", span(-time.Second))
	require.Equal(t, "59 s", span(59*time.Second))
	require.Equal(t, "2 min", span(150*time.Second))
	require.Equal(t, "3 h", span(3*time.Hour))
	require.Equal(t, "9999", compact(9999))
	require.Equal(t, "12k", compact(12_345))
	require.Equal(t, "1.2M", compact(1_234_567))
	require.Empty(t, widgets.Sentence(" "))
	require.Equal(t, "Élan vital.", widgets.Sentence("élan vital"))
	require.Equal(t, "Over.", widgets.Sentence("Over."))
	require.Equal(t, "notes.txt is no capture file.", widgets.Sentence("notes.txt is no capture file"))
}

func TestLinkStates(t *testing.T) {
	m := oneSilent()
	for i, want := range []string{"up", "up", "silent since 14:02:19", "up"} {
		v := laneValues(m, m.channel().Links[i], &history{}, 1e6)
		require.Equal(t, want, v.State)
	}
	down := m.channel().Links[0]
	down.State, down.Error = status.LinkDown, "the interface has gone"
	v := laneValues(m, down, &history{}, 1e6)
	require.Equal(t, "down", v.State)
	require.Equal(t, down.Error, v.From)

	slow := m.channel().Links[0]
	slow.DelayMS = 150
	v = laneValues(m, slow, &history{}, 1e6)
	require.Equal(t, "weak", v.State)
	require.Equal(t, widgets.Triangle, v.Shape)
	require.Equal(t, "waiting", laneValues(waiting(), waiting().channel().Links[0], &history{}, 0).State)
	require.Equal(t, "off", laneValues(idle(), idle().channel().Links[0], &history{}, 0).State)
}

func TestHistory(t *testing.T) {
	h := &history{}
	l := status.Link{}
	for i := range 2 * 60 * 4 { // two minutes at four a second
		if i%4 == 0 {
			l.Datagrams.Received += 100
			l.Datagrams.Source += 60
			l.Saved += 15
			l.BitrateBPS = float64(i)
		}
		h.add(moment.Add(time.Duration(i)*numbersEvery), l)
	}
	rates, saved := h.lines()
	require.Len(t, rates, historySpan+1)
	require.Len(t, saved, historySpan)
	require.InDelta(t, 0.2, saved[0], 1e-9)
	require.False(t, h.weak())
	l.Datagrams.Received += 100
	l.Datagrams.Late += 30
	h.add(moment.Add(time.Hour), l)
	require.True(t, h.weak())
}
