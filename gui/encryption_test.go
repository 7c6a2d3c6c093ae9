package gui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// testFingerprint is that of a certificate.
const testFingerprint = "1F:0A:77:C3:5D:E2:90:4B:A8:16:3C:FF:42:9D:61:0E:" +
	"B7:58:2A:C4:93:0D:E6:7B:14:8F:35:D9:60:AB:C2:11"

// encrypted is the model of a run with a certificate, as the settings of TLS have it.
func encrypted(tls app.TLS) model {
	m := live()
	m.URL, m.Config.TLS, m.Fingerprint = "https://192.168.1.20:5076/?key=abc", tls, testFingerprint
	return m
}

// withOld is a run that also serves players of the old server.
func withOld(m model) model {
	m.LegacyURL = "http://192.168.1.20:5077/0123456789abcdef0123456789abcdef/playlist.m3u8"
	return m
}

// openToAll is a run of which everybody sees the video.
func openToAll() model {
	m := live()
	m.URL, m.Config.Access.Mode = "http://192.168.1.20:5076/", app.AccessOpen
	return m
}

// TestEntryStates compares what the share dialog says about how viewers come in.
func TestEntryStates(t *testing.T) {
	proxy, alone := live(), openToAll()
	proxy.URL = "https://wards.example/?key=abc"
	alone.URL, alone.LegacyURL = "http://127.0.0.1:5076/", "http://127.0.0.1:5077/playlist.m3u8"
	oldOpen := withOld(alone)
	for name, c := range map[string]struct {
		model model
		wants []string
	}{
		"plain":       {live(), []string{"not encrypted", "Web page, Encryption"}},
		"self-signed": {encrypted(app.TLS{SelfSigned: true}), []string{"are encrypted", "made its certificate itself"}},
		"certificate": {encrypted(app.TLS{Cert: "a", Key: "b"}), []string{"are encrypted with your certificate"}},
		"proxy":       {proxy, []string{"encrypted as far as wards.example"}},
		"old":         {withOld(encrypted(app.TLS{SelfSigned: true})), []string{"the old server", "never encrypted"}},
		"open":        {openToAll(), []string{"Everyone who reaches the address can watch", "not encrypted"}},
		"alone":       {alone, []string{"the old server"}},
		"old-open":    {oldOpen, []string{"Everyone who reaches the address can watch", "never encrypted"}},
		"stopped":     {idle(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := openTestWindow(t)
			w.window.Show(c.model)
			showDialog(w.Window, "Share", w.share.content, fyne.Size{})
			size := w.Canvas().Overlays().Top().MinSize()
			require.LessOrEqual(t, size.Width, float32(1024))
			require.LessOrEqual(t, size.Height, float32(640))
			e := w.share.entry
			text := e.open.Text() + " " + e.safe.Text() + " " + e.old.Text()
			for _, want := range c.wants {
				require.Contains(t, text, want)
			}
			if c.wants == nil {
				require.Empty(t, strings.TrimSpace(text))
			}
			test.AssertObjectRendersToMarkup(t, "entry-"+name+".xml", e.object)
		})
	}
}

func TestEntryIsCopied(t *testing.T) {
	w := openTestWindow(t)
	m := withOld(encrypted(app.TLS{SelfSigned: true}))
	w.window.Show(m)
	require.True(t, w.share.entry.fingerprint.object.Visible())
	require.Equal(t, "1F:0A:77:C3  5D:E2:90:4B  A8:16:3C:FF  42:9D:61:0E\n"+
		"B7:58:2A:C4  93:0D:E6:7B  14:8F:35:D9  60:AB:C2:11",
		w.share.entry.fingerprint.text.Text)
	test.Tap(w.share.entry.fingerprint.button)
	test.Tap(w.share.entry.oldAddress.button)
	require.Equal(t, []string{testFingerprint, m.LegacyURL}, w.copied)
	said := w.share.entry.fingerprint.button.Icon
	m.Now = m.Now.Add(2 * copiedFor)
	w.window.Show(m)
	require.NotEqual(t, said, w.share.entry.fingerprint.button.Icon)

	w.window.Show(live())
	require.False(t, w.share.entry.fingerprint.object.Visible())
	require.False(t, w.share.entry.oldAddress.object.Visible())
	require.Equal(t, widgets.Warning, w.share.entry.safe.Tone())
	require.Empty(t, groups(""))
}
