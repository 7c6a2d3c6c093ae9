package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)|<img[^>]+src="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	fence   = regexp.MustCompile("(?s)```.*?```")
	unword  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks wants each link from one of our documents to another file, or to a heading, to lead somewhere.
func TestLinks(t *testing.T) {
	for _, name := range files(t, ".md") {
		for _, match := range link.FindAllStringSubmatch(prose(t, name), -1) {
			target := match[1] + match[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			to := name
			if file != "" {
				to = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s, and there is no such file", name, target)
				continue
			}
			if anchor != "" && !hasHeading(t, to, anchor) {
				t.Errorf("%s links to %s, and there is no such heading", name, target)
			}
		}
	}
}

// prose returns a document without its blocks of code.
func prose(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return fence.ReplaceAllString(string(text), "")
}

// hasHeading tells whether a document has a heading that the hosts of repositories give this anchor.
func hasHeading(t *testing.T, name, anchor string) bool {
	t.Helper()
	for _, match := range heading.FindAllStringSubmatch(prose(t, name), -1) {
		words := unword.ReplaceAllString(strings.ToLower(match[1]), "")
		if strings.ReplaceAll(words, " ", "-") == anchor {
			return true
		}
	}
	return false
}

// TestTreeIsWhole holds the tree in the document on architecture against the packages that there are.
func TestTreeIsWhole(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	require.NoError(t, err)
	var listed []string
	parent := ""
	for line := range strings.Lines(fence.FindString(string(text))) {
		name := strings.TrimSuffix(strings.Fields(line)[0], "/")
		switch {
		case !strings.HasPrefix(line, " "):
			parent = name
			listed = append(listed, name)
		case !strings.HasPrefix(line, "   "):
			listed = append(listed, parent+"/"+name)
		}
	}
	for dir := range packages(t) {
		require.Contains(t, listed, dir, "docs/architecture.md does not say where it stands")
	}
	for _, dir := range listed[1 : len(listed)-1] { // without the marks around the tree
		require.DirExists(t, filepath.Join(root, dir))
	}
}

// TestFolderMap holds the map of folders for those who change the code against the folders that there are.
func TestFolderMap(t *testing.T) {
	var listed []string
	for line := range strings.Lines(prose(t, "CONTRIBUTING.md")) {
		if names, _, row := strings.Cut(strings.TrimPrefix(line, "| "), " | "); row && strings.Contains(names, "`") {
			for name := range strings.SplitSeq(names, ", ") {
				dir := strings.TrimSuffix(strings.Trim(name, "`"), "/")
				require.DirExists(t, filepath.Join(root, dir))
				listed = append(listed, strings.Split(dir, "/")[0])
			}
		}
	}
	require.NotEmpty(t, listed)
	for dir := range packages(t) {
		require.Contains(t, listed, strings.Split(dir, "/")[0], "CONTRIBUTING.md does not say what is in it")
	}
}

// TestVerdictsAreExplained holds the codes that a snapshot may have against the document that explains them.
func TestVerdictsAreExplained(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "internal/status/status.go"), nil, 0)
	require.NoError(t, err)
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Verdict") {
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			codes = append(codes, code)
		}
		return true
	})
	require.NotEmpty(t, codes)
	var explained []string
	for line := range strings.Lines(prose(t, "docs/diagnosis.md")) {
		if strings.HasPrefix(line, "| `") {
			names, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
			for name := range strings.SplitSeq(names, ", ") {
				explained = append(explained, strings.Trim(name, "`"))
			}
		}
	}
	require.ElementsMatch(t, codes, explained)
}
