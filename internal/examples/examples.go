// Package examples finds the command lines that the documents show, for tests.
package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fence = regexp.MustCompile("(?s)```.*?```")
	word  = regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`)
)

// Of returns the arguments of each call of a program in README.md, docs and the man pages. There is at least one. The
// package that is tested must be two folders below these.
func Of(t testing.TB, program string) (calls [][]string) {
	t.Helper()
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../packaging/man/*.[1-8]"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no documents at %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(shown(file, string(text))) {
				if arguments, ok := call(program, line); ok {
					calls = append(calls, arguments)
				}
			}
		}
	}
	if calls == nil {
		t.Fatalf("no document shows how %s is called", program)
	}
	return calls
}

// shown returns the lines of a document that are to be typed.
func shown(file, text string) string {
	if filepath.Ext(file) == ".md" {
		return strings.Join(fence.FindAllString(text, -1), "\n")
	}
	var lines strings.Builder
	for line := range strings.Lines(text) {
		if typed, ok := strings.CutPrefix(line, ".Dl "); ok {
			lines.WriteString(strings.ReplaceAll(typed, `\(dq`, `"`))
		}
	}
	return lines.String()
}

// call returns the arguments of a line that calls the program, as a shell would.
func call(program, line string) (arguments []string, ok bool) {
	line, _, _ = strings.Cut(line, " #")
	line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "sudo "), "bin/")
	words := word.FindAllString(line, -1)
	if len(words) == 0 || words[0] != program {
		return nil, false
	}
	for _, w := range words[1:] {
		arguments = append(arguments, strings.Trim(w, `"'`))
	}
	return arguments, true
}
