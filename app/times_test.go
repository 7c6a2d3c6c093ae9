package app

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// timesOf returns a settings file for each setting below a type that is a time, with "%s" in its place, by the name of
// the setting.
func timesOf(kind reflect.Type, head string) map[string]string {
	found := map[string]string{}
	for field := range kind.Fields() {
		name := field.Tag.Get("toml")
		below, table := field.Type, "["+name+"]\n"
		if below.Kind() == reflect.Slice {
			below, table = below.Elem(), "[["+name+"]]\n"
		}
		switch {
		case field.Type == reflect.TypeFor[Duration]():
			found[name] = head + name + " = %s\n"
		case below.Kind() == reflect.Struct:
			for key, text := range timesOf(below, head+table) {
				found[name+"."+key] = text
			}
		}
	}
	return found
}

// TestTimesNeedAUnit wants a number refused wherever a time is expected: it would be taken for nanoseconds.
func TestTimesNeedAUnit(t *testing.T) {
	all := timesOf(reflect.TypeFor[Config](), "")
	require.Len(t, all, 3)
	for setting, text := range all {
		for _, number := range []string{"1", "200000000", "0", "-1", "1.5", "true", "[]"} {
			_, err := load(writeFile(t, fmt.Sprintf(text, number)))
			require.ErrorIs(t, err, ErrSetting, setting)
			require.ErrorContains(t, err,
				`line 2: `+setting+` must be a time with its unit, between quotes: write "1s" or "200ms"`, number)
			_, err = load(writeFile(t, fmt.Sprintf("unknown = 1\n"+text, number)))
			require.ErrorContains(t, err, setting+" must be a time")
			require.NotErrorIs(t, err, ErrUnknownSetting)
		}
		_, err := load(writeFile(t, fmt.Sprintf(text, `"1"`)))
		require.ErrorContains(t, err, `"1" is not a time; write it as 200ms or 1s`)
		_, err = load(writeFile(t, fmt.Sprintf(text, `"1s"`)))
		require.NoError(t, err)
	}
	_, err := parse(t, "--latency", "5")
	require.ErrorContains(t, err, `"5" is not a time; write it as 200ms or 1s`)
}
