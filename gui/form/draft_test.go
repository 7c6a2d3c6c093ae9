package form

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

func TestDraftHoldsWhatItWasGiven(t *testing.T) {
	cfg := app.Default()
	cfg.Demo, cfg.Preview = true, true
	cfg.HTTP.Address = "[::1]:80"
	cfg.HTTP.LegacyHLSAddress, cfg.HTTP.TrustedProxies = "127.0.0.1:5077", []string{"10.0.0.0/8", "::1"}
	cfg.Access.Origins, cfg.TLS = []string{"https://wards.example"}, app.TLS{Cert: "/c.pem", Key: "/k.pem"}
	cfg.Channels[0].Allow = []string{"10.0.0.0/8", "192.0.2.1"}
	cfg.Channels[0].Latency = app.Duration(25500 * time.Microsecond)
	cfg.Channels = append(cfg.Channels, app.DefaultChannel())
	cfg.Channels[1].ID, cfg.Channels[1].Ports = "b", app.Ports{6000, 6002}
	back, problems := newDraft(cfg).config()
	require.Empty(t, problems)
	require.Equal(t, cfg.Clone(), back.Clone())

	cfg.HTTP.Address = "nonsense"
	d := newDraft(cfg)
	require.Equal(t, "nonsense", d.port, "what is wrong is shown as it is")
	_, problems = d.config()
	require.Equal(t, []problem{{
		app.NoChannel, "http.address", `"nonsense" is no port; ports are numbers from 1 to 65535`,
	}}, problems)
}

func TestDraftTellsOfEachFieldOnce(t *testing.T) {
	d := newDraft(app.Default())
	d.addRig()
	d.segment, d.port = "x", " 8080 "
	d.rigs[1].ports, d.rigs[1].latency, d.rigs[0].Name = "x", "6000", " "
	d.rigs[1].allow = "10.0.0.0/8, 10.0.0.1;\n::1  x"
	cfg, problems := d.config()
	require.Equal(t, []problem{
		{app.NoChannel, "hls.segment", `"x" is not a number of milliseconds; write 200`},
		{0, "channel.name", `"" is no name; write 1 to 60 characters that can be seen`},
		{1, "channel.ports", `"x" are not ports; write them as 5078-5081 or 5078,5080`},
		{1, "channel.latency", "6s is out of range; 20ms to 5s are possible"},
		{1, "channel.allow", `"x" is neither an address nor a network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32`},
	}, problems)
	require.Equal(t, ":8080", cfg.HTTP.Address)
	require.Equal(t, []string{"10.0.0.0/8", "10.0.0.1", "::1", "x"}, cfg.Channels[1].Allow)
}

func TestRigsComeAndGo(t *testing.T) {
	d := newDraft(app.Default())
	require.Equal(t, 0, d.removeRig(0), "one stays")
	require.Len(t, d.rigs, 1)
	require.Equal(t, 1, d.addRig())
	require.Equal(t, 2, d.addRig())
	require.Equal(t, "rig3", d.rigs[2].ID)
	require.Equal(t, "Rig 3", d.rigs[2].Name)
	require.Equal(t, "5086-5089", d.rigs[2].ports, "ports of its own")
	_, problems := d.config()
	require.Empty(t, problems)

	before := d.clone()
	require.Equal(t, 1, d.moveRig(2, -1))
	require.Equal(t, 0, d.moveRig(1, -1))
	require.Equal(t, 0, d.moveRig(0, -1))
	require.Equal(t, 2, d.moveRig(2, 1))
	require.Equal(t, []string{"rig3", "rig1", "rig2"}, []string{d.rigs[0].ID, d.rigs[1].ID, d.rigs[2].ID})
	require.Equal(t, 1, d.removeRig(1))
	require.Equal(t, 2, d.addRig())
	require.Equal(t, "rig4", d.rigs[2].ID, "one that is not taken")
	require.Equal(t, "rig1", before.rigs[0].ID, "a copy shares nothing")

	d.rigs[0].ports = "65533"
	last := d.addRig()
	require.Equal(t, "5078-5081", d.rigs[last].ports, "there are none above")
}

// Settings with which nothing can start are not called ones that suit.
func TestFailureOfTheFirstStart(t *testing.T) {
	require.Contains(t, noticesOf(State{First: true})[0].text, "These settings suit most rigs")
	notices := noticesOf(State{First: true, Failure: errors.New("UDP port 5079 is in use")})
	require.Len(t, notices, 1)
	require.Equal(t, widgets.Bad, notices[0].tone)
}

// What names a rig fits into the list of rigs, with a word behind it and without one.
func TestNamesFitIntoTheList(t *testing.T) {
	test.NewTempApp(t)
	for _, name := range []string{
		"Rig 1", strings.Repeat("W", 60), "Rettungswagen Nord-West 4711", "Ambulance – 救急車 救急車 救急車",
	} {
		for _, word := range []string{"", "wrong", "in use", "no network"} {
			tab := widgets.NewTab()
			tab.Set(widgets.TabValues{Name: shorten(name, word), Word: word})
			require.LessOrEqual(t, tab.MinSize().Width, float32(sidebarWidth-5), "%q with %q", name, word)
		}
	}
	require.Equal(t, "Rig 1", shorten("Rig 1", "no network"))
}
