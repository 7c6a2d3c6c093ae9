package gui

import (
	"net/url"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

const (
	// entryWidth is that of what the share dialog says about how viewers come in.
	entryWidth = 616

	fingerprintGroup = 12 // characters of a certificate's fingerprint between two gaps: "AB:CD:EF:01:"
	fingerprintLine  = 4  // groups in a line
)

// entry shows, below a link, how viewers come in: who may, whether their connections are encrypted, and where players
// of the old server find the video.
type entry struct {
	object      *fyne.Container
	open, safe  *widgets.Note
	fingerprint *copyRow
	old         *widgets.Note
	oldAddress  *copyRow
}

func newEntry(toClipboard func(text string)) *entry {
	e := &entry{
		open: widgets.NewNote(theme.SizeNameText), safe: widgets.NewNote(theme.SizeNameText),
		old:         widgets.NewNote(theme.SizeNameText),
		fingerprint: newCopyRow(toClipboard), oldAddress: newCopyRow(toClipboard),
	}
	e.fingerprint.text.TextStyle.Monospace = true
	e.object = container.New(&linesLayout{width: entryWidth, gap: 6},
		e.open, e.safe, e.fingerprint.object, e.old, e.oldAddress.object)
	return e
}

func (e *entry) show(m model) {
	open := ""
	if (reached(m.URL) || reached(m.LegacyURL)) && m.Config.Access.Mode == app.AccessOpen {
		open = "Everyone who reaches the address can watch: no key is asked for. For closed networks only."
	}
	changed := e.open.Set(open, widgets.Triangle, widgets.Warning)
	changed = e.safe.Set(encryptionNote(m)) || changed
	changed = e.fingerprint.show(m.Fingerprint, groups(m.Fingerprint), m.Now) || changed
	old := ""
	if m.LegacyURL != "" {
		old = oldNote(m)
	}
	changed = e.old.Set(old, widgets.Triangle, widgets.Warning) || changed
	if changed = e.oldAddress.show(m.LegacyURL, m.LegacyURL, m.Now) || changed; changed {
		e.object.Refresh() // it needs more room, or less
	}
}

// encryptionNote says whether viewers' connections to the page are encrypted, and what to do.
func encryptionNote(m model) (text string, shape widgets.Shape, tone widgets.Tone) {
	page, err := url.Parse(m.URL)
	if err != nil {
		page = &url.URL{}
	}
	switch {
	case m.Fingerprint != "" && m.Config.TLS.SelfSigned:
		return "Viewers' connections are encrypted. Browsers warn once, as this program made its certificate itself: go on " +
			"only where the certificate that the browser shows has this fingerprint (SHA-256).", widgets.Disc, widgets.Good
	case m.Fingerprint != "":
		return "Viewers' connections are encrypted with your certificate. Where a browser warns all the same, go on only " +
			"if the certificate that it shows has this fingerprint (SHA-256).", widgets.Disc, widgets.Good
	case page.Scheme == "https":
		return "Viewers' connections are encrypted as far as " + page.Hostname() + ", by what answers there.",
			widgets.Disc, widgets.Good
	case reached(m.URL):
		seen := "the video and the key"
		if m.Config.Access.Mode == app.AccessOpen {
			seen = "the video"
		}
		return "Viewers' connections are not encrypted: whoever is on the way can see " + seen + ". Choose a certificate " +
			"in the set-up: Web page, Encryption.", widgets.Triangle, widgets.Warning
	}
	return "", widgets.Ring, widgets.Quiet
}

// reached tells whether an address is one that others than this computer reach.
func reached(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && !local(u.Hostname())
}

// oldNote says what the address for players of the old server is.
func oldNote(m model) string {
	text := "Players that were set up for the old server find the video of " + m.Config.Channels[0].Name + " here."
	if reached(m.LegacyURL) {
		text += " It is never encrypted: switch it off where nobody needs it."
	}
	return text
}

// groups writes a fingerprint so that people can compare it: in groups, a few in a line.
func groups(fingerprint string) string {
	var text strings.Builder
	for i := 0; i < len(fingerprint); i += fingerprintGroup {
		switch n := i / fingerprintGroup; {
		case n == 0:
		case n%fingerprintLine == 0:
			text.WriteByte('\n')
		default:
			text.WriteString("  ")
		}
		text.WriteString(strings.TrimSuffix(fingerprint[i:min(i+fingerprintGroup, len(fingerprint))], ":"))
	}
	return text.String()
}

// copyRow is a text that can be marked, or copied with a button beside it.
type copyRow struct {
	object   *fyne.Container
	text     *widget.Label
	button   *widget.Button
	value    string // what is copied
	now      time.Time
	copiedAt time.Time
}

func newCopyRow(toClipboard func(text string)) *copyRow {
	r := &copyRow{text: widget.NewLabel("")}
	r.text.Selectable, r.text.Wrapping = true, fyne.TextWrapBreak
	r.button = widget.NewButtonWithIcon("Copy", theme.ContentCopyIcon(), func() {
		toClipboard(r.value)
		r.copiedAt = r.now
		r.button.SetIcon(theme.ConfirmIcon())
	})
	r.object = container.NewBorder(nil, nil, nil, container.NewVBox(r.button),
		container.New(layout.NewCustomPaddedLayout(0, 0, -theme.InnerPadding(), 0), r.text))
	r.object.Hide()
	return r
}

// show shows a value as a text, or nothing where it is empty. It reports whether another amount of room is needed.
func (r *copyRow) show(value, text string, now time.Time) (changed bool) {
	r.now = now
	if !r.copiedAt.IsZero() && now.Sub(r.copiedAt) > copiedFor {
		r.copiedAt = time.Time{}
		r.button.SetIcon(theme.ContentCopyIcon())
	}
	if value == r.value {
		return false
	}
	r.value = value
	r.text.SetText(text)
	r.object.Hidden = value == ""
	return true
}

// linesLayout puts things that wrap below each other, at a width. A note knows its height once it knows its width.
type linesLayout struct{ width, gap float32 }

func (l *linesLayout) Layout(objects []fyne.CanvasObject, _ fyne.Size) { l.place(objects) }

func (l *linesLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(l.width, l.place(objects))
}

// place puts the things where they belong, and returns the height of all.
func (l *linesLayout) place(objects []fyne.CanvasObject) (height float32) {
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		if height > 0 {
			height += l.gap
		}
		o.Resize(fyne.NewSize(l.width, o.Size().Height))
		o.Resize(fyne.NewSize(l.width, o.MinSize().Height))
		o.Move(fyne.NewPos(0, height))
		height += o.MinSize().Height
	}
	return height
}
