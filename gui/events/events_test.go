package events

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// live is a run whose rig all is well with.
func live() State {
	at := status.Time{Time: noon.Add(-time.Hour)}
	c := status.Channel{
		ID: "rig1", Name: "Ambulance 1", State: status.ChannelLive, Since: at, Viewers: 2,
		Verdict: status.Verdict{Code: status.VerdictOK}, Stream: status.Stream{SSRC: 7},
		Packets: status.Packets{Delivered: 1000, Lost: 5},
	}
	for _, port := range []int{5078, 5079} {
		c.Links = append(c.Links, status.Link{
			Port: port, State: status.LinkUp, Since: at, Datagrams: status.Datagrams{Received: 500},
		})
	}
	return State{Time: noon, Running: true, Snapshot: status.Snapshot{Started: at, Channels: []status.Channel{c}}}
}

// with is live with a change, a moment later.
func with(change func(s *State, c *status.Channel)) State {
	s := live()
	s.Time = noon.Add(time.Second)
	change(&s, &s.Snapshot.Channels[0])
	return s
}

// silent is a rig that has gone.
func silent(_ *State, c *status.Channel) {
	c.State, c.Since = status.ChannelSilent, status.Time{Time: noon}
	c.Verdict = status.Verdict{Code: status.VerdictSilent, Text: "Nothing arrives."}
	for i := range c.Links {
		c.Links[i].State = status.LinkSilent
	}
}

// lineOf is an event with the mark of its level.
func lineOf(e Event) string { return [...]string{"", "? ", "! "}[e.Level] + e.Sentence() }

func TestBetween(t *testing.T) {
	fresh := func(c *status.Channel) { *c = status.Channel{ID: c.ID, Name: c.Name, State: status.ChannelWaiting} }
	for name, c := range map[string]struct {
		before, after State
		want          []string
	}{
		"nothing": {live(), with(func(*State, *status.Channel) {}), nil},
		"start":   {State{}, with(func(_ *State, c *status.Channel) { fresh(c) }), []string{"Reception has started."}},
		"stop":    {live(), State{}, []string{"Reception has stopped."}},
		"failure": {live(), State{Failure: "The disk is on fire."}, []string{"! Reception has ended. The disk is on fire."}},
		"another run": {live(), with(func(s *State, c *status.Channel) {
			s.Snapshot.Started = status.Time{Time: noon}
			c.Packets.Lost, c.Stream.SSRC, c.Viewers = 99, 8, 0
		}), nil},
		"first picture": {
			with(func(_ *State, c *status.Channel) { fresh(c) }),
			with(func(_ *State, c *status.Channel) { c.Packets.Lost, c.Viewers = 0, 0 }),
			[]string{"The picture is there."},
		},
		"signal gone": {live(), with(silent), []string{"! No signal. Nothing arrives."}},
		"signal back": {
			with(silent), with(func(_ *State, c *status.Channel) { c.Since = status.Time{Time: noon.Add(12 * time.Second)} }),
			[]string{"The picture is back after 12 s."},
		},
		"picture gone": {live(), with(func(_ *State, c *status.Channel) {
			c.Verdict = status.Verdict{Code: status.VerdictClockJumps, Text: "The rig's clock jumps."}
		}), []string{"! No picture. The rig's clock jumps."}},
		"too lossy": {live(), with(func(_ *State, c *status.Channel) {
			c.Verdict = status.Verdict{Code: status.VerdictTooLossy, Text: "Two links are silent."}
			c.Packets.Lost++
		}), []string{"! Too much is lost. Two links are silent.", "? 1 packet lost."}},
		"picture back": {
			with(func(_ *State, c *status.Channel) { c.Verdict.Code = status.VerdictTooLossy }), live(),
			[]string{"The picture is back."},
		},
		"source failed": {live(), with(func(_ *State, c *status.Channel) {
			c.State, c.Error = status.ChannelFailed, "The interface has gone."
		}), []string{"! Reception has failed. The interface has gone."}},
		"capture ended": {
			live(), with(func(_ *State, c *status.Channel) { c.State = status.ChannelStopped }),
			[]string{"The capture has ended."},
		},
		"restart": {live(), with(func(_ *State, c *status.Channel) { c.Stream.SSRC = 8 }), []string{"The rig restarted."}},
		"loss":    {live(), with(func(_ *State, c *status.Channel) { c.Packets.Lost += 12 }), []string{"? 12 packets lost."}},
		"covered link": {
			live(), with(func(_ *State, c *status.Channel) { c.Links[1].State = status.LinkSilent }),
			[]string{"? Link 5079 is silent. Nothing is lost: the coding covers it."},
		},
		"uncovered link": {live(), with(func(_ *State, c *status.Channel) {
			c.Links[1].State, c.Recent = status.LinkSilent, map[string]status.Recent{"1s": {Lost: 3}}
		}), []string{"? Link 5079 is silent. The coding does not cover it."}},
		"broken link": {live(), with(func(_ *State, c *status.Channel) {
			c.Links[0].State, c.Links[0].Error = status.LinkDown, "The interface has gone."
		}), []string{"! Link 5078 is down. The interface has gone."}},
		"link back": {
			with(func(_ *State, c *status.Channel) {
				c.Links[0].State, c.Links[0].Since = status.LinkSilent, status.Time{Time: noon}
			}),
			with(func(_ *State, c *status.Channel) { c.Links[0].Since = status.Time{Time: noon.Add(90 * time.Second)} }),
			[]string{"Link 5078 is up again after 2 min."},
		},
		"link comes": {
			with(func(_ *State, c *status.Channel) { c.Links[0] = status.Link{Port: 5078, State: status.LinkSilent} }), live(),
			[]string{"Link 5078 is up."},
		},
		"viewer": {
			live(), with(func(_ *State, c *status.Channel) { c.Viewers++ }), []string{"A viewer joined. 3 watching."},
		},
		"viewers": {
			live(), with(func(_ *State, c *status.Channel) { c.Viewers += 2 }), []string{"2 viewers joined. 4 watching."},
		},
		"viewer off": {
			live(), with(func(_ *State, c *status.Channel) { c.Viewers-- }), []string{"A viewer left. 1 watching."},
		},
		"all off": {
			live(), with(func(_ *State, c *status.Channel) { c.Viewers = 0 }), []string{"2 viewers left. 0 watching."},
		},
		"hls": {live(), with(func(_ *State, c *status.Channel) { c.HLS.Error = "No room." }), []string{
			"? HLS has failed. No room.",
		}},
		"saving": {live(), with(func(s *State, _ *status.Channel) {
			s.Savings = map[string]Saving{"rig1": {Running: true, Path: "/c"}}
		}), []string{"Saving has started. /c"}},
		"saved": {with(func(s *State, _ *status.Channel) {
			s.Savings = map[string]Saving{"rig1": {Running: true, Path: "/c"}}
		}), with(func(s *State, _ *status.Channel) {
			s.Savings = map[string]Saving{"rig1": {Path: "/c"}}
		}), []string{"Saving has ended. /c"}},
		"full": {with(func(s *State, _ *status.Channel) {
			s.Savings = map[string]Saving{"rig1": {Running: true, Path: "/c"}}
		}), with(func(s *State, _ *status.Channel) {
			s.Savings = map[string]Saving{"rig1": {Path: "/c", Ended: "The file is full."}}
		}), []string{"? Saving has ended. The file is full."}},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			for _, e := range Between(c.before, c.after) {
				require.Equal(t, c.after.Time, e.Time)
				lines = append(lines, lineOf(e))
			}
			require.Equal(t, c.want, lines)
		})
	}
}

func TestSeveralRigsAreNamed(t *testing.T) {
	before, after := live(), with(silent)
	other := live().Snapshot.Channels[0]
	other.ID, other.Name = "rig2", "Ambulance 2"
	before.Snapshot.Channels = append(before.Snapshot.Channels, other)
	after.Snapshot.Channels = append([]status.Channel{other}, after.Snapshot.Channels...) // in another order
	events := Between(before, after)
	require.Len(t, events, 1)
	require.Equal(t, "Ambulance 1: No signal. Nothing arrives.", events[0].Sentence())
}

func TestLog(t *testing.T) {
	var l Log
	lost := func(at time.Duration, channel string, n uint64) {
		e := Event{Time: noon.Add(at), Level: Warning, lost: n, lostAt: channel, lostLast: noon.Add(at)}
		l.Add(e.worded())
	}
	lost(0, "rig1", 3)
	lost(0, "rig2", 1)
	l.Add(Event{Time: noon.Add(time.Second), Lead: "A viewer joined."})
	lost(9*time.Second, "rig1", 4)
	lost(18*time.Second, "rig1", 5)
	lost(29*time.Second, "rig1", 1) // after a pause
	require.Equal(t, "2026-01-02 12:00:00  look  12 packets lost over 18 s.\n"+
		"2026-01-02 12:00:00  look  1 packet lost.\n"+
		"2026-01-02 12:00:01        A viewer joined.\n"+
		"2026-01-02 12:00:29  look  1 packet lost.\n", Text(l.Events(false)))
	require.Len(t, l.Events(true), 3)
	require.Empty(t, Text(nil))

	for i := range 2 * logSize {
		l.Add(Event{Time: noon.Add(time.Duration(i)), Lead: "x"})
	}
	require.Len(t, l.Events(false), logSize)
	require.Equal(t, noon.Add(2*logSize-1), l.Events(false)[0].Time, "the newest first")
}

func TestAlarm(t *testing.T) {
	var a Alarm
	picture := func(c *status.Channel, has bool) {
		if !has {
			c.State, c.Verdict.Text = status.ChannelSilent, "Nothing arrives."
		}
	}
	// at steps to a second with or without the pictures of two rigs.
	at := func(second int, first, second2 bool) []Call {
		s := live()
		other := s.Snapshot.Channels[0]
		other.ID, other.Name = "rig2", "Ambulance 2"
		s.Snapshot.Channels = append(s.Snapshot.Channels, other)
		now := noon.Add(time.Duration(second) * time.Second)
		for i, has := range []bool{first, second2} {
			s.Snapshot.Channels[i].Since = status.Time{Time: now}
			picture(&s.Snapshot.Channels[i], has)
		}
		return a.Step(now, s)
	}
	require.Empty(t, at(0, false, true), "it had no picture yet")
	require.Empty(t, at(5, false, true))
	require.Empty(t, at(6, true, true))
	require.Empty(t, at(7, false, true))
	require.Empty(t, at(9, false, true))
	require.Equal(t, []Call{{"No picture from Ambulance 1", "Nothing arrives."}}, at(10, false, true))
	require.Empty(t, at(11, false, true), "once")
	require.Equal(t, []Call{{"The picture of Ambulance 1 is back", ""}}, at(12, true, true))

	require.Empty(t, at(13, false, false))
	require.Empty(t, at(16, false, false), "too soon after the last call")
	require.Equal(t, []Call{{"No picture from Ambulance 1 and Ambulance 2", ""}}, at(20, false, false))
	require.Empty(t, at(21, true, false), "too soon")
	require.Equal(t, []Call{{"The picture of Ambulance 1 and Ambulance 2 is back", ""}}, at(22, true, true))

	require.Empty(t, at(40, false, true))
	require.Empty(t, a.Step(noon.Add(50*time.Second), State{}), "it was stopped")
	require.Empty(t, at(60, false, true))
}

func TestAlarmCountsFromTheLastPacket(t *testing.T) {
	var a Alarm
	require.Empty(t, a.Step(noon, live()))
	gone := with(silent) // since noon
	require.Empty(t, a.Step(noon.Add(time.Second), gone))
	require.Len(t, a.Step(noon.Add(3*time.Second), gone), 1)

	played := live()
	played.Snapshot.Channels[0].Source = "file"
	var b Alarm
	require.Empty(t, b.Step(noon, played))
	played.Snapshot.Channels[0].State = status.ChannelStopped
	require.Empty(t, b.Step(noon.Add(time.Minute), played), "a capture may end")
}

func TestMain(m *testing.M) {
	time.Local = time.UTC // the log's text has clock times
	os.Exit(m.Run())
}
