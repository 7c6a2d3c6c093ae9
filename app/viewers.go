package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/keys"
	"github.com/isc-receiver/isc-receiver/internal/web"
)

// AccessLocal is the access where only programs on this computer reach the page, which need no key.
const AccessLocal = "local"

// keysEvery is how often is looked whether another program has changed the keys.
const keysEvery = 250 * time.Millisecond

// ErrKey is wrapped by the errors about a key that cannot be as it is asked for, or is not there.
var ErrKey = keys.ErrKey

// Viewers says who may watch.
type Viewers struct {
	Access string      // AccessKey, AccessOpen or AccessLocal
	Keys   []ViewerKey // with AccessKey, in the order in which they were made
}

// ViewerKey is a key that opens the page to whoever has its link.
type ViewerKey struct {
	Name     string
	Made     time.Time
	Expires  time.Time // zero: it does not
	Expired  bool
	Channels []string // the ids of the channels that it is for; none: all
	Link     string   // the address to hand out; empty where the key has expired
	OldLink  string   // likewise for players of the old server; empty where they are not served, or not with this key
	Watching int      // how many watch with it now
}

// Viewers returns who may watch now.
func (r *Run) Viewers() Viewers {
	v := Viewers{Access: r.access()}
	if r.keys == nil {
		return v
	}
	list := r.keys.List()
	v.Keys = viewerKeys(list, r.cfg, r.hostOf(r.listener))
	watching := r.web.KeyViewers()
	for i, k := range v.Keys {
		v.Keys[i].Watching = watching[k.Name]
	}
	if r.legacy != nil {
		r.addOld(v.Keys, list)
	}
	return v
}

// addOld adds what keys are to the old address, which is the first rig's.
func (r *Run) addOld(all []ViewerKey, list keys.List) {
	watching, host, first := r.legacy.KeyViewers(), r.hostOf(r.oldListener), r.list()[0].plan.ID
	for i, k := range all {
		all[i].Watching += watching[k.Name]
		if !k.Expired && (len(k.Channels) == 0 || slices.Contains(k.Channels, first)) {
			all[i].OldLink = oldLink(host, list[i].Secret)
		}
	}
}

// viewerKeys returns keys as the operator sees them.
func viewerKeys(list keys.List, cfg Config, host string) []ViewerKey {
	now, page := time.Now(), cfg.page(host)
	all := make([]ViewerKey, 0, len(list))
	for _, k := range list {
		key := ViewerKey{
			Name: k.Name, Made: k.Made, Expires: k.Expires, Expired: k.Expired(now), Channels: slices.Clone(k.Channels),
		}
		if !key.Expired {
			key.Link = withKey(page, k.Secret)
		}
		all = append(all, key)
	}
	return all
}

// CheckKey says what is wrong with the name of a key that is to be added to others, or returns nil.
func CheckKey(name string, others []ViewerKey) error {
	list := make(keys.List, len(others))
	for i, k := range others {
		list[i].Name = k.Name
	}
	return list.Check(keys.Key{Name: name}, time.Now())
}

// AddKey adds a key with a name, the time that it expires at, zero for never, and the channels that it is for, none for
// all. It is good at once. The error is a sentence for the operator: it wraps ErrKey where nothing has changed; else
// the key is good for this run, but could not be stored.
func (r *Run) AddKey(name string, expires time.Time, channels []string) error {
	return r.changeKeys(func(s *keys.Store, now time.Time) error {
		return s.Add(keys.Key{Name: name, Expires: expires, Channels: channels}, now)
	})
}

// ReplaceKey gives a key another link. Who watches with the old one sees nothing more, at once. The errors are as of
// AddKey.
func (r *Run) ReplaceKey(name string) error {
	return r.changeKeys(func(s *keys.Store, now time.Time) error { return s.Replace(name, now) })
}

// RemoveKey removes a key. Who watches with it sees nothing more, at once. The errors are as of AddKey.
func (r *Run) RemoveKey(name string) error {
	return r.changeKeys(func(s *keys.Store, now time.Time) error { return s.Remove(name, now) })
}

func (r *Run) changeKeys(change func(s *keys.Store, now time.Time) error) error {
	if r.keys == nil {
		return &sentence{"Viewers need no key here, so there is none to change.", ErrKey}
	}
	err := change(r.keys, time.Now())
	r.tellKeys()
	if errors.Is(err, keys.ErrNotStored) {
		return &sentence{keyTrouble(r.keys), err}
	}
	return err
}

// openKeys opens the viewers' keys, or makes the first.
func (r *Run) openKeys() {
	folder, _ := keysFolder() // where there is none, the keys say so
	store, notice := keys.Begin(folder, time.Now())
	if r.keys = store; notice != "" {
		r.warn("%s", notice)
	}
}

// tellKeys has the servers know the keys that there are now.
func (r *Run) tellKeys() {
	if r.keys == nil {
		return
	}
	r.keying.Lock()
	defer r.keying.Unlock()
	list := r.keys.List()
	r.web.SetKeys(webKeys(list, func(id string) string { return id }))
	if r.legacy != nil {
		first := r.list()[0].plan.ID
		r.legacy.SetKeys(webKeys(list, func(id string) string {
			if id == first {
				return legacyChannel
			}
			return "" // which is none
		}))
	}
	r.logKeys(r.told, list)
	r.told = list
}

// webKeys returns keys as a server takes them, with the channels' names there.
func webKeys(list keys.List, channel func(id string) string) []web.Key {
	all := make([]web.Key, 0, len(list))
	for _, k := range list {
		key := web.Key{Name: k.Name, Secret: k.Secret, Expires: k.Expires}
		for _, id := range k.Channels {
			key.Channels = append(key.Channels, channel(id))
		}
		all = append(all, key)
	}
	return all
}

// logKeys logs by name what has become of the keys.
func (r *Run) logKeys(before, now keys.List) {
	secrets := func(list keys.List) map[string]string {
		by := make(map[string]string, len(list))
		for _, k := range list {
			by[k.Name] = k.Secret
		}
		return by
	}
	had, has := secrets(before), secrets(now)
	for _, k := range now {
		switch secret, known := had[k.Name]; {
		case before == nil: // it is the start
		case !known:
			r.log.Info("key added", "kind", "access", "key", k.Name, "expires", k.Expires, "channels", k.Channels)
		case secret != k.Secret:
			r.log.Info("key replaced", "kind", "access", "key", k.Name)
		}
	}
	for _, k := range before {
		if _, still := has[k.Name]; !still {
			r.log.Info("key removed", "kind", "access", "key", k.Name)
		}
	}
}

// followKeys takes over what other programs change in the file of the keys, until the context ends.
func (r *Run) followKeys(ctx context.Context) {
	if r.keys == nil {
		return
	}
	ticker := time.NewTicker(keysEvery)
	defer ticker.Stop()
	said := r.keyWarnings() // they were logged at the start
	for {
		select {
		case <-ctx.Done():
			if err := r.keys.Flush(time.Now()); err != nil {
				r.log.Error("what was changed of the viewers' keys is lost", "what", keyTrouble(r.keys))
			}
			return
		case now := <-ticker.C:
			if r.keys.Refresh(now) {
				r.tellKeys()
			}
			said = r.logNews(said, r.keyWarnings())
		}
	}
}

// access returns who may watch.
func (r *Run) access() string {
	switch {
	case r.cfg.Access.Mode == AccessOpen:
		return AccessOpen
	case r.local():
		return AccessLocal
	default:
		return AccessKey
	}
}

// keysFolder returns where the keys are kept: the service's state directory, or the user's own configuration. Where
// there is neither, it is empty.
func keysFolder() (string, error) {
	if state := stateDirectory(); state != "" {
		return state, nil
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(config, "isc-receiver"), nil
}
