package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/keys"
)

// Where the installed service keeps its keys and finds its settings.
const (
	ServiceState    = "/var/lib/isc-receiver"
	ServiceSettings = "/etc/isc-receiver/config.toml"
)

// KeyFile is the viewers' keys of a program that may be running, which takes over what is changed. Its methods may be
// called concurrently.
type KeyFile struct {
	store    *keys.Store
	cfg      Config
	settings string // where cfg is from, or empty
}

// OpenKeys opens the keys in a state folder, whose links are as a settings file says. Where the folder is empty, it is
// that of the service, for root on a machine that has one, or else the user's own. Where the settings file is empty, it
// is the service's, for the service's keys, or else the defaults hold. The error is a sentence for the operator.
func OpenKeys(folder, settings string) (*KeyFile, error) {
	folder, settings, err := keysOf(folder, settings, ServiceState, ServiceSettings)
	if err != nil {
		return nil, err
	}
	f := &KeyFile{cfg: Default(), settings: settings}
	if settings != "" {
		if err = f.cfg.Load(settings); err != nil {
			return nil, err
		}
	}
	f.store, err = keys.Open(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &sentence{fmt.Sprintf("There are no keys in %s yet. Start the receiver once, which makes the first; "+
			"or say with --state where its are.", folder), err}
	case errors.Is(err, keys.ErrBroken):
		return nil, &sentence{fmt.Sprintf("The keys cannot be read: %v. Mend the file; or start the receiver again, which "+
			"keeps it beside and makes a new key.", err), err}
	case err != nil:
		path := keys.Path(folder)
		return nil, &sentence{fmt.Sprintf("The keys in %s cannot be read: %s.", path, fileTrouble(path, err)), err}
	}
	return f, nil
}

// keysOf returns the folder and the settings file that are meant, where the service's are these.
func keysOf(folder, settings, serviceState, serviceSettings string) (string, string, error) {
	if folder == "" && stateDirectory() == "" && os.Geteuid() == 0 && exists(serviceState) {
		folder = serviceState
	}
	if settings == "" && folder == serviceState && exists(serviceSettings) {
		settings = serviceSettings
	}
	if folder != "" {
		return folder, settings, nil
	}
	folder, err := keysFolder()
	return folder, settings, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Path returns where the keys are kept.
func (f *KeyFile) Path() string { return f.store.Path() }

// List returns the keys, with the links that viewers need.
func (f *KeyFile) List() []ViewerKey {
	return viewerKeys(f.store.List(), f.cfg, reachable(f.cfg.HTTP.Address, f.cfg.Channels[0].Interface))
}

// Note says in a sentence that the settings ask viewers for no key, or is empty.
func (f *KeyFile) Note() string {
	page, old := f.cfg.HTTP.Address, f.cfg.HTTP.LegacyHLSAddress
	switch {
	case f.cfg.Access.Mode == AccessOpen:
		return "With these settings viewers need no key: access is open to everyone who reaches the address."
	case isLoopback(page) && (old == "" || isLoopback(old)) && f.cfg.HTTP.PublicURL == "":
		return "With these settings viewers need no key: only this computer reaches the address."
	default:
		return ""
	}
}

// Warning says in a sentence that others can read the keys, or is empty.
func (f *KeyFile) Warning() string { return keyExposure(f.store) }

// Add adds a key, as Run.AddKey does, and returns it. The rigs must be among those of the settings.
func (f *KeyFile) Add(name string, expires time.Time, channels []string) (ViewerKey, error) {
	for _, id := range channels {
		if !slices.ContainsFunc(f.cfg.Channels, func(c Channel) bool { return c.ID == id }) {
			return ViewerKey{}, fmt.Errorf("%w: --channel: there is no rig %q, but %s", ErrSetting, id, f.rigs())
		}
	}
	err := f.store.Add(keys.Key{Name: name, Expires: expires, Channels: channels}, time.Now())
	return f.changed(name, err)
}

// Replace gives a key another link, as Run.ReplaceKey does, and returns it.
func (f *KeyFile) Replace(name string) (ViewerKey, error) {
	return f.changed(name, f.store.Replace(name, time.Now()))
}

// Remove removes a key, as Run.RemoveKey does.
func (f *KeyFile) Remove(name string) error {
	return f.explain(f.store.Remove(name, time.Now()))
}

// changed returns a key after a change, or what became of that.
func (f *KeyFile) changed(name string, err error) (ViewerKey, error) {
	if err != nil {
		return ViewerKey{}, f.explain(err)
	}
	for _, k := range f.List() {
		if strings.EqualFold(k.Name, strings.TrimSpace(name)) {
			return k, nil
		}
	}
	return ViewerKey{}, f.explain(fmt.Errorf("%w: another program has removed %q", ErrKey, name))
}

func (f *KeyFile) explain(err error) error {
	if errors.Is(err, keys.ErrNotStored) {
		return &sentence{fmt.Sprintf("The keys cannot be written to %s: %s. Nothing has changed: links open what they did.",
			f.Path(), fileTrouble(f.Path(), err)), err}
	}
	return err
}

// rigs names the rigs of the settings.
func (f *KeyFile) rigs() string {
	ids := make([]string, 0, len(f.cfg.Channels))
	for _, c := range f.cfg.Channels {
		ids = append(ids, c.ID)
	}
	if f.settings == "" {
		return strings.Join(ids, ", ") + "; say with --config whose rigs are meant"
	}
	return strings.Join(ids, ", ")
}

// ParseFor reads for how long a key is to be good: "90m", "8h" or "7d". The error says what is right.
func ParseFor(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	life, err := time.ParseDuration(text)
	if number, is := strings.CutSuffix(text, "d"); is {
		var days uint64
		days, err = strconv.ParseUint(number, 10, 16)
		life = time.Duration(days) * 24 * time.Hour
	}
	if err != nil || life <= 0 {
		return 0, fmt.Errorf("%q is no time that a key can last; write it as 90m, 8h or 7d", text)
	}
	return life, nil
}

// ParseUntil reads when a key is to end, by the local clock: at the end of a day, "2006-01-02", or at a time of it,
// "2006-01-02 15:04". The error says what is right.
func ParseUntil(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return EndOfDay(day), nil
	}
	for _, format := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		if at, err := time.ParseInLocation(format, text, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write it as 2026-12-31 or 2026-12-31 18:00", text)
}

// EndOfDay returns the local midnight at which the day of a time ends.
func EndOfDay(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, time.Local)
}
