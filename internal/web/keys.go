package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// cookieLife is how long a browser keeps its cookie. That of a key that has expired opens nothing, but tells its viewer
// that the key has expired, and is not missing.
const cookieLife = 30 * 24 * time.Hour

// Key opens the page to whoever has it. It is exchanged for a cookie "nonce.mac": 16 random bytes and their HMAC under
// the secret. So the server stores nothing, viewers can be told apart, the secret is in no cookie, and all cookies of a
// key are void as soon as the server no longer has it.
type Key struct {
	Name     string    // for people: whom it was given to
	Secret   string    // what the link carries; an empty one opens nothing
	Expires  time.Time // from then on it opens nothing; zero: it does not expire
	Channels []string  // the ids of the channels that it opens; empty: all
}

// maxVoid is how many keys that were replaced or removed are remembered.
const maxVoid = 100

// keyring is the keys at one time. It does not change. Those that are no longer among them are in it as void ones, so
// that who still has their link is told, and is not taken for somebody who guesses.
type keyring struct {
	keys     []*ringKey
	void     []*ringKey
	bySecret map[[sha256.Size]byte]*ringKey
	byCookie map[string]*ringKey
}

type ringKey struct {
	Key
	cookie string // the cookie's name: one for each key, as cookies know no ports
	digest [sha256.Size]byte
	macs   *sync.Pool // of hash.Hash: each request takes one
	void   bool       // it was replaced or removed
}

// newKeyring returns the ring of keys that come after those of another ring.
func newKeyring(keys []Key, before *keyring) *keyring {
	ring := &keyring{bySecret: make(map[[sha256.Size]byte]*ringKey), byCookie: make(map[string]*ringKey)}
	for _, key := range keys {
		if key.Secret == "" {
			continue
		}
		key.Channels = slices.Clone(key.Channels)
		held := &ringKey{Key: key, digest: sha256.Sum256([]byte(key.Secret)), macs: new(sync.Pool)}
		held.cookie = "isc_" + hex.EncodeToString(held.mac("cookie name"))[:8]
		ring.keys = append(ring.keys, held)
		ring.put(held)
	}
	for _, old := range slices.Concat(before.void, before.keys) {
		if ring.bySecret[old.digest] == nil {
			gone := *old
			gone.void = true
			ring.void = append(ring.void, &gone)
		}
	}
	ring.void = ring.void[max(0, len(ring.void)-maxVoid):]
	for _, key := range ring.void {
		ring.put(key)
	}
	return ring
}

func (ring *keyring) put(key *ringKey) {
	ring.bySecret[key.digest] = key
	ring.byCookie[key.cookie] = key
}

// grant is what a request may see.
type grant struct {
	all      bool     // every channel, and what is about none
	channels []string // else these
	key      string   // the name of the key that it came with
	viewer   string   // tells one viewer from another; empty where no cookie does
	fresh    *ringKey // the key that came with the request and is to become a cookie, or nil

	wrong *attempt      // a wrong key that came with the request, or nil
	rest  time.Duration // for how long keys are refused
}

func (g *grant) add(key *ringKey) {
	if g.key == "" {
		g.key = key.Name
	}
	if len(key.Channels) == 0 {
		g.all = true
	}
	g.channels = append(g.channels, key.Channels...)
}

// sees tells whether a channel is among what may be seen.
func (g *grant) sees(channel string) bool { return g.all || slices.Contains(g.channels, channel) }

// scope names what may be seen: the same for all who may see the same, and empty for everything.
func (g *grant) scope() string {
	if g.all {
		return ""
	}
	sorted := slices.Clone(g.channels)
	slices.Sort(sorted)
	return strings.Join(slices.Compact(sorted), " ")
}

// find returns what a secret opens: wrongKey where there is none such, else what the key is worth. It is found by its
// digest, so that the time it takes tells nothing.
func (ring *keyring) find(digest [sha256.Size]byte, now time.Time) (*ringKey, verdict) {
	found := ring.bySecret[digest]
	if found == nil {
		return nil, wrongKey
	}
	return found, found.worth(now)
}

// worth returns allowed, or why the key opens nothing any more.
func (k *ringKey) worth(now time.Time) verdict {
	switch {
	case k.void:
		return voidKey
	case k.expired(now):
		return expiredKey
	default:
		return allowed
	}
}

// cookies adds what the request's cookies open to a grant. It returns allowed where one does, else why the key of one
// opens nothing any more, or needsKey.
func (ring *keyring) cookies(r *http.Request, g *grant, now time.Time) verdict {
	result := needsKey
	for _, cookie := range r.Cookies() {
		key := ring.byCookie[cookie.Name]
		if key == nil {
			continue
		}
		nonce := key.nonceIn(cookie.Value)
		if nonce == "" {
			continue
		}
		switch worth := key.worth(now); {
		case worth == allowed:
			result = allowed
			g.viewer = nonce
			g.add(key)
		case result != allowed:
			result = worth
		}
	}
	return result
}

func (k *ringKey) expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

func (k *ringKey) newCookie(secure bool) *http.Cookie {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // crypto/rand never fails
	text := base64.RawURLEncoding.EncodeToString(nonce)
	return &http.Cookie{
		Name: k.cookie, Value: text + "." + base64.RawURLEncoding.EncodeToString(k.mac(text)),
		Path: "/", MaxAge: int(cookieLife.Seconds()),
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

// nonceOf returns the nonce of the request's cookie, or "" where there is none or its MAC is wrong.
func (k *ringKey) nonceOf(r *http.Request) string {
	cookie, err := r.Cookie(k.cookie)
	if err != nil {
		return ""
	}
	return k.nonceIn(cookie.Value)
}

// nonceIn returns the nonce of a cookie's value, or "" where its MAC is wrong.
func (k *ringKey) nonceIn(value string) string {
	nonce, text, _ := strings.Cut(value, ".")
	mac, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || nonce == "" || !hmac.Equal(mac, k.mac(nonce)) {
		return ""
	}
	return nonce
}

func (k *ringKey) mac(text string) []byte {
	h, ok := k.macs.Get().(hash.Hash)
	if !ok {
		h = hmac.New(sha256.New, []byte(k.Secret))
	}
	defer k.macs.Put(h)
	h.Reset()
	h.Write([]byte(text))
	return h.Sum(nil)
}
