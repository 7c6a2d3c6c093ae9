// Package words writes numbers of things and lists as people do.
package words

import (
	"fmt"
	"strings"
)

// Count writes how many there are of a thing: "1 link", "4 links".
func Count[N int | uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// List names things: "a, b and c".
func List(things []string) string {
	if len(things) < 2 {
		return strings.Join(things, "")
	}
	last := len(things) - 1
	return strings.Join(things[:last], ", ") + " and " + things[last]
}
