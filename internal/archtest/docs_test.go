package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
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

// TestDocumentsAreFound wants each document to be linked from the first one that a reader opens, or from one of those.
func TestDocumentsAreFound(t *testing.T) {
	found := []string{"README.md"}
	for i := 0; i < len(found); i++ { // it grows
		for _, match := range link.FindAllStringSubmatch(prose(t, found[i]), -1) {
			target, _, _ := strings.Cut(match[1], "#")
			to := path.Join(path.Dir(found[i]), target)
			for _, name := range files(t, ".md") {
				if (name == to || path.Dir(name) == to) && !slices.Contains(found, name) {
					found = append(found, name)
				}
			}
		}
	}
	require.ElementsMatch(t, files(t, ".md"), found)
}

var (
	made     = regexp.MustCompile("(?m)(?:^|`)make ([a-z][a-z-]+)(?:[ `]|$)")
	measured = regexp.MustCompile("go test [^`\n]*-(bench|run) ([A-Z]\\w*)[^`\n]*? (\\./\\S+?)`")
)

// TestCommandsAreThere wants each target of make and each test and benchmark that a document names to be there.
func TestCommandsAreThere(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, name := range files(t, ".md") {
		text := read(t, name)
		for _, match := range made.FindAllStringSubmatch(text, -1) {
			require.Contains(t, makefile, "\n"+match[1]+": ", "%s names make %s", name, match[1])
		}
		for _, match := range measured.FindAllStringSubmatch(text, -1) {
			kind := map[string]string{"bench": "Benchmark", "run": "Test"}[match[1]]
			declared := "func " + kind + strings.TrimPrefix(match[2], kind)
			there := slices.ContainsFunc(files(t, "_test.go"), func(file string) bool {
				return path.Dir(file) == path.Clean(match[3]) && strings.Contains(read(t, file), declared)
			})
			require.True(t, there, "%s names %s", name, match[0])
		}
	}
}

// prose returns a document without its blocks of code.
func prose(t *testing.T, name string) string {
	t.Helper()
	return fence.ReplaceAllString(read(t, name), "")
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(text)
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
	var listed []string
	parent := ""
	for line := range strings.Lines(fence.FindString(read(t, "docs/architecture.md"))) {
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
