package form

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// testForm is a form in a window, with what it has raised.
type testForm struct {
	*Form
	fyne.Window

	applied, saved, changed []app.Config
	copied                  []string
	backs                   int
	choose                  string // what is chosen where a file is asked for
}

const keptPath = "/home/operator/.config/isc-receiver/config.toml"

// interfaces are those of a machine with a cable and a radio that is off.
func interfaces() []Interface {
	return []Interface{
		{Name: "lo", Up: true, Loop: true, Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}},
		{Name: "eth0", Up: true, Addrs: []netip.Addr{netip.MustParseAddr("192.168.1.20")}},
		{Name: "wlan0"},
	}
}

// stateOf is how a form is shown whose settings are kept, without a run.
func stateOf(cfg app.Config) State {
	return State{Config: cfg, Interfaces: interfaces(), Kept: Kept{Path: keptPath, Config: cfg}}
}

// free says that nobody has the ports of settings.
func free(cfg app.Config) app.PortChecks {
	checks := app.PortChecks{HTTP: app.PortUse{Port: 5076}}
	for _, ch := range cfg.Channels {
		var uses []app.PortUse
		for _, port := range ch.Ports {
			uses = append(uses, app.PortUse{Port: port})
		}
		checks.Channels = append(checks.Channels, uses)
	}
	return checks
}

// several are settings with three rigs.
func several() app.Config {
	cfg := app.Default()
	for i, name := range []string{"Ambulance 12", "Ambulance 7"} {
		ch := app.DefaultChannel()
		ch.ID, ch.Name, ch.Ports = []string{"amb12", "amb7"}[i], name, app.Ports{6000 + 10*i, 6001 + 10*i}
		cfg.Channels = append(cfg.Channels, ch)
	}
	return cfg
}

func openForm(t *testing.T, s State) *testForm {
	t.Helper()
	t.Setenv("HOME", "/home/operator")
	test.NewTempApp(t)
	f := &testForm{Form: New()}
	f.OnApply = func(cfg app.Config) { f.applied = append(f.applied, cfg) }
	f.OnSave = func(cfg app.Config) { f.saved = append(f.saved, cfg) }
	f.OnChange = func(cfg app.Config) { f.changed = append(f.changed, cfg) }
	f.OnCopy = func(text string) { f.copied = append(f.copied, text) }
	f.OnChoose = func(_ []string, chosen func(string)) { chosen(f.choose) }
	f.OnBack = func() { f.backs++ }
	f.Form.Show(s)
	f.Window = test.NewTempWindow(t, f.Object)
	f.SetPadded(false)
	f.settle()
	return f
}

// settle lays everything out as a real window does: until no note needs another height.
func (f *testForm) settle() {
	for _, height := range []float32{600, 601, 600} {
		f.Resize(fyne.NewSize(1024, height))
	}
}

// enter types a text into a field in place of what is there.
func (f *testForm) enter(entry *widget.Entry, text string) {
	entry.SetText("")
	test.Type(entry, text)
}

func TestStates(t *testing.T) {
	first := stateOf(app.Default())
	first.First, first.Kept.Config, first.Ports = true, app.Config{}, free(app.Default())
	receiving := stateOf(several())
	receiving.Running, receiving.Ports = true, free(several())
	receiving.Ports.HTTP.Taken, receiving.Ports.HTTP.Ours = true, true
	for i := range receiving.Ports.Channels[0] {
		receiving.Ports.Channels[0][i] = app.PortUse{Port: 5078 + i, Taken: true, Ours: true}
	}
	taken := stateOf(app.Default())
	taken.Ports = free(taken.Config)
	taken.Ports.Channels[0][1] = app.PortUse{Port: 5079, Taken: true, Owner: "python3 (pid 812)"}
	taken.Failure = errors.New("UDP port 5079 is in use by python3 (pid 812). Close it or choose other ports")
	service := stateOf(app.Default())
	service.Ports = free(service.Config)
	for i := range service.Ports.Channels[0] {
		service.Ports.Channels[0][i] = app.PortUse{
			Port: 5078 + i, Taken: true, Service: true, Owner: "the ISC Receiver service",
		}
	}
	service.Ports.HTTP = app.PortUse{Port: 5076, Taken: true, Service: true, Owner: "the ISC Receiver service"}
	missing, down := stateOf(app.Default()), stateOf(app.Default())
	missing.Config.Channels[0].Interface, down.Config.Channels[0].Interface = "usb0", "wlan0"
	listening := stateOf(app.Default())
	listening.Config.Channels[0].Source, listening.Config.Channels[0].Interface = app.SourceCapture, "eth0"
	listening.Right = "Live capture needs a right that this program does not have: CAP_NET_RAW. " +
		"Give it once with: sudo setcap cap_net_raw+ep /usr/bin/isc-receiver"
	broken := stateOf(app.Default())
	broken.First, broken.Kept.Config = true, app.Config{}
	broken.Kept.Wrong = errors.New("your settings cannot be read, so these are the defaults. " + keptPath + ": line 3: no")
	demo := stateOf(app.Default())
	demo.Config.Demo, demo.Kept = true, Kept{}
	wrong := stateOf(several())
	bad := &wrong.Config.Channels[0]
	bad.Name, bad.ID, bad.Ports, bad.RTPTo = "", "A b", app.Ports{5078, 5078}, "here"
	bad.Latency = app.Duration(time.Millisecond)
	bad.Allow, bad.AfterLoss = []string{"10.0.0.1/8"}, "stop"
	wrong.Config.Channels[2].Ports = app.Ports{6000}
	wrong.Config.HTTP.Address, wrong.Config.HTTP.PublicURL = "127.0.0.1:99999", "here"
	wrong.Config.Dump = app.Saving{Folder: "here", Limit: 1}
	wrong.Config.TLS = app.TLS{Key: "/etc/ssl/wards.key"}
	wrong.Config.HTTP.LegacyHLSAddress = ":99999"
	wrong.Config.HTTP.TrustedProxies, wrong.Config.Access.Origins = []string{"x"}, []string{"https://wards.example/page"}
	wrong.Config.HLS.Part, wrong.Config.HLS.Variant = 1, "mpegts"

	own, files, unusable := stateOf(app.Default()), stateOf(app.Default()), stateOf(app.Default())
	own.Config.TLS.SelfSigned = true
	files.Config.TLS = app.TLS{Cert: "/etc/ssl/wards.crt", Key: "/etc/ssl/wards.key"}
	files.Ports.Certificate = app.CertificateCheck{
		TLS: files.Config.TLS, Names: []string{"wards.example", "192.0.2.7"}, Expires: time.Unix(1800000000, 0),
	}
	unusable.Config.TLS = files.Config.TLS
	unusable.Ports.Certificate = app.CertificateCheck{
		TLS: files.Config.TLS, Err: errors.New("it cannot be used: /etc/ssl/wards.key: permission denied"),
	}
	old, oldTaken := stateOf(app.Default()), stateOf(app.Default())
	old.Config.HTTP.LegacyHLSAddress, oldTaken.Config.HTTP.LegacyHLSAddress = ":5077", ":5077"
	old.Config.HTTP.TrustedProxies = []string{"192.0.2.7", "10.0.0.0/8"}
	old.Config.Access.Origins = []string{"https://wards.example"}
	old.Ports.Legacy = app.PortUse{Port: 5077, Taken: true, Ours: true}
	oldTaken.Ports.Legacy = app.PortUse{Port: 5077, Taken: true, Owner: "nginx (pid 99)"}

	for _, c := range []struct {
		name  string
		state State
		place place
	}{
		{"web-own-certificate", own, place{-1, pageWeb}},
		{"web-certificate-files", files, place{-1, pageWeb}},
		{"web-certificate-unusable", unusable, place{-1, pageWeb}},
		{"ways", receiving, place{-1, pageWays}},
		{"ways-old-server", old, place{-1, pageWays}},
		{"ways-port-taken", oldTaken, place{-1, pageWays}},
		{"wrong-ways", wrong, place{-1, pageWays}},
		{"first-start", first, place{}},
		{"receiving", receiving, place{}},
		{"receiving-web", receiving, place{-1, pageWeb}},
		{"receiving-video", receiving, place{-1, pageVideo}},
		{"receiving-save", receiving, place{-1, pageSave}},
		{"port-taken", taken, place{}},
		{"service", service, place{}},
		{"service-web", service, place{-1, pageWeb}},
		{"interface-missing", missing, place{}},
		{"interface-down", down, place{}},
		{"listening-in", listening, place{}},
		{"file-broken", broken, place{}},
		{"demo", demo, place{}},
		{"wrong", wrong, place{}},
		{"wrong-third-rig", wrong, place{rig: 2}},
		{"wrong-web", wrong, place{-1, pageWeb}},
		{"wrong-video", wrong, place{-1, pageVideo}},
		{"wrong-save", wrong, place{-1, pageSave}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := openForm(t, c.state)
			f.goTo(c.place)
			f.settle()
			require.LessOrEqual(t, f.Canvas().Content().MinSize().Width, float32(1024))
			require.LessOrEqual(t, f.Canvas().Content().MinSize().Height, float32(540))
			test.AssertRendersToMarkup(t, c.name+".xml", f.Canvas())
		})
	}
}

func TestStart(t *testing.T) {
	f := openForm(t, State{Config: app.Default(), First: true, Kept: Kept{Path: keptPath}})
	require.Len(t, f.changed, 1, "the ports of the defaults are checked")
	require.False(t, f.edited())
	test.Tap(f.footer.apply)
	require.Equal(t, []app.Config{app.Default().Clone()}, f.applied, "one press is enough")

	f.enter(f.rig.fields["channel.ports"].entry, "6000-6002")
	f.enter(f.rig.fields["channel.latency"].entry, "350")
	f.rig.netChoice.SetSelectedIndex(0)
	require.True(t, f.edited())
	f.Apply()
	got := f.applied[1]
	require.Equal(t, app.Ports{6000, 6001, 6002}, got.Channels[0].Ports)
	require.Equal(t, "350ms", mustText(t, got.Channels[0].Latency))
	require.Equal(t, got, f.changed[len(f.changed)-1], "the ports that are checked are those that are entered")
}

func mustText(t *testing.T, d app.Duration) string {
	t.Helper()
	text, err := d.MarshalText()
	require.NoError(t, err)
	return string(text)
}

func TestWhatIsEnteredStays(t *testing.T) {
	f := openForm(t, stateOf(several()))
	entry := f.rig.fields["channel.ports"].entry
	f.enter(entry, "50")
	s := stateOf(several())
	s.Config.Channels[0].Latency *= 2 // the slider beside the picture
	f.Form.Show(s)
	require.Equal(t, "50", entry.Text)
	f.enter(entry, "5x")
	f.goTo(place{rig: 1})
	require.Equal(t, "6000,6001", entry.Text)
	f.goTo(place{rig: 0})
	require.Equal(t, "5x", entry.Text, "even where it is wrong")
	test.Tap(f.footer.revert)
	require.Equal(t, "5078-5081", entry.Text)
	require.Equal(t, "400", f.rig.fields["channel.latency"].entry.Text, "back to what is, not to what was")

	s.Config = s.Config.Clone()
	s.Config.Channels[0].Ports = app.Ports{7000} // changed elsewhere while nothing is entered
	f.Form.Show(s)
	require.Equal(t, "7000", entry.Text)
}

func TestApplyWhileReceiving(t *testing.T) {
	s := stateOf(app.Default())
	s.Running = true
	f := openForm(t, s)
	require.Equal(t, "Apply", f.footer.apply.Text)
	require.True(t, f.footer.apply.Disabled(), "there is nothing to apply")
	f.Apply()
	require.Empty(t, f.applied)
	f.enter(f.rig.fields["channel.name"].entry, "Ambulance 12 ")
	require.Equal(t, "Changed, and not applied yet.", f.footer.note.Text())
	test.Tap(f.footer.apply)
	require.Equal(t, "Ambulance 12", f.applied[0].Channels[0].Name)

	s.Config, s.Kept.Config = f.applied[0], f.applied[0] // it has been done
	f.Form.Show(s)
	require.False(t, f.edited())
	require.True(t, f.footer.apply.Disabled())
	require.Equal(t, "Saved in ~/.config/isc-receiver/config.toml.", f.footer.note.Text())
	test.Tap(f.footer.back)
	require.Equal(t, 1, f.backs)

	s.Busy = true
	f.enter(f.rig.fields["channel.name"].entry, "B")
	f.Form.Show(s)
	require.True(t, f.footer.apply.Disabled(), "while it starts or stops")
}

func TestSave(t *testing.T) {
	f := openForm(t, stateOf(app.Default()))
	require.True(t, f.footer.save.Disabled(), "it is saved")
	f.enter(f.rig.fields["channel.rtp_to"].entry, "127.0.0.1:4567")
	require.Equal(t, "Not saved yet.", f.footer.note.Text())
	test.Tap(f.footer.save)
	require.Equal(t, "127.0.0.1:4567", f.saved[0].Channels[0].RTPTo)
	require.Empty(t, f.applied)

	s := stateOf(app.Default())
	s.Kept.Config, s.Kept.Beside = f.saved[0], keptPath+".broken-20260102-030405"
	f.Form.Show(s)
	require.True(t, f.footer.save.Disabled())
	require.Contains(t, f.footer.note.Text(), "~/.config/isc-receiver/config.toml.broken-20260102-030405")
	s.Kept.Over = []string{"--ports", "--http"}
	f.Form.Show(s)
	require.Equal(t, "Saved in ~/.config/isc-receiver/config.toml. When it starts with --ports, --http as now, that wins.",
		f.footer.note.Text())
	s.Kept.Err = errors.New("the settings were not saved: no space left on device")
	f.Form.Show(s)
	require.Equal(t, "The settings were not saved: no space left on device.", f.footer.note.Text())
	s.Kept = Kept{Wrong: errors.New("there is no folder")}
	f.Form.Show(s)
	require.Equal(t, "These settings are not kept.", f.footer.note.Text())
	require.Equal(t, "There is no folder.", f.notices.shown[0].text)
	require.True(t, f.footer.save.Disabled())
}

func TestServiceCommandIsCopied(t *testing.T) {
	s := stateOf(app.Default())
	s.Ports = app.PortChecks{HTTP: app.PortUse{Service: true}}
	f := openForm(t, s)
	for _, o := range test.LaidOutObjects(f.notices.object) {
		if b, ok := o.(*widget.Button); ok {
			test.Tap(b)
		}
	}
	require.Equal(t, []string{"sudo systemctl stop isc-receiverd"}, f.copied)
}

func TestToneOfPorts(t *testing.T) {
	for _, c := range []struct {
		uses []app.PortUse
		text string
	}{
		{nil, ""},
		{[]app.PortUse{{Port: 1}, {Port: 2, Taken: true, Ours: true}, {Port: 0}}, ""},
		{
			[]app.PortUse{{Port: 1, Taken: true, Owner: "a (pid 1)"}, {Port: 2, Taken: true, Owner: "b (pid 2)"}, {
				Port: 3, Taken: true, Owner: "a (pid 1)",
			}},
			"1,3 are in use by a (pid 1); 2 is in use by b (pid 2). Close it, or choose other ports.",
		},
		{
			[]app.PortUse{{Port: 1, Taken: true, Service: true, Owner: "the ISC Receiver service"}},
			"1 is in use by the ISC Receiver service. Stop it with sudo systemctl stop isc-receiverd, " +
				"or choose other ports.",
		},
	} {
		text, shape, tone := portsNote(c.uses)
		require.Equal(t, c.text, text)
		if text == "" {
			require.Equal(t, widgets.Quiet, tone)
		} else {
			require.Equal(t, widgets.Square, shape)
		}
	}
}
