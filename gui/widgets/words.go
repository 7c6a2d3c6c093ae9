package widgets

import (
	"strings"
	"unicode/utf8"
)

// Sentence makes a sentence of the text of an error: a capital at its head, unless that is the name of a
// file or an address, and a full stop at its end.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	if word, _, _ := strings.Cut(text, " "); !strings.ContainsAny(strings.TrimRight(word, ".:,"), "./:") {
		_, first := utf8.DecodeRuneInString(text)
		text = strings.ToUpper(text[:first]) + text[first:]
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
