package app

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
)

// pick returns one of some values.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomText returns what people, and others, may put into a field.
func randomText(r *rand.Rand) string {
	const alphabet = "abz09 \"'\\#=[]{}<>&,.:/-_%äß救急車🚑"
	runes := []rune(alphabet)
	var text strings.Builder
	for range 1 + r.IntN(20) {
		text.WriteRune(runes[r.IntN(len(runes))])
	}
	return "x" + text.String()
}

// randomConfig returns settings that Validate lets pass, with as much as possible other than the default.
func randomConfig(r *rand.Rand) Config {
	cfg := Default()
	cfg.HTTP.Address = pick(r, ":5076", ":0", "127.0.0.1:80", "[::1]:65535", "a host:1", `"#:7`)
	cfg.HTTP.PublicURL = pick(r, "", "https://name/", "http://a:b@host:8080/x?y=z&q='\"#f")
	cfg.Access.Mode = pick(r, AccessKey, AccessOpen)
	cfg.HLS = HLS{
		Enabled: r.IntN(2) == 0, Variant: pick(r, "low-latency", "fmp4", "mpegts"),
		Segment: Duration(time.Second + time.Duration(r.IntN(10_000))*time.Millisecond),
		Part:    Duration(50*time.Millisecond + time.Duration(r.IntN(900_000))*time.Microsecond),
	}
	cfg.Dump = Saving{
		Folder: pick(r, "", "/var/lib/a b/\"c\""), Limit: pick(r, minDump, 1<<30, minDump+Size(r.Int64N(1<<42))),
	}
	cfg.Channels = nil
	for i := range 1 + r.IntN(12) {
		ch := Channel{
			ID: fmt.Sprintf("rig-%d", i), Name: randomText(r), Interface: pick(r, "", "eth0", "wlp2s0", "Wi-Fi 2 \"a\""),
			Source:    SourceUDP,
			Latency:   Duration(MinLatency + time.Duration(r.Int64N(int64(MaxLatency-MinLatency)))),
			AfterLoss: pick(r, AfterLossContinue, AfterLossFreeze),
			RTPTo:     pick(r, "", fmt.Sprintf("127.0.0.1:%d", 4567+i), fmt.Sprintf("[fe80::1%%eth0]:%d", i)),
			Allow:     pick(r, nil, []string{"10.0.0.0/8", "2001:db8::1"}),
		}
		step := pick(r, 1, 1, 2)
		for n := range 1 + r.IntN(portlist.Most) {
			ch.Ports = append(ch.Ports, 1+100*i+step*n)
		}
		cfg.Channels = append(cfg.Channels, ch)
	}
	return cfg
}

func TestSaveThenLoad(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "config.toml")
	for range 300 {
		cfg := randomConfig(r)
		kept, err := Save(path, cfg)
		require.NoError(t, err)
		require.Empty(t, kept)
		back, err := load(path)
		require.NoError(t, err)
		require.Equal(t, cfg.inFile(), back.inFile())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 2, "but the one before, nothing is left lying about")
}

// TestSaveWritesEverySetting checks that no setting has been forgotten where they are written.
func TestSaveWritesEverySetting(t *testing.T) {
	text, err := Default().encode()
	require.NoError(t, err)
	var written map[string]any
	require.NoError(t, toml.Unmarshal(text, &written))
	requireKeys(t, reflect.TypeFor[Config](), written)
}

func requireKeys(t *testing.T, of reflect.Type, written map[string]any) {
	t.Helper()
	for field := range of.Fields() {
		key := field.Tag.Get("toml")
		if key == "-" {
			continue
		}
		require.Contains(t, written, key)
		switch inner := written[key].(type) {
		case map[string]any:
			requireKeys(t, field.Type, inner)
		case []any:
			if field.Type.Elem().Kind() == reflect.Struct {
				requireKeys(t, field.Type.Elem(), inner[0].(map[string]any))
			}
		}
	}
}

func TestSaveMakesItsFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "config.toml")
	_, err := Save(path, Default())
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(filepath.Dir(path))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestSaveKeepsModeAndLink(t *testing.T) {
	folder := t.TempDir()
	target, link := filepath.Join(folder, "real.toml"), filepath.Join(folder, "config.toml")
	require.NoError(t, os.WriteFile(target, nil, 0o640))
	require.NoError(t, os.Symlink("real.toml", link))
	_, err := Save(link, Default())
	require.NoError(t, err)
	to, err := os.Readlink(link)
	require.NoError(t, err)
	require.Equal(t, "real.toml", to)
	info, err := os.Stat(target)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	cfg, err := load(target)
	require.NoError(t, err)
	require.True(t, cfg.Equal(Default()))
}

func TestSaveKeepsWhatItCannotRead(t *testing.T) {
	for name, text := range map[string]string{
		"broken":               "[http\naddress",
		"from a later version": "[http]\naddress = \":1\"\nfuture = 3\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, text)
			kept, err := Save(path, Default())
			require.NoError(t, err)
			require.Contains(t, kept, path+".broken-20")
			beside, err := os.ReadFile(kept)
			require.NoError(t, err)
			require.Equal(t, text, string(beside))
			cfg, err := load(path)
			require.NoError(t, err)
			require.True(t, cfg.Equal(Default()))
		})
	}
}

func TestSaveKeepsTheOneBefore(t *testing.T) {
	const mine = "# mine\n[http]\naddress = \":1\"\n"
	path := writeFile(t, mine)
	for range 2 { // the second changes nothing, so it keeps nothing
		kept, err := Save(path, Default())
		require.NoError(t, err)
		require.Empty(t, kept)
		before, err := os.ReadFile(path + "~")
		require.NoError(t, err)
		require.Equal(t, mine, string(before))
	}
}

func TestSaveRefuses(t *testing.T) {
	folder := t.TempDir() // in the place of the file: it is there and cannot be read
	_, err := Save(folder, Default())
	require.ErrorIs(t, err, syscall.EISDIR)
	require.EqualError(t, err, "The settings were not saved to "+folder+": is a directory.")

	path := writeFile(t, "# mine\n")
	wrong := Default()
	wrong.HTTP.Address = "x"
	_, err = Save(path, wrong)
	require.ErrorIs(t, err, ErrSetting)
	unspeakable := Default()
	unspeakable.Channels[0].Interface = "\xff"
	_, err = Save(path, unspeakable)
	require.ErrorIs(t, err, ErrSetting)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "# mine\n", string(text), "untouched")

	_, err = Save(filepath.Join(path, "below", "config.toml"), Default())
	require.ErrorIs(t, err, syscall.ENOTDIR)
}

// TestSaveIsWhole reads the file all the time while it is saved: it is always one or the other.
func TestSaveIsWhole(t *testing.T) {
	small, large := Default(), Default()
	for i := range 40 {
		ch := DefaultChannel()
		ch.ID, ch.Ports = fmt.Sprintf("other-%d", i), Ports{6000 + i}
		large.Channels = append(large.Channels, ch)
	}
	path := filepath.Join(t.TempDir(), "config.toml")
	_, err := Save(path, small)
	require.NoError(t, err)
	failed := make(chan error, 1)
	go func() {
		var err error
		for i := range 60 {
			cfg := small
			if i%2 == 0 {
				cfg = large
			}
			_, saveErr := Save(path, cfg)
			err = errors.Join(err, saveErr)
		}
		failed <- err
	}()
	for {
		cfg, err := load(path)
		require.NoError(t, err)
		require.True(t, cfg.Equal(small) || cfg.Equal(large))
		select {
		case err := <-failed:
			require.NoError(t, err)
			return
		default:
		}
	}
}

func TestLoadTellsUnknownFromBroken(t *testing.T) {
	cfg, err := load(writeFile(t, "later = 1\n[http]\naddress = \":1\"\n[[channel]]\nid = \"a\"\ncolour = \"red\"\n"))
	require.ErrorIs(t, err, ErrSetting)
	require.ErrorIs(t, err, ErrUnknownSetting)
	require.Equal(t, ":1", cfg.HTTP.Address, "what is known holds")
	require.Equal(t, "a", cfg.Channels[0].Name)
	require.NoError(t, cfg.Validate())

	_, err = load(writeFile(t, "[http"))
	require.NotErrorIs(t, err, ErrUnknownSetting)
}

func TestSettingsPath(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", folder)
	path, err := SettingsPath()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(folder, "isc-receiver", "config.toml"), path)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "")
	_, err = SettingsPath()
	require.ErrorIs(t, err, ErrSetting)
}
