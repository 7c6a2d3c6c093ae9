// Package keys holds what opens the page to viewers: a few named keys in a file, which several programs may change.
package keys

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxKeys is how many keys there may be.
	MaxKeys = 100

	// MaxName is how many characters a key's name may have.
	MaxName = 60

	maxChannels          = 100 // that a key is for, one by one
	minSecret, maxSecret = 16, 200
)

// ErrKey is wrapped by the errors about a key that cannot be as it is asked for, or is not there. Their text is a
// sentence without its capital and its full stop.
var ErrKey = errors.New("keys")

// Key opens the page to whoever has its secret.
type Key struct {
	Name     string    `json:"name"` // for people: whom it was given to
	Secret   string    `json:"secret"`
	Made     time.Time `json:"made,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`   // from then on it opens nothing; zero: it does not expire
	Channels []string  `json:"channels,omitempty"` // the ids of the channels that it opens; none: all
}

// Expired tells whether the key opens nothing any more.
func (k Key) Expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// List is keys in the order in which they were made. A List is not changed once others have it.
type List []Key

// First returns the first key that has not expired.
func (l List) First(now time.Time) (Key, bool) {
	for _, k := range l {
		if !k.Expired(now) {
			return k, true
		}
	}
	return Key{}, false
}

// Check says what is wrong with a key that is to be added, which has no secret yet, or returns nil.
func (l List) Check(k Key, now time.Time) error {
	switch {
	case len(l) >= MaxKeys:
		return problem("there are %d keys, and no more are possible; remove one that is of no use", MaxKeys)
	case l.index(k.Name) >= 0:
		return problem("there is a key %q already; choose another name, or replace that key", l[l.index(k.Name)].Name)
	case k.Expired(now):
		return problem("%s has passed; choose a later time", k.Expires.Local().Format("2006-01-02 15:04"))
	}
	return k.check()
}

// add returns the list with another key, whose secret it makes.
func (l List) add(k Key, now time.Time) (List, error) {
	k.Name = strings.TrimSpace(k.Name)
	if err := l.Check(k, now); err != nil {
		return nil, err
	}
	k.Secret, k.Made = newSecret(), stamped(now)
	k.Channels = slices.Clone(k.Channels)
	if !k.Expires.IsZero() {
		k.Expires = stamped(k.Expires)
	}
	return append(slices.Clone(l), k), nil
}

// replace returns the list with another secret in a key. What limits the key stays.
func (l List) replace(name string, now time.Time) (List, error) {
	i := l.index(name)
	if i < 0 {
		return nil, unknown(name)
	}
	if l[i].Expired(now) {
		return nil, problem("%q has expired, so nobody can watch with it; remove it and add a new one", l[i].Name)
	}
	l = slices.Clone(l)
	l[i].Secret, l[i].Made = newSecret(), stamped(now)
	return l, nil
}

// remove returns the list without a key.
func (l List) remove(name string) (List, error) {
	i := l.index(name)
	if i < 0 {
		return nil, unknown(name)
	}
	return slices.Delete(slices.Clone(l), i, i+1), nil
}

// merge returns their keys with what was changed from base to mine. Where both have changed a key, mine is what holds:
// a secret that is void here is so under any name.
func merge(base, mine, theirs List) List {
	merged := slices.Clone(theirs)
	for _, k := range base {
		if mine.holds(k.Secret) {
			continue
		}
		merged = slices.DeleteFunc(merged, func(their Key) bool {
			return (their.Secret == k.Secret || strings.EqualFold(their.Name, k.Name)) && mine.index(their.Name) < 0
		})
	}
	for _, k := range mine {
		if base.holds(k.Secret) {
			continue
		}
		if i := merged.index(k.Name); i >= 0 {
			merged[i] = k
		} else if len(merged) < MaxKeys {
			merged = append(merged, k)
		}
	}
	return merged
}

// holds tells whether a key has this secret.
func (l List) holds(secret string) bool {
	return slices.ContainsFunc(l, func(k Key) bool { return k.Secret == secret })
}

// index returns the place of a key by its name, or -1. Names that differ only in case are the same to people.
func (l List) index(name string) int {
	name = strings.TrimSpace(name)
	return slices.IndexFunc(l, func(k Key) bool { return strings.EqualFold(k.Name, name) })
}

// check says what is wrong with a key by itself, apart from its secret.
func (k Key) check() error {
	name := strings.TrimSpace(k.Name)
	switch {
	case name == "":
		return problem("a key needs a name, such as whom it is for")
	case utf8.RuneCountInString(name) > MaxName:
		return problem("the name has %d characters, and %d are possible; choose a shorter one",
			utf8.RuneCountInString(name), MaxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return problem("the name has characters that cannot be seen; leave them out")
	case len(k.Channels) > maxChannels:
		return problem("a key can be for %d rigs one by one; make it one for all", maxChannels)
	case slices.Contains(k.Channels, ""):
		return problem("a rig without an id is none")
	}
	return nil
}

// check says what is wrong with a list as a file has it.
func (l List) check() error {
	if len(l) > MaxKeys {
		return problem("there are %d keys, and %d are possible", len(l), MaxKeys)
	}
	for i, k := range l {
		if err := k.check(); err != nil {
			return fmt.Errorf("key %d: %w", i+1, err)
		}
		if l[:i].index(k.Name) >= 0 {
			return problem("key %d: %q is there twice", i+1, k.Name)
		}
		if !validSecret(k.Secret) {
			return problem("key %d: its secret is not one of %d to %d characters", i+1, minSecret, maxSecret)
		}
		if slices.ContainsFunc(l[:i], func(other Key) bool { return other.Secret == k.Secret }) {
			return problem("key %d: its secret is that of another", i+1)
		}
	}
	return nil
}

func validSecret(secret string) bool {
	return len(secret) >= minSecret && len(secret) <= maxSecret && utf8.ValidString(secret) &&
		!strings.ContainsFunc(secret, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) })
}

func newSecret() string {
	fresh := make([]byte, 16)
	_, _ = rand.Read(fresh) // crypto/rand never fails
	return hex.EncodeToString(fresh)
}

// stamped is a time as the file has it.
func stamped(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func unknown(name string) error { return problem("there is no key %q", name) }

// keyError is an ErrKey whose text is for the person alone.
type keyError struct{ text string }

func (e *keyError) Error() string { return e.text }
func (e *keyError) Unwrap() error { return ErrKey }

func problem(format string, args ...any) error { return &keyError{fmt.Sprintf(format, args...)} }
