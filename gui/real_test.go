//go:build window

package gui

import (
	"context"
	"errors"
	"image"
	"image/color"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// showForReal shows a state of the tests in a real window until it is interrupted, where the environment variable
// ISC_GUI_STATE names one, and reports whether it has.
func showForReal() bool {
	name := os.Getenv("ISC_GUI_STATE")
	if name == "" {
		return false
	}
	if name == "heartbeat" {
		if err := heartbeat(); err != nil {
			slog.Error("the window", "error", err)
			os.Exit(1)
		}
		return true
	}
	demo, noDecoder := live(), live()
	demo.Config.Demo, demo.Snapshot.Demo = true, true
	noDecoder.PreviewErr = map[string]error{"rig1": exec.ErrNotFound}
	states := map[string]model{
		"waiting": waiting(), "live": live(), "several": several(), "four": many(4), "nine": many(9),
		"one-link-silent": oneSilent(), "lossy": lossy(), "no-signal": noSignal(), "demo": demo, "no-ffmpeg": noDecoder,
		"playing": playing(), "played": played(nil), "broken": played(app.ErrCutOff),
		"self-signed": encrypted(app.TLS{SelfSigned: true}), "open": openToAll(),
		"old-address": withOld(encrypted(app.TLS{SelfSigned: true})),
		"saving":      saving(app.Dump{Running: true, Bytes: 300 << 20}),
		"keys":        ofToday(keyed()), "no-keys": keyless(), "keys-and-all": ofToday(allAtOnce()),
		"no-packets": diagnosed(waiting(), status.VerdictNoPackets, "Nothing arrives on UDP 5078-5081.",
			"Let UDP 5078-5081 through the firewall: sudo ufw allow 5078:5081/udp",
			"We listen on 192.168.1.20 (eth0).", "The firewall ufw is active and lets none of these ports in."),
	}
	m, known := states[name]
	if m.Config.Capture != "" {
		m.Config.Capture = os.Getenv("ISC_GUI_CAPTURE") // it must be there
		m.Playback.Path = m.Config.Capture
	}
	start := func(app.Config, *slog.Logger) (run, error) { return realRun(m), nil }
	if !known {
		m = idle()
		start = func(app.Config, *slog.Logger) (run, error) { return nil, errors.New(name) }
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := show(ctx, Options{Settings: app.UserSettings{Config: m.Config}, Log: slog.Default()}, start); err != nil {
		slog.Error("the window", "error", err)
	}
	return true
}

// realRun is a run that says what a model says, with pictures that move where its channels are live.
func realRun(m model) *fakeRun {
	r := newFakeRun()
	r.snapshot, r.dump, r.playback, r.previewErr = m.Snapshot, m.dump(), m.Playback, m.PreviewErr
	r.warnings, r.url, r.legacyURL, r.fingerprint = m.Warnings, m.URL, m.LegacyURL, m.Fingerprint
	r.viewers = m.Viewers
	states := map[string]status.ChannelState{}
	for _, c := range m.Snapshot.Channels {
		states[c.ID] = c.State
	}
	begun := time.Now()
	pictures := movingPictures()
	r.moving = func(channel string) (*image.RGBA, uint64, time.Time) {
		number := uint64(time.Since(begun)/(40*time.Millisecond)) + 1
		switch {
		case m.PreviewErr[channel] != nil || states[channel] == status.ChannelWaiting:
			return nil, 0, time.Time{}
		case states[channel] != status.ChannelLive:
			number = 1
		}
		arrival := begun.Add(time.Duration(number)*40*time.Millisecond - 210*time.Millisecond)
		return pictures[number%uint64(len(pictures))], number, arrival
	}
	return r
}

// movingPictures are a few pictures of a bar that wanders over a ground.
func movingPictures() []*image.RGBA {
	const n, w, h = 32, 640, 360
	pictures := make([]*image.RGBA, 0, n)
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				near := (x + y/2 - i*(w+h/2)/n + w + h) % (w + h/2)
				light := max(0, 90-near) + 40
				img.SetRGBA(x, y, color.RGBA{R: uint8(light), G: uint8(light + y/8), B: uint8(light + x/16), A: 255})
			}
		}
		pictures = append(pictures, img)
	}
	return pictures
}

// allAtOnce is a model of which the dialog about sharing has all to say that it can.
func allAtOnce() model {
	m := keyed()
	m.Config.TLS.SelfSigned = true
	m.Fingerprint = encrypted(m.Config.TLS).Fingerprint
	m.LegacyURL = "http://192.168.1.20:5077/0123456789abcdef0123456789abcdef/playlist.m3u8"
	for i := range m.Viewers.Keys {
		m.Viewers.Keys[i].OldLink = m.LegacyURL
	}
	return m
}

// ofToday is a model whose keys end as long from now as they do from the moment of tests.
func ofToday(m model) model {
	for i, k := range m.Viewers.Keys {
		if !k.Expires.IsZero() {
			m.Viewers.Keys[i].Expires = k.Expires.Add(time.Since(moment).Truncate(24 * time.Hour))
		}
	}
	return m
}
