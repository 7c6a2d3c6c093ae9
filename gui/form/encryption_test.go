package form

import (
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// TestEncryptionIsChosen goes through the ways to encrypt, and finds each in what is applied.
func TestEncryptionIsChosen(t *testing.T) {
	f := openForm(t, stateOf(app.Default()))
	note := f.web.fields["tls.self_signed"].live
	require.Equal(t, widgets.Warning, note.Tone())
	require.Contains(t, note.Text(), "can see the patient, and the key of the link")
	f.web.access.SetSelected("Everyone")
	require.Contains(t, note.Text(), "can see the patient. A certificate")
	f.web.access.SetSelected("Those with the link")

	f.enter(f.web.fields["http.public_url"].entry, "https://wards.example/")
	require.Empty(t, note.Text(), "a proxy encrypts")
	f.enter(f.web.fields["http.public_url"].entry, "")
	f.web.host.SetSelected("This computer only")
	require.Empty(t, note.Text(), "nobody else comes")
	f.web.host.SetSelected("Every network of this computer")

	f.web.encryption.SetSelected("Certificate of our own")
	require.Empty(t, note.Text())
	require.False(t, f.web.fields["tls.cert"].object.Visible())
	f.Apply()
	require.Equal(t, app.TLS{SelfSigned: true}, f.applied[0].TLS)

	f.web.encryption.SetSelected("Certificate files")
	require.True(t, f.web.fields["tls.cert"].object.Visible())
	require.Len(t, f.problems, 2, "both files are missing")
	f.enter(f.web.fields["tls.key"].entry, " /k.pem")
	require.Len(t, f.problems, 1)
	require.Equal(t, "The certificate is missing; choose its file.", f.web.fields["tls.cert"].note.Text())
	f.enter(f.web.fields["tls.cert"].entry, "/c.pem")
	f.Apply()
	require.Equal(t, app.TLS{Cert: "/c.pem", Key: "/k.pem"}, f.applied[1].TLS)

	f.web.encryption.SetSelected("Off")
	f.Apply()
	require.Equal(t, app.TLS{}, f.applied[2].TLS)
	f.web.encryption.SetSelected("Certificate files")
	require.Equal(t, "/c.pem", f.web.fields["tls.cert"].entry.Text, "the files are not forgotten")

	s := stateOf(app.Default())
	s.Config.TLS = app.TLS{Cert: "/c.pem", Key: "/k.pem", SelfSigned: true}
	f = openForm(t, s)
	require.Contains(t, f.web.fields["tls.self_signed"].note.Text(), "There is a certificate already")
	f.web.encryption.SetSelected("Off")
	f.web.encryption.SetSelected("Certificate files")
	require.Empty(t, f.problems)
}

// TestOldServerFollowsThePage has players of the old server find the video where the page is, unless settings say
// another host.
func TestOldServerFollowsThePage(t *testing.T) {
	f := openForm(t, stateOf(app.Default()))
	require.Empty(t, f.cfg.HTTP.LegacyHLSAddress)
	f.ways.old.SetChecked(true)
	require.Equal(t, ":5077", f.cfg.HTTP.LegacyHLSAddress)
	require.Equal(t, widgets.Warning, f.ways.fields["old"].live.Tone(), "it is not encrypted")
	f.web.host.SetSelected("This computer only")
	require.Equal(t, "127.0.0.1:5077", f.cfg.HTTP.LegacyHLSAddress)
	require.Empty(t, f.ways.fields["old"].live.Text())
	f.ways.old.SetChecked(false)
	require.Empty(t, f.cfg.HTTP.LegacyHLSAddress)

	s := stateOf(app.Default())
	s.Config.HTTP.LegacyHLSAddress = "192.168.1.20:5077"
	f = openForm(t, s)
	f.web.host.SetSelected("This computer only")
	require.Equal(t, "192.168.1.20:5077", f.cfg.HTTP.LegacyHLSAddress)
	require.NotContains(t, f.web.fields["access.mode"].note.Text(), "open in any case")
}

// TestWrongWaysIn types what is wrong into each field about how viewers come in.
func TestWrongWaysIn(t *testing.T) {
	s := stateOf(app.Default())
	s.Config.HTTP.LegacyHLSAddress = ":5077"
	f := openForm(t, s)
	for _, c := range []struct {
		setting, text, wants string
	}{
		{"http.legacy_hls_address", "http", "numbers from 1 to 65535"},
		{"http.legacy_hls_address", "5076", "he page has port 5076; write another"},
		{"http.trusted_proxies", "proxy", "write 192.0.2.7"},
		{"access.origins", "wards.example", "write https://name"},
		{"access.origins", "*", "name each, as https://name"},
	} {
		field := f.ways.fields[c.setting]
		f.enter(field.entry, c.text)
		require.Contains(t, field.note.Text(), c.wants)
		require.Equal(t, widgets.Bad, field.note.Tone())
		field.entry.FocusLost()
		require.True(t, marked(field.entry), "the entry itself, too: %q", c.text)
		require.Equal(t, widgets.Bad, f.footer.note.Tone(), "and below it is said where")
		require.True(t, f.footer.apply.Disabled())
		test.Tap(f.footer.revert)
		require.Empty(t, f.problems)
	}
}

// TestChoosingNoFile leaves what was entered.
func TestChoosingNoFile(t *testing.T) {
	f := openForm(t, stateOf(app.Default()))
	f.web.encryption.SetSelected("Certificate files")
	f.enter(f.web.fields["tls.cert"].entry, "/c.pem")
	asked := [][]string(nil)
	f.OnChoose = func(extensions []string, _ func(string)) { asked = append(asked, extensions) }
	for _, setting := range []string{"tls.cert", "tls.key"} {
		for _, o := range test.LaidOutObjects(f.web.fields[setting].object) {
			if b, ok := o.(*widget.Button); ok {
				test.Tap(b)
			}
		}
	}
	require.Equal(t, [][]string{{".pem", ".crt", ".cer"}, {".pem", ".key"}}, asked)
	require.Equal(t, "/c.pem", f.web.fields["tls.cert"].entry.Text)
}

// TestUnusableCertificateIsNotApplied keeps a run from being ended for one that could not start.
func TestUnusableCertificateIsNotApplied(t *testing.T) {
	s := stateOf(app.Default())
	s.Running = true
	f := openForm(t, s)
	f.web.encryption.SetSelected("Certificate files")
	f.enter(f.web.fields["tls.cert"].entry, "/c.pem")
	f.enter(f.web.fields["tls.key"].entry, "/k.pem")
	require.False(t, f.footer.apply.Disabled(), "nothing is known of them yet")
	s.Ports.Certificate = app.CertificateCheck{
		TLS: app.TLS{Cert: "/c.pem", Key: "/k.pem"}, Err: errors.New("it cannot be used: /k.pem: permission denied"),
	}
	f.Form.Show(s)
	require.True(t, f.footer.apply.Disabled())
	require.Equal(t, "Web page, certificate: It cannot be used: /k.pem: permission denied.", f.footer.note.Text())
	require.Equal(t, widgets.Bad, f.web.fields["tls.cert"].note.Tone())
	f.enter(f.web.fields["tls.key"].entry, "/k2.pem")
	require.Empty(t, f.problems, "it is of what was entered before")
	s.Ports.Certificate = app.CertificateCheck{
		TLS: app.TLS{Cert: "/c.pem", Key: "/k2.pem"}, Names: []string{"wards.example"}, Expires: time.Unix(1800000000, 0),
	}
	f.Form.Show(s)
	require.False(t, f.footer.apply.Disabled())
	require.Contains(t, f.web.fields["tls.cert"].live.Text(), "2027, for wards.example.")
}
