package gui

import (
	"errors"
	"os/exec"
	"testing"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// showState opens a window that shows a model, with a picture or without one.
func showState(t *testing.T, m model, pictured bool) *testWindow {
	t.Helper()
	w := openTestWindow(t)
	if pictured {
		w.showPicture(m.visible()...)
	}
	w.window.Show(m)
	size := w.Canvas().Content().MinSize()
	require.LessOrEqual(t, size.Width, float32(1024))
	require.LessOrEqual(t, size.Height, float32(640))
	return w
}

// TestStates compares the whole window.
func TestStates(t *testing.T) {
	failed := idle()
	failed.Failure = errors.New("port 5078 is in use by isc-receiverd (pid 4711): close it, or choose other ports")
	refused := live()
	refused.Refused = refusal{errors.New("notes.txt is no capture file. Give one that Wireshark wrote"), 1}
	noDecoder := live()
	noDecoder.PreviewErr = map[string]error{"rig1": exec.ErrNotFound}
	demo := live()
	demo.Config.Demo, demo.Snapshot.Demo = true, true

	for _, c := range []struct {
		name     string
		model    model
		pictured bool
	}{
		{"first-start", idle(), false},
		{"port-taken", failed, false},
		{"waiting", waiting(), false},
		{"live", live(), true},
		{"live-several", several(), true},
		{"live-four", many(4), true},
		{"live-nine", many(9), true},
		{"one-link-silent", oneSilent(), true},
		{"lossy", lossy(), true},
		{"no-signal", noSignal(), true},
		{"no-ffmpeg", noDecoder, false},
		{"demo", demo, true},
		{"capture-plays", playing(), true},
		{"capture-refused", refused, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := showState(t, c.model, c.pictured)
			test.AssertRendersToMarkup(t, c.name+".xml", w.Canvas())
		})
	}
}

// TestMessages compares what stands in place of the picture.
func TestMessages(t *testing.T) {
	failed := live()
	failed.Snapshot.Channels[0].State, failed.Snapshot.Channels[0].Error = status.ChannelFailed, "the interface has gone"
	for name, m := range map[string]model{
		"not-isc": diagnosed(waiting(), status.VerdictNotISC, "Packets arrive on UDP 5078, but they are not a rig's.",
			"Check that the rig sends ISC to this port.", "240 datagrams from 10.77.0.9:5004 are malformed: short.",
			"The last began with 47 40 11 10 00 42 f0 25."),
		"not-allowed": diagnosed(waiting(), status.VerdictNotAllowed, "Packets arrive from an address that is not allowed.",
			"Add 10.77.0.9 to the channel's allowed addresses.", "240 datagrams came from 10.77.0.9."),
		"clock-jumps": diagnosed(live(), status.VerdictClockJumps, "The rig's clock jumps.", "Restart the rig.",
			"It jumped 3 times in the last 60 s."),
		"no-keyframe": diagnosed(live(), status.VerdictNoKeyframe, "Video arrives, but no whole picture to begin with yet.",
			"Wait for the next keyframe; set the rig to send one each second.", "480 packets since 14:02:10."),
		"too-lossy": diagnosed(live(), status.VerdictTooLossy, "Too many links are silent to rebuild the video.",
			"See to the links on UDP 5080 and 5081.", "2 of 4 links are silent."),
		"no-packets": diagnosed(waiting(), status.VerdictNoPackets, "Nothing arrives on UDP 5078-5081.",
			"Let UDP 5078-5081 through the firewall: sudo ufw allow 5078:5081/udp",
			"We listen on 192.168.1.20 (eth0).", "The firewall ufw is active and lets none of these ports in."),
		"failed":         failed,
		"capture-ended":  played(nil),
		"capture-broken": played(app.ErrCutOff),
	} {
		t.Run(name, func(t *testing.T) {
			w := showState(t, m, false)
			test.AssertObjectRendersToMarkup(t, "message-"+name+".xml", w.stage.panel)
		})
	}
}

// TestSavingStates compares the row about what is saved.
func TestSavingStates(t *testing.T) {
	for name, d := range map[string]app.Dump{
		"running": {Running: true, Bytes: 300 << 20, Missed: 12},
		"full":    {Full: true, Bytes: 1 << 30},
		"failed":  {Err: errors.New("the disk is full: free some room, then save again"), Bytes: 10 << 20},
		"ended":   {Bytes: 10 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			w := showState(t, saving(d), true)
			test.AssertObjectRendersToMarkup(t, "saving-"+name+".xml", w.totals.save.row)
		})
	}
}

// TestCheckStates compares the page of a capture's check.
func TestCheckStates(t *testing.T) {
	lossless, lossy := live().Snapshot.Channels[0], live().Snapshot.Channels[0]
	lossless.State, lossy.State = status.ChannelStopped, status.ChannelStopped
	lossy.Packets.Lost, lossy.Packets.Unusable = 321, 87
	lossy.Links[1].Datagrams.Late, lossy.Links[2].Datagrams.Malformed = 4, 2
	for name, c := range map[string]check{
		"running": {Read: 5 << 20},
		"done":    {Done: true, Result: lossless},
		"lossy":   {Done: true, Result: lossy},
		"cut-off": {Done: true, Result: lossless, Err: app.ErrCutOff},
		"failed":  {Done: true, Err: errors.New("the file is no capture. Give one that Wireshark wrote")},
	} {
		t.Run(name, func(t *testing.T) {
			w := showState(t, checked(c), true)
			test.AssertObjectRendersToMarkup(t, "check-"+name+".xml", w.check.page)
		})
	}
}
