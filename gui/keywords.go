package gui

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// maxRigs is how many characters of rigs' names have room in a row.
const maxRigs = 22

// maxKeyName is how many characters of a key's name have room in a title.
const maxKeyName = 40

// soon is how long before its end a key is to be looked at.
const soon = 15 * time.Minute

// keyRow is what the list of keys says about one.
type keyRow struct {
	name, end, rigs, watching string
	tone                      widgets.Tone // of the end
	expired                   bool
}

func keyRows(m model) []keyRow {
	rows := make([]keyRow, 0, len(m.Viewers.Keys))
	for _, k := range m.Viewers.Keys {
		row := keyRow{name: k.Name, rigs: keyRigs(m, k), expired: k.Expired}
		row.end, row.tone = keyEnd(k, m.Now)
		if k.Watching > 0 {
			row.watching = fmt.Sprintf("%d watching", k.Watching)
		}
		rows = append(rows, row)
	}
	return rows
}

// keyEnd says until when a key is good.
func keyEnd(k app.ViewerKey, now time.Time) (string, widgets.Tone) {
	switch {
	case k.Expires.IsZero():
		return "never ends", widgets.Quiet
	case k.Expired:
		return "expired " + dayTime(k.Expires, now), widgets.Warning
	case k.Expires.Sub(now) < soon:
		return "until " + dayTime(k.Expires, now), widgets.Warning
	default:
		return "until " + dayTime(k.Expires, now), widgets.Quiet
	}
}

// dayTime names a time by the local clock as people do who are near it: "tomorrow 14:00", "the end of Friday".
func dayTime(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	clock := " " + t.Format("15:04")
	midnight := t.Hour() == 0 && t.Minute() == 0
	if midnight {
		t = t.AddDate(0, 0, -1) // people know a day's end, not the next one's first moment
	}
	day := dayName(t, now)
	if midnight {
		return "the end of " + day
	}
	return day + clock
}

// dayName names the day of a time.
func dayName(t, now time.Time) string {
	date := func(t time.Time) time.Time {
		year, month, day := t.Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	switch days := int(date(t).Sub(date(now)).Hours()) / 24; {
	case days == 0:
		return "today"
	case days == 1:
		return "tomorrow"
	case days == -1:
		return "yesterday"
	case days > 1 && days < 7:
		return t.Format("Monday")
	case t.Year() == now.Year():
		return t.Format("2 January")
	default:
		return t.Format("2 January 2006")
	}
}

// keyRigs names the rigs that a key is for.
func keyRigs(m model, k app.ViewerKey) string {
	names := make([]string, 0, len(k.Channels))
	for _, id := range k.Channels {
		i := channelIndexOf(m.Config, id)
		if i < 0 {
			names = append(names, id+" (removed)")
			continue
		}
		names = append(names, m.Config.Channels[i].Name)
	}
	all := strings.Join(names, ", ")
	switch {
	case len(names) > 1 && utf8.RuneCountInString(all) > maxRigs:
		return fmt.Sprintf("%d rigs", len(names))
	case len(names) > 0:
		return all
	case len(m.Config.Channels) == 1:
		return "" // there is nothing to tell apart
	default:
		return "all rigs"
	}
}

// voidQuestion asks whether a key is to be replaced or removed, and says who can no longer watch then.
func voidQuestion(verb, after string, k app.ViewerKey, do func()) question {
	text := "Whoever has its link can no longer watch."
	switch {
	case k.Expired:
		text = "It has expired: nobody watches with it."
	case k.Watching == 1:
		text += "\nOne viewer is watching with it now and loses the picture at once."
	case k.Watching > 1:
		text += fmt.Sprintf("\n%d viewers are watching with it now and lose the picture at once.", k.Watching)
	}
	if after != "" {
		text += "\n" + after
	}
	return question{
		title: fmt.Sprintf("%s the key “%s”?", verb, shorten(k.Name, maxKeyName)), text: text,
		answers: []answer{{verb, do}}, ends: true,
	}
}

// replaceQuestion asks whether a key is to get another link.
func replaceQuestion(k app.ViewerKey, do func()) question {
	return voidQuestion("Replace", "Give the new link to those who are to go on watching.", k, do)
}

// removeQuestion asks whether a key is to go.
func removeQuestion(m model, k app.ViewerKey, do func()) question {
	after := ""
	others := func(other app.ViewerKey) bool { return other.Name != k.Name && !other.Expired }
	if !k.Expired && !slices.ContainsFunc(m.Viewers.Keys, others) {
		after = "It is the last one that is good: nobody else can watch until you add another."
	}
	return voidQuestion("Remove", after, k, do)
}
