package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// UserSettings are the settings that the window starts with, and where it keeps them.
type UserSettings struct {
	Config Config
	Path   string // the file to Save them to; empty where they are not kept, as in a demonstration
	Kept   Config // what that file holds; without channels where there is none that can be used

	// Winning are the flags of this start that win over what is kept, as they are written.
	Winning []string

	// Ask says that nobody has chosen these settings: the operator is to look at them before anything is received.
	Ask bool

	// Err says what is wrong with the settings file, as a sentence for the operator, or is nil. What of it can be used
	// is in Config, which Validate may refuse.
	Err error
}

// UserSettings returns the window's settings: as Config does, but with the user's own settings file where the flags
// name none and ask for no demonstration. What is wrong with that file is no error, since the window can mend it; what
// is wrong with the flags, or with a file that they name, is.
func (f Flags) UserSettings() (UserSettings, error) {
	if f.Demo {
		cfg, err := f.Config()
		return UserSettings{Config: cfg}, err
	}
	if f.File != "" {
		u := UserSettings{Path: f.File, Kept: f.defaults()}
		if err := u.Kept.Load(f.File); err != nil {
			return u, err
		}
		cfg, err := f.Config()
		u.Config, u.Winning = cfg, f.said()
		return u, err
	}
	u := UserSettings{Config: f.defaults(), Winning: f.said()}
	wrong := u.load()
	if err := f.apply(&u.Config); err != nil {
		return u, err
	}
	if wrong {
		return u, nil // the form marks what is wrong
	}
	u.Ask = u.Ask && len(u.Winning) == 0
	return u, u.Config.Validate()
}

// load reads the user's own settings file, and tells whether that is unfit to begin with.
func (u *UserSettings) load() (wrong bool) {
	u.Path, u.Err = SettingsPath()
	if u.Err != nil {
		u.Ask = true
		return false
	}
	if _, err := os.Stat(u.Path); errors.Is(err, fs.ErrNotExist) {
		u.Ask = true
		return false
	}
	const beside = " When settings are saved, that file is kept beside them."
	cfg := Default()
	switch err := cfg.Load(u.Path); {
	case errors.Is(err, ErrUnknownSetting):
		u.Err = &sentence{"A setting of yours is ignored, as this version does not know it. " + where(err) + beside, err}
	case err != nil:
		u.Err = &sentence{"Your settings cannot be read, so these are the defaults. " + where(err) + beside, err}
		u.Ask = true
		return true
	}
	if len(cfg.Channels) == 0 {
		cfg.Channels = []Channel{DefaultChannel()}
	}
	u.Config = cfg
	if err := cfg.Validate(); err != nil {
		u.Err = &sentence{fmt.Sprintf("Some of your settings in %s are wrong. They are marked.", u.Path), err}
		u.Ask = true
		return true
	}
	if u.Err == nil {
		u.Kept = cfg.Clone()
	}
	return false
}

// where returns an error of Load as a sentence about the file.
func where(err error) string { return strings.TrimPrefix(err.Error(), ErrSetting.Error()+": ") + "." }

// said returns the flags, given or in the environment, that say where and how to receive.
func (f Flags) said() []string {
	var names []string
	for _, flag := range []struct {
		name  string
		given bool
	}{
		{"--interface", f.Interface != nil && *f.Interface != ""},
		{"--ports", f.Ports != nil && *f.Ports != ""},
		{"--http", f.HTTP != nil && *f.HTTP != ""},
		{"--latency", f.Latency != nil},
		{"--no-hls", f.NoHLS},
		{"--rtp-to", f.RTPTo != nil && *f.RTPTo != ""},
		{"--access", f.Access != ""},
		{"--origins", len(f.Origins) > 0},
	} {
		if flag.given {
			names = append(names, flag.name)
		}
	}
	return names
}
