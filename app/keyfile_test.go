package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseFor(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "8h": 8 * time.Hour, "7d": 7 * 24 * time.Hour, "1h30m": 90 * time.Minute,
	} {
		life, err := ParseFor(text)
		require.NoError(t, err)
		require.Equal(t, want, life)
	}
	for _, text := range []string{"", "7", "d", "-1h", "0d", "1.5d", "99999d", "a day"} {
		_, err := ParseFor(text)
		require.ErrorContains(t, err, "write it as 90m, 8h or 7d", text)
	}
}

func TestParseUntil(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-12-31":       time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local),
		"2026-12-31 18:00": time.Date(2026, 12, 31, 18, 0, 0, 0, time.Local),
		"2026-12-31T18:00": time.Date(2026, 12, 31, 18, 0, 0, 0, time.Local),
	} {
		at, err := ParseUntil(text)
		require.NoError(t, err)
		require.Equal(t, want, at)
	}
	for _, text := range []string{"", "31.12.2026", "2026-02-30", "18:00", "2026-12-31 25:00"} {
		_, err := ParseUntil(text)
		require.ErrorContains(t, err, "write it as 2026-12-31", text)
	}
}

// TestWhoseKeys finds the keys of the service for root, where there is one, and else the user's own.
func TestWhoseKeys(t *testing.T) {
	home, service := t.TempDir(), t.TempDir()
	settings := filepath.Join(service, "config.toml")
	require.NoError(t, os.WriteFile(settings, nil, 0o600))
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("STATE_DIRECTORY", "")
	own := filepath.Join(home, "isc-receiver")
	type found struct{ folder, settings string }
	find := func(folder, file, service string) found {
		t.Helper()
		folder, file, err := keysOf(folder, file, service, settings)
		require.NoError(t, err)
		return found{folder, file}
	}
	want := found{service, settings}
	if os.Geteuid() != 0 {
		want = found{own, ""}
	}
	require.Equal(t, want, find("", "", service))
	require.Equal(t, found{own, ""}, find("", "", filepath.Join(service, "none")), "there is no service")
	require.Equal(t, found{service, settings}, find(service, "", service))
	require.Equal(t, found{service, "other"}, find(service, "other", service))
	require.Equal(t, found{"/else", ""}, find("/else", "", service))
	t.Setenv("STATE_DIRECTORY", "/state")
	require.Equal(t, found{"/state", ""}, find("", "", service))
}
