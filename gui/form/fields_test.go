package form

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// TestEveryField types into each field of a rig's page and finds it in what is applied.
func TestEveryField(t *testing.T) {
	f := openForm(t, stateOf(app.Default()))
	for setting, text := range map[string]string{
		"channel.name": "Ambulance 12", "channel.ports": "7000-7002", "channel.allow": "10.0.0.0/8, 192.0.2.7",
		"channel.latency": "1500", "channel.rtp_to": "127.0.0.1:4567", "channel.id": "amb-12",
	} {
		f.enter(f.rig.fields[setting].entry, text)
	}
	f.rig.netChoice.SetSelected("eth0 · 192.168.1.20 · up")
	f.rig.loss.SetSelected("The picture freezes")
	for setting, text := range map[string]string{"http.address": "8080", "http.public_url": "https://isc.example/"} {
		f.enter(f.web.fields[setting].entry, text)
	}
	f.web.host.SetSelected("This computer only")
	f.web.encryption.SetSelected("Certificate files")
	f.enter(f.web.fields["tls.cert"].entry, "/etc/ssl/wards.crt")
	f.choose = "/etc/ssl/wards.key"
	for _, o := range test.LaidOutObjects(f.web.fields["tls.key"].object) {
		if b, ok := o.(*widget.Button); ok {
			test.Tap(b)
		}
	}
	f.ways.old.SetChecked(true)
	for setting, text := range map[string]string{
		"http.legacy_hls_address": "8077", "http.trusted_proxies": "192.0.2.7, 10.0.0.0/8",
		"access.origins": "https://wards.example https://wall.example:8443",
	} {
		f.enter(f.ways.fields[setting].entry, text)
	}
	f.web.access.SetSelected("Everyone")
	f.video.enabled.SetChecked(false)
	f.video.variant.SetSelected("fMP4")
	f.enter(f.video.fields["hls.segment"].entry, "2000")
	f.enter(f.save.fields["dump.folder"].entry, "/var/captures")
	f.enter(f.save.fields["dump.limit"].entry, "500MB")
	require.Empty(t, f.problems)
	f.Apply()

	want := app.Default()
	want.HTTP.Address, want.HTTP.PublicURL, want.Access.Mode = "127.0.0.1:8080", "https://isc.example/", app.AccessOpen
	want.TLS = app.TLS{Cert: "/etc/ssl/wards.crt", Key: "/etc/ssl/wards.key"}
	want.HTTP.LegacyHLSAddress = "127.0.0.1:8077"
	want.HTTP.TrustedProxies = []string{"192.0.2.7", "10.0.0.0/8"}
	want.Access.Origins = []string{"https://wards.example", "https://wall.example:8443"}
	want.HLS.Enabled, want.HLS.Variant = false, "fmp4"
	want.HLS.Segment *= 2
	want.Dump = app.Saving{Folder: "/var/captures", Limit: 500_000_000}
	rig := &want.Channels[0]
	rig.Name, rig.ID, rig.Interface, rig.RTPTo = "Ambulance 12", "amb-12", "eth0", "127.0.0.1:4567"
	rig.Ports, rig.Allow = app.Ports{7000, 7001, 7002}, []string{"10.0.0.0/8", "192.0.2.7"}
	rig.AfterLoss = app.AfterLossFreeze
	rig.Latency = app.Duration(1500 * time.Millisecond)
	require.Equal(t, want, f.applied[0])
}

// TestWrongInputIsMarked types what is wrong into each field, one after the other.
func TestWrongInputIsMarked(t *testing.T) {
	f := openForm(t, stateOf(app.Default()))
	for _, c := range []struct {
		entry       *widget.Entry
		note        *widgets.Note
		text, wants string
	}{
		{f.rig.fields["channel.name"].entry, f.rig.fields["channel.name"].note, " ", "write 1 to 60 characters"},
		{f.rig.fields["channel.ports"].entry, f.rig.fields["channel.ports"].note, "5078-", "write them as 5078-5081"},
		{f.rig.fields["channel.ports"].entry, f.rig.fields["channel.ports"].note, "1-99", "at most 16 links"},
		{f.rig.fields["channel.allow"].entry, f.rig.fields["channel.allow"].note, "me", "write 192.0.2.7"},
		{f.rig.fields["channel.latency"].entry, f.rig.fields["channel.latency"].note, "fast", "write 200"},
		{f.rig.fields["channel.latency"].entry, f.rig.fields["channel.latency"].note, "9", "20ms to 5s are possible"},
		{f.rig.fields["channel.rtp_to"].entry, f.rig.fields["channel.rtp_to"].note, "vlc", "write 127.0.0.1:4567"},
		{f.rig.fields["channel.id"].entry, f.rig.fields["channel.id"].note, "A", "a-z, 0-9 and -"},
		{f.web.fields["http.address"].entry, f.web.fields["http.address"].note, "http", "numbers from 1 to 65535"},
		{f.web.fields["http.public_url"].entry, f.web.fields["http.public_url"].note, "me", "write https://name/"},
		{f.video.fields["hls.segment"].entry, f.video.fields["hls.segment"].note, "1", "200ms to 1m0s are possible"},
		{f.video.fields["hls.part"].entry, f.video.fields["hls.part"].note, "5000", "50ms to 1s"},
		{f.save.fields["dump.folder"].entry, f.save.fields["dump.folder"].note, "x", "whole path"},
		{f.save.fields["dump.limit"].entry, f.save.fields["dump.limit"].note, "much", "write it as 1GiB"},
	} {
		f.enter(c.entry, c.text)
		require.Contains(t, c.note.Text(), c.wants)
		require.Equal(t, widgets.Bad, c.note.Tone())
		c.entry.FocusLost()
		require.True(t, marked(c.entry), "the entry itself, too: %q", c.text)
		require.Equal(t, widgets.Bad, f.footer.note.Tone(), "and below it is said where")
		f.Apply()
		test.Tap(f.footer.save)
		require.Empty(t, f.applied)
		require.Empty(t, f.saved)
		test.Tap(f.footer.revert)
		require.Empty(t, f.problems)
		require.Equal(t, widgets.Quiet, c.note.Tone())
	}
}

func TestRigsAreAddedMovedAndRemoved(t *testing.T) {
	f := openForm(t, stateOf(app.Default()))
	names := func() (names []string) {
		for _, ch := range f.cfg.Channels {
			names = append(names, ch.Name)
		}
		return names
	}
	require.True(t, f.rig.remove.Disabled(), "one stays")
	f.changeRigs((*draft).addRig)
	f.enter(f.rig.fields["channel.name"].entry, "Second")
	f.changeRigs((*draft).addRig)
	require.Equal(t, []string{"Rig 1", "Second", "Rig 3"}, names())
	require.True(t, f.rig.down.Disabled())
	test.Tap(f.rig.up)
	test.Tap(f.rig.up)
	require.True(t, f.rig.up.Disabled())
	require.Equal(t, []string{"Rig 3", "Rig 1", "Second"}, names())
	require.Equal(t, "Rig 3", f.rig.fields["channel.name"].entry.Text, "it is still the one that is shown")
	test.Tap(f.sidebar.rigTabs[1])
	require.Equal(t, "Rig 1", f.rig.fields["channel.name"].entry.Text)
	test.Tap(f.rig.remove)
	require.Equal(t, []string{"Rig 3", "Second"}, names())
	require.Len(t, f.sidebar.rigTabs, 2)
	f.ShowRig("rig3")
	require.Equal(t, "Rig 3", f.rig.title.Text())
	test.Tap(f.sidebar.pages[0])
	require.True(t, f.web.object.Visible())
	require.False(t, f.rig.object.Visible())
	test.Tap(f.footer.revert)
	require.Equal(t, []string{"Rig 1"}, names())
}

// marked tells whether an entry has a border in the colour of errors.
func marked(entry *widget.Entry) bool {
	for _, o := range test.WidgetRenderer(entry).Objects() {
		if r, ok := o.(*canvas.Rectangle); ok && r.StrokeColor == theme.Color(theme.ColorNameError) {
			return true
		}
	}
	return false
}

func TestInterfaceNotes(t *testing.T) {
	bare := append(interfaces(), Interface{Name: "eth1", Up: true})
	many := append(interfaces(), Interface{Name: "ppp0", Up: true, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	for i := range 3 {
		many = append(many, Interface{
			Name: fmt.Sprintf("wwan%d", i), Up: true, Addrs: []netip.Addr{netip.MustParseAddr("10.0.1.1")},
		})
	}
	const off = "wlan0 is down. Connect it or switch it on, or choose another one."
	const few = "Up. The rig sends to one of 192.168.1.20 (eth0), 10.0.0.1 (ppp0), 10.0.1.1 (wwan0), 2 more."
	for _, c := range []struct {
		there          []Interface
		chosen, source string
		text           string
		tone           widgets.Tone
	}{
		{interfaces(), "", app.SourceUDP, "Up. The rig sends to 192.168.1.20 (eth0).", widgets.Good},
		{many, "", app.SourceUDP, few, widgets.Good},
		{nil, "", app.SourceUDP, "No network is up, so no rig can send to this computer.", widgets.Warning},
		{interfaces(), "eth0", app.SourceUDP, "Up. The rig sends to 192.168.1.20.", widgets.Good},
		{interfaces(), "lo", app.SourceUDP, "Only programs on this computer can send to it.", widgets.Warning},
		{interfaces(), "wlan0", app.SourceUDP, off, widgets.Warning},
		{interfaces(), "usb0", app.SourceUDP, "usb0 is not here now. It is used as soon as it comes.", widgets.Warning},
		{bare, "eth1", app.SourceUDP, "eth1 has no address yet, so no rig can send to it.", widgets.Warning},
		{bare, "eth1", app.SourceCapture, "Up. What passes it on these ports is taken, whomever it is for.", widgets.Good},
		{bare, "wlan0", app.SourceCapture, off, widgets.Warning},
		{bare, "", app.SourceCapture, "", widgets.Quiet},
	} {
		text, _, tone := interfaceNote(c.there, c.chosen, c.source)
		require.Equal(t, c.text, text)
		require.Equal(t, c.tone, tone, text)
	}
}
