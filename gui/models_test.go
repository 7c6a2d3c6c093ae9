package gui

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// idle is the model of a window that has just opened.
func idle() model {
	return model{
		Config: app.Default(), Chosen: "rig1", Player: "rig1", Now: moment,
		Interfaces: []netInterface{
			{Name: "lo", Up: true, Loop: true, Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}},
			{Name: "eth0", Up: true, Addrs: []netip.Addr{netip.MustParseAddr("192.168.1.20")}},
			{Name: "wlan0"},
		},
	}
}

// waiting is the model of a run that nothing has come to.
func waiting() model {
	m := idle()
	m.Phase = running
	m.URL = "http://192.168.1.20:5076/?key=abc"
	at := status.Time{Time: moment.Add(-90 * time.Second)}
	c := status.Channel{
		ID: "rig1", Name: "Rig 1", State: status.ChannelWaiting, Since: at, LatencyMS: 200,
		Verdict: status.Verdict{Code: status.VerdictNoPackets, Text: "Nothing arrives on UDP 5078-5081."},
		HLS:     status.HLS{Enabled: true},
	}
	for i := range 4 {
		c.Links = append(c.Links, status.Link{Index: i, Port: 5078 + i, State: status.LinkSilent})
	}
	m.Snapshot = status.Snapshot{Started: at, Time: status.Time{Time: moment}, Channels: []status.Channel{c}}
	return m
}

// live is the model of a run that all is well with.
func live() model {
	m := waiting()
	c := &m.Snapshot.Channels[0]
	c.State, c.SurvivesLinks, c.Viewers = status.ChannelLive, 1, 3
	c.Verdict = status.Verdict{Code: status.VerdictOK, Text: "The picture is live."}
	c.Stream = status.Stream{Codec: "h264", Width: 1280, Height: 720, FPS: 25, BitrateBPS: 2.4e6}
	c.Wait = status.Wait{P50: 1, P99: 20, Max: 41}
	c.Packets = status.Packets{Delivered: 12000, Recovered: 4003, Saved: 605}
	c.Recent = map[string]status.Recent{"1s": {Delivered: 250}, "8s": {Delivered: 2000}, "60s": {}}
	for i := range c.Links {
		l := &c.Links[i]
		l.State, l.From = status.LinkUp, "10.77.0.2:4011"+string(rune('2'+i))
		l.Datagrams = status.Datagrams{Received: 4000, Source: 3000, Parity: 1000}
		l.BitrateBPS, l.RatePPS, l.Share = 8e5+1e4*float64(i), 90, 0.25
		l.JitterMS, l.DelayMS, l.Saved = 3.1, 7*float64(i), uint64(12*i)
	}
	return m
}

// oneSilent is live with one link gone, which has cost something.
func oneSilent() model {
	m := live()
	c := &m.Snapshot.Channels[0]
	c.SurvivesLinks = 0
	c.Stream.Damaged = true
	c.Recent["8s"] = status.Recent{Lost: 3}
	l := &c.Links[2]
	l.State, l.Since = status.LinkSilent, status.Time{Time: moment.Add(-12 * time.Second)}
	l.BitrateBPS, l.RatePPS, l.Share = 0, 0, 0
	m.Warnings = []string{"the kernel gave socket buffers of 208 KiB where 4 MiB were asked for"}
	return m
}

// lossy is live with too much lost, though pictures still move.
func lossy() model {
	m := live()
	c := &m.Snapshot.Channels[0]
	c.Stream.Damaged = true
	c.Verdict = status.Verdict{Code: status.VerdictTooLossy, Text: "Too much is lost on the way."}
	c.Recent["1s"] = status.Recent{Delivered: 150, Recovered: 50, Lost: 50}
	return m
}

// noSignal is the model of a rig that has gone.
func noSignal() model {
	m := live()
	c := &m.Snapshot.Channels[0]
	gone := status.Time{Time: moment.Add(-31 * time.Second)}
	c.State, c.Since, c.SurvivesLinks = status.ChannelSilent, gone, 0
	c.Verdict = status.Verdict{Code: status.VerdictSilent, Text: "Nothing has arrived on UDP 5078-5081 for 31 s."}
	for i := range c.Links {
		c.Links[i].State, c.Links[i].Since, c.Links[i].BitrateBPS = status.LinkSilent, gone, 0
	}
	return m
}

// diagnosed is a model whose first rig has a verdict.
func diagnosed(m model, code, text, advice string, evidence ...string) model {
	m.Snapshot.Channels[0].Verdict = status.Verdict{Code: code, Text: text, Evidence: evidence, Advice: advice}
	return m
}

// several is the model of three rigs: one live, one with a link gone, one silent.
func several() model { return many(3) }

// many is the model of so many rigs, all their pictures shown: every third with a link gone, every third silent.
func many(n int) model {
	m := live()
	m.All = n > 3
	m.Config.Channels, m.Snapshot.Channels = nil, nil
	for i := range n {
		cfg := app.DefaultChannel()
		cfg.ID, cfg.Name, cfg.Ports = fmt.Sprintf("rig%d", i+1), fmt.Sprintf("Ambulance %d", i+1), nil
		c := []model{live(), oneSilent(), noSignal()}[i%3].Snapshot.Channels[0]
		c.ID, c.Name = cfg.ID, cfg.Name
		for l := range c.Links {
			cfg.Ports = append(cfg.Ports, 5078+4*i+l)
			c.Links[l].Port = cfg.Ports[l]
		}
		m.Config.Channels, m.Snapshot.Channels = append(m.Config.Channels, cfg), append(m.Snapshot.Channels, c)
	}
	return m
}

// playing is the model of a capture that plays in place of live video.
func playing() model {
	m := live()
	m.Config.Capture = "/home/user/Captures/rig1-2026-01-02.pcapng"
	c := &m.Snapshot.Channels[0]
	c.Source, c.ListenOnly, c.SurvivesLinks = sourceFile, true, 0
	m.Playback = app.Playback{Path: m.Config.Capture, Read: 5 << 20, Size: 16 << 20}
	m.Elapsed = 83 * time.Second
	return m
}

// played is the model of a capture that has been played, to its end or to where it broke off.
func played(err error) model {
	m := playing()
	m.Playback.Done, m.Playback.Err = true, err
	c := &m.Snapshot.Channels[0]
	c.State, c.Verdict = status.ChannelStopped, status.Verdict{Code: status.VerdictStopped, Text: "The capture has ended."}
	if err == nil {
		m.Playback.Read = m.Playback.Size
	}
	return m
}

// saving is live while what arrives is saved, as d says.
func saving(d app.Dump) model {
	m := live()
	d.Path, d.Limit = "/home/user/Captures/rig1-2026-01-02-140231.pcapng", 1<<30
	m.Dumps = map[string]app.Dump{"rig1": d}
	return m
}

// checked is the model of a live rig beside which a capture is checked.
func checked(c check) model {
	m := live()
	c.Path, c.Size = "/home/user/Captures/rig1-2026-01-02.pcapng", 16<<20
	m.Check = c
	return m
}

// keyed is the model of two rigs whose viewers have keys.
func keyed() model {
	m := many(2)
	m.Viewers = app.Viewers{Access: app.AccessKey}
	for i, k := range []app.ViewerKey{
		{Name: "Viewers", Watching: 4},
		{Name: "Ward 3", Expires: moment.Add(24 * time.Hour), Watching: 1},
		{Name: "Dr Weber, at home", Expires: moment.Add(10 * time.Minute), Channels: []string{"rig2"}},
		{
			Name:    "Emergency department, registrar on call, second floor",
			Expires: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), Channels: []string{"rig1", "rig2"},
		},
		{Name: "Guest", Expires: moment.Add(-20 * time.Hour), Expired: true, Channels: []string{"rig7"}},
	} {
		if !k.Expired {
			k.Link = fmt.Sprintf("http://192.168.1.20:5076/?key=%032x", i+10)
		}
		m.Viewers.Keys = append(m.Viewers.Keys, k)
	}
	m.URL = m.Viewers.Keys[0].Link
	return m
}

// keyless is keyed with every key removed.
func keyless() model {
	m := keyed()
	m.Viewers.Keys, m.URL = nil, ""
	return m
}
