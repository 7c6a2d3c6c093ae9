package form

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// chooser has the operator choose a file whose name ends like one of the extensions.
type chooser func(extensions []string, chosen func(path string))

// The ways to encrypt viewers' connections.
const (
	encryptNot   = "none"
	encryptOwn   = "self-signed"
	encryptGiven = "given"
)

// encryption are the controls of how viewers' connections are encrypted.
type encryption struct {
	*options

	certificate, key *field
}

func encryptionOf(d draft) string {
	switch {
	case d.given:
		return encryptGiven
	case d.base.TLS.SelfSigned:
		return encryptOwn
	default:
		return encryptNot
	}
}

// newEncryption returns the fields of the encryption.
func (p *webPage) newEncryption(edit func(change func(*draft)), choose chooser) []fyne.CanvasObject {
	way := newOptions(encryptNot, "Off", encryptOwn, "Certificate of our own", encryptGiven, "Certificate files")
	way.OnChosen = func(v string) {
		edit(func(d *draft) { d.given, d.base.TLS.SelfSigned = v == encryptGiven, v == encryptOwn })
	}
	p.add("tls.self_signed", newField("Encrypt", way.RadioGroup))
	file := func(setting, name string, extensions []string, set func(*draft, string)) *field {
		entry := p.raise(widget.NewEntry(), func(s string) { edit(func(d *draft) { set(d, s) }) })
		f := newFileField(name, entry, func(chosen func(string)) { choose(extensions, chosen) })
		p.add(setting, f)
		return f
	}
	p.encryption = &encryption{
		options: way,
		certificate: file("tls.cert", "Certificate", []string{".pem", ".crt", ".cer"},
			func(d *draft, s string) { d.base.TLS.Cert = s }),
		key: file("tls.key", "Private key", []string{".pem", ".key"},
			func(d *draft, s string) { d.base.TLS.Key = s }),
	}
	return []fyne.CanvasObject{
		p.fields["tls.self_signed"].object, p.encryption.certificate.object, p.encryption.key.object,
	}
}

// newFileField returns a field for the path of a file, which can also be chosen.
func newFileField(name string, entry *widget.Entry, choose func(chosen func(path string))) *field {
	entry.AlwaysShowValidationError = true
	button := widget.NewButtonWithIcon("Choose", theme.FolderOpenIcon(), func() { choose(entry.SetText) })
	f := newField(name, container.NewBorder(nil, nil, nil,
		container.New(layout.NewCustomPaddedLayout(0, 0, 4, 0), button), entry))
	f.entry = entry
	return f
}

// showEncryption shows what the choice of an encryption means, and what is wrong with it.
func (p *webPage) showEncryption(d draft, wrong map[string]string, check app.CertificateCheck) {
	for setting, purpose := range map[string]string{
		"tls.self_signed": encryptionPurpose(d),
		"tls.cert":        "PEM file with the certificate and those that vouch for it. It is read anew when it changes.",
		"tls.key":         "PEM file with the certificate's private key.",
	} {
		p.fields[setting].show(wrong[setting], purpose)
	}
	p.fields["tls.self_signed"].live.Set(encryptionNote(d))
	p.encryption.certificate.live.Set(certificateNote(d, check))
	for _, f := range []*field{p.encryption.certificate, p.encryption.key} {
		if d.given != f.object.Visible() {
			if d.given {
				f.object.Show()
			} else {
				f.object.Hide()
			}
		}
	}
}

// encryptionPurpose says what a choice of the encryption is for.
func encryptionPurpose(d draft) string {
	switch encryptionOf(d) {
	case encryptOwn:
		return "This program makes a certificate. Browsers warn of it once: Share shows the fingerprint to compare there."
	case encryptGiven:
		return "A certificate for the name that viewers type, as your computer department has it."
	}
	switch {
	case d.alone():
		return "Nobody but this computer reaches the page, so nothing needs to be encrypted."
	case strings.HasPrefix(d.base.HTTP.PublicURL, "https://"):
		return "What answers at the public address encrypts viewers' connections, not this program."
	default:
		return ""
	}
}

// encryptionNote warns where viewers' connections are not encrypted.
func encryptionNote(d draft) (text string, shape widgets.Shape, tone widgets.Tone) {
	if encryptionOf(d) != encryptNot || d.alone() || strings.HasPrefix(d.base.HTTP.PublicURL, "https://") {
		return "", widgets.Ring, widgets.Quiet
	}
	seen := "the patient, and the key of the link"
	if d.base.Access.Mode == app.AccessOpen {
		seen = "the patient"
	}
	return "Not encrypted: whoever is on the way to the viewers can see " + seen +
		". A certificate of our own is made with one click.", widgets.Triangle, widgets.Warning
}

// certificateProblem says why the files of a certificate cannot be used, where they are those that are entered: with
// them, no run would start.
func certificateProblem(d draft, check app.CertificateCheck) []problem {
	if !d.given || check.TLS != d.tls() || check.Err == nil {
		return nil
	}
	return []problem{{app.NoChannel, "tls.cert", check.Err.Error()}}
}

// certificateNote says what a certificate is good for, where its files are those that are entered.
func certificateNote(d draft, check app.CertificateCheck) (text string, shape widgets.Shape, tone widgets.Tone) {
	if !d.given || check.TLS != d.tls() || check.Err != nil {
		return "", widgets.Ring, widgets.Quiet
	}
	end := check.Expires.Local().Format("2 January 2006")
	return "Good until " + end + ", for " + strings.Join(check.Names, ", ") + ".", widgets.Disc, widgets.Good
}
