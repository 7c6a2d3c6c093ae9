package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/wholefile"
)

// ErrUnknownSetting is wrapped, beside ErrSetting, by Load's error where all that is wrong is that the file says more
// than this version knows, as after a step back to an older version.
var ErrUnknownSetting = errors.New("unknown settings")

const brokenTime = "20060102-150405" // in the name of a file that is kept beside

// SettingsPath returns where the window keeps its settings: in the user's own configuration folder. The daemon reads
// no file that it is not told of. The error says that the system names no such folder.
func SettingsPath() (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("%w: there is no folder for settings: %w", ErrSetting, err)
	}
	return filepath.Join(folder, "isc-receiver", "config.toml"), nil
}

// Save writes the settings to a file that Load reads, whole or not at all: after a crash or a power cut at any moment
// the file is the old one or the new one. A folder that is missing is made. The old file, which may have comments or
// changes by hand, stays beside as path with a ~ until the next Save; one that Load does not read without error stays
// for good, and kept is its name then. A file that the system does not let be read is not replaced. Settings that
// Validate refuses are not saved. The error is a sentence for the operator. Save may be called concurrently for
// different files only.
func Save(path string, cfg Config) (kept string, err error) {
	text, err := cfg.encode()
	if err != nil {
		return "", err
	}
	if target, linkErr := filepath.EvalSymlinks(path); linkErr == nil {
		path = target // a link stays a link
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", notSaved(path, err)
	}
	mode := fs.FileMode(0o600) // a public address may hold a password
	old, err := os.ReadFile(path)
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(path); err == nil {
			mode = info.Mode().Perm()
			kept, err = keepOld(path, old, text, mode)
		}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = wholefile.Write(path, text, mode)
	}
	if err != nil {
		return kept, notSaved(path, err)
	}
	return kept, nil
}

// keepOld keeps what a file holds beside it, if the new text is another. It returns the name only where Load cannot
// read all of the old.
func keepOld(path string, old, text []byte, mode fs.FileMode) (kept string, err error) {
	var was Config
	switch {
	case was.decode(path, bytes.NewReader(old)) != nil:
		kept = path + ".broken-" + time.Now().Format(brokenTime)
		return kept, wholefile.Write(kept, old, mode)
	case bytes.Equal(old, text):
		return "", nil
	default:
		return "", wholefile.Write(path+"~", old, mode)
	}
}

func notSaved(path string, err error) error {
	return &sentence{fmt.Sprintf("The settings were not saved to %s: %s.", path, errorText(err)), err}
}

// Equal tells whether two configurations say the same in a settings file.
func (c Config) Equal(other Config) bool {
	return reflect.DeepEqual(c.inFile(), other.inFile())
}

// inFile returns what a settings file can say of a configuration, lists that are empty as nil.
func (c Config) inFile() Config {
	c = c.Clone()
	c.Demo, c.Preview, c.Capture = false, false, ""
	return c
}
