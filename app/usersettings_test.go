package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// userSettings reads a command line as the window does, with a settings file of the user's where it says anything.
func userSettings(t *testing.T, file string, args ...string) (u UserSettings, path string) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	path, err := SettingsPath()
	require.NoError(t, err)
	if file != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	}
	flags, err := parse(t, args...)
	require.NoError(t, err)
	u, err = flags.UserSettings()
	require.NoError(t, err)
	return u, path
}

func TestUserSettings(t *testing.T) {
	u, path := userSettings(t, "")
	require.Equal(t, UserSettings{Config: Default(), Path: path, Ask: true}, u, "a first start")

	u, path = userSettings(t, "", "--ports", "6000")
	require.Equal(t, path, u.Path)
	require.False(t, u.Ask, "someone has said where to receive")
	require.Equal(t, []string{"--ports"}, u.Winning)
	require.Equal(t, Ports{6000}, u.Config.Channels[0].Ports)

	u, _ = userSettings(t, "[http]\naddress = ':1'\n[access]\nmode = 'open'\n", "--http", ":2")
	require.False(t, u.Ask)
	require.NoError(t, u.Err)
	require.Equal(t, ":2", u.Config.HTTP.Address, "flags win")
	require.Equal(t, AccessOpen, u.Config.Access.Mode)
	require.Equal(t, ":1", u.Kept.HTTP.Address, "the file is as it was")

	t.Setenv("ISC_HTTP", ":3")
	u, _ = userSettings(t, "[http]\naddress = ':1'\n")
	require.Equal(t, ":3", u.Config.HTTP.Address, "so does the environment")
	require.Equal(t, []string{"--http"}, u.Winning)
	u, _ = userSettings(t, "", "--interface", "a", "--latency", "1s", "--no-hls", "--rtp-to", ":1", "--access", "key")
	require.Equal(t, []string{"--interface", "--http", "--latency", "--no-hls", "--rtp-to", "--access"}, u.Winning)
}

func TestUserSettingsOfOthers(t *testing.T) {
	u, _ := userSettings(t, "broken", "--demo")
	require.True(t, u.Config.Demo)
	require.Equal(t, UserSettings{Config: u.Config}, u, "a demonstration neither reads nor keeps any")

	named := writeFile(t, "[http]\naddress = ':1'\n")
	u, _ = userSettings(t, "broken", "--config", named)
	require.Equal(t, ":1", u.Config.HTTP.Address)
	require.True(t, u.Kept.Equal(u.Config))
	require.Equal(t, UserSettings{Config: u.Config, Path: named, Kept: u.Kept}, u)
	u, _ = userSettings(t, "", "--config", named, "--demo")
	require.Empty(t, u.Path)
}

func TestUserSettingsThatAreWrong(t *testing.T) {
	u, path := userSettings(t, "[http\n", "--latency", "1s")
	require.True(t, u.Ask)
	require.EqualError(t, u.Err, "Your settings cannot be read, so these are the defaults. "+
		path+": line 1: expected ']' to close table name. When settings are saved, that file is kept beside them.")
	require.Equal(t, Duration(time.Second), u.Config.Channels[0].Latency, "flags hold")

	u, path = userSettings(t, "[http]\naddress = ':1'\nlater = 1\n")
	require.False(t, u.Ask, "what is known is enough to begin")
	require.Empty(t, u.Kept.Channels, "the file is not as it would be saved")
	require.EqualError(t, u.Err, "A setting of yours is ignored, as this version does not know it. "+
		path+": unknown settings: http.later (line 3). When settings are saved, that file is kept beside them.")
	require.Equal(t, ":1", u.Config.HTTP.Address)

	u, path = userSettings(t, "[http]\naddress = 'x'\n[access]\nmode = 'open'\n")
	require.True(t, u.Ask)
	require.EqualError(t, u.Err, "Some of your settings in "+path+" are wrong. They are marked.")
	require.Len(t, u.Config.Problems(), 1)
	require.Equal(t, AccessOpen, u.Config.Access.Mode)

	u, _ = userSettings(t, "channel = []\n")
	require.Len(t, u.Config.Channels, 1, "there is always a rig to show")

	t.Setenv("HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	u, err := Flags{}.UserSettings()
	require.NoError(t, err)
	require.True(t, u.Ask)
	require.Empty(t, u.Path)
	require.ErrorIs(t, u.Err, ErrSetting)
}

func TestUserSettingsWrongFlags(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, args := range [][]string{
		{"--http", "5076"},
		{"--ports", "x"},
		{"--config", "/no/such/file"},
		{"--demo", "--interface", "eth0"},
	} {
		flags, err := parse(t, args...)
		require.NoError(t, err)
		_, err = flags.UserSettings()
		require.ErrorIs(t, err, ErrSetting, args)
	}
}
