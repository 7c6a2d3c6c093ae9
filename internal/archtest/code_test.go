package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFileLength wants files that can be read in one go.
func TestFileLength(t *testing.T) {
	for _, name := range files(t, ".go", ".js", ".mjs", ".css", ".html", ".sh") {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines {
			t.Errorf("%s: %d lines, %d at most are allowed: find the two nouns in it and part them", name, lines, maxLines)
		}
	}
}

// TestNoState wants each package variable to have its value from the start, as tables and sentinel errors have: one
// without is state that all runs and tests would share.
func TestNoState(t *testing.T) {
	for _, name := range files(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ParseComments)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			vars, ok := decl.(*ast.GenDecl)
			if !ok || vars.Tok != token.VAR || embedded(vars.Doc) {
				continue
			}
			for _, spec := range vars.Specs {
				if value := spec.(*ast.ValueSpec); len(value.Values) == 0 && !embedded(value.Doc) {
					t.Errorf("%s: the package variable %s has no value, so it is shared state: give it an owner",
						name, value.Names[0])
				}
			}
		}
	}
}

func embedded(comment *ast.CommentGroup) bool {
	if comment == nil {
		return false
	}
	for _, line := range comment.List {
		if strings.HasPrefix(line.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// TestNoSleep wants tests to wait for what they wait for. Inside testing/synctest a sleep takes no time, so there it
// is allowed.
func TestNoSleep(t *testing.T) {
	sleep := "time." + "Sleep("
	for _, name := range files(t, ".go") {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		test := strings.HasSuffix(name, "_test.go") && !bytes.Contains(text, []byte(`"testing/synctest"`))
		if test && bytes.Contains(text, []byte(sleep)) {
			t.Errorf("%s sleeps: wait for a channel or a condition, or run it in testing/synctest", name)
		}
	}
}
