// Package archtest holds the rules of the house that a compiler does not check, as tests: who may import whom and
// why, one comment for each package, files of a readable length, no shared state, no sleeping tests, and links in the
// documents that lead somewhere.
package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module   = "github.com/isc-receiver/isc-receiver"
	root     = "../.."
	maxLines = 400
)

// TestImports holds each package's own imports, on every system and under every build tag, against its rule.
func TestImports(t *testing.T) {
	for dir, files := range packages(t) {
		r, key := ruleOf(dir)
		if key == "" {
			t.Errorf("%s: this package has no rule; add one to internal/archtest/rules_test.go", dir)
			continue
		}
		for name, file := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			if slices.Contains(testsOnly, dir) && path.Base(name) != "doc.go" {
				t.Errorf("%s: only tests and doc.go belong here", name)
			}
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				require.NoError(t, err)
				if !r.allows(imported) {
					t.Errorf("%s imports %s, which the rule of %s does not allow: %s", name, imported, key, r.why)
				}
			}
		}
	}
}

// TestRulesAreNeeded wants each rule to have a package, and each permission in it to be used: what nobody needs looks
// like a decision.
func TestRulesAreNeeded(t *testing.T) {
	imports := map[string][]string{}
	for dir, files := range packages(t) {
		_, key := ruleOf(dir)
		imports[key] = append(imports[key], dir)
		for name, file := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, spec := range file.Imports {
				imports[key] = append(imports[key], strings.Trim(spec.Path.Value, `"`))
			}
		}
	}
	for key, r := range rules {
		if imports[key] == nil {
			t.Errorf("%s: there is a rule in internal/archtest/rules_test.go, and no package", key)
		}
		for _, permission := range slices.Concat(r.own, r.libs) {
			if !slices.ContainsFunc(imports[key], func(i string) bool { return covers(permission, i) }) {
				t.Errorf("%s: its rule allows it to import %s, which it does not", key, permission)
			}
		}
	}
}

// TestReach holds all that a package pulls in, at any depth, against what it must never contain.
func TestReach(t *testing.T) {
	for _, r := range reach {
		t.Run(r.pkg, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(root, r.pkg)); errors.Is(err, fs.ErrNotExist) {
				t.Skip("there is no such package yet")
			}
			for _, dep := range dependencies(t, r.pkg) {
				for _, banned := range r.banned {
					if under(dep.ImportPath, banned) {
						t.Errorf("%s reaches %s: %s", r.pkg, dep.ImportPath, r.why)
					}
				}
				if r.cgo && !dep.Standard && len(dep.CgoFiles) > 0 {
					t.Errorf("%s reaches the C code of %s: %s", r.pkg, dep.ImportPath, r.why)
				}
			}
		})
	}
}

// TestPackageComments wants one comment for each package: a second one would say something else sooner or later.
func TestPackageComments(t *testing.T) {
	for dir, files := range packages(t) {
		var commented []string
		for name, file := range files {
			if file.Doc != nil {
				commented = append(commented, name)
			}
		}
		slices.Sort(commented)
		if len(commented) != 1 {
			t.Errorf("%s: wanted one file with a package comment, got %d: %q", dir, len(commented), commented)
		}
	}
}

// ruleOf returns the rule of a package and the name it stands under, which is empty where there is none. A name that
// ends in /* stands for all packages below it.
func ruleOf(pkg string) (rule, string) {
	if r, ok := rules[pkg]; ok {
		return r, pkg
	}
	for parent := path.Dir(pkg); parent != "."; parent = path.Dir(parent) {
		if r, ok := rules[parent+"/*"]; ok {
			return r, parent + "/*"
		}
	}
	return rule{}, ""
}

func (r rule) allows(imported string) bool {
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return slices.ContainsFunc(slices.Concat(r.own, r.libs), func(p string) bool { return covers(p, imported) })
	}
	return imported != "C" && !slices.Contains(r.not, imported)
}

// covers tells whether a rule's permission is one for this import.
func covers(permission, imported string) bool {
	if parent, all := strings.CutSuffix(permission, "/*"); all {
		return strings.HasPrefix(imported, module+"/"+parent+"/")
	}
	return imported == module+"/"+permission || under(imported, permission)
}

func under(imported, parent string) bool {
	return imported == parent || strings.HasPrefix(imported, parent+"/")
}

// packages reads the imports and package comments of all Go files, by folder and then by name, both relative to the
// module's root. It reads the files itself, as the go command leaves out those of other systems and build tags.
func packages(t *testing.T) map[string]map[string]*ast.File {
	t.Helper()
	found := map[string]map[string]*ast.File{}
	for _, name := range files(t, ".go") {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil,
			parser.ImportsOnly|parser.ParseComments)
		require.NoError(t, err)
		dir := path.Dir(name)
		if found[dir] == nil {
			found[dir] = map[string]*ast.File{}
		}
		found[dir][name] = file
	}
	require.NotEmpty(t, found)
	return found
}

// files lists the module's own files with one of the given extensions, relative to its root and with slashes.
func files(t *testing.T, extensions ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != root && notOurs(name, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if slices.ContainsFunc(extensions, func(end string) bool { return strings.HasSuffix(name, end) }) {
			relative, err := filepath.Rel(root, name)
			found = append(found, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	require.NoError(t, err)
	return found
}

// notOurs tells of folders that hold what was built, fetched or recorded, and of other modules.
func notOurs(name, base string) bool {
	made := []string{"bin", "build", "dist", "node_modules", "testdata"}
	if strings.HasPrefix(base, ".") || slices.Contains(made, base) {
		return true
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil
}

// dependency is one package as the go command describes it.
type dependency struct {
	ImportPath string
	Standard   bool
	CgoFiles   []string
}

// dependencies lists all that a package pulls in, itself included, with cgo allowed so that the use of it shows.
func dependencies(t *testing.T, pkg string) []dependency {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,CgoFiles", "./"+pkg)
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=1")
	out, err := list.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		t.Fatalf("go list ./%s: %s", pkg, exit.Stderr)
	}
	require.NoError(t, err)

	var found []dependency
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one dependency
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		found = append(found, one)
	}
}
