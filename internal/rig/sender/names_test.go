package sender

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNamesAreDocumented looks for each name of the status in its description.
func TestNamesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "rig.md"))
	require.NoError(t, err)
	_, description, found := strings.Cut(string(text), "## The status")
	require.True(t, found)
	description, _, found = strings.Cut(description, "\n## ")
	require.True(t, found)
	names := jsonNames(reflect.TypeFor[Status]())
	require.Contains(t, names, "survives_paths")
	require.Contains(t, names, "last_error_at")
	for _, name := range names {
		require.Regexp(t, "`"+name+`(\[\])?`+"`", description)
	}
}

// jsonNames returns the names of a type's fields and of theirs.
func jsonNames(of reflect.Type) (names []string) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	for field := range of.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		} else if !field.Anonymous {
			continue // as those of a time
		}
		names = append(names, jsonNames(field.Type)...)
	}
	return names
}
