package app

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/keys"
	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// firstSecret returns the secret of a run's first key.
func firstSecret(r *Run) string { return r.keys.List()[0].Secret }

// keyed is a run whose viewers need a key: it listens on loopback, and a public address says that others come.
func keyed(t *testing.T) Config {
	t.Helper()
	cfg := testConfig(t)
	cfg.HTTP.PublicURL = "https://clinic.example/isc/"
	return cfg
}

// visitor is a browser, and the address that it asks; it opens the link with a secret.
func visitor(t *testing.T, r *Run, secret string) (client *http.Client, base string) {
	t.Helper()
	client = browser(t)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client.Jar = jar
	base = "http://" + r.listener.Addr().String()
	code, _ := get(t, client, base+"/?key="+secret)
	require.Equal(t, http.StatusOK, code)
	return client, base
}

// secretIn returns the secret that a link carries.
func secretIn(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	secret := u.Query().Get("key")
	require.Len(t, secret, 32)
	return secret
}

func TestWhoMayWatch(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	r := begin(t, cfg)
	require.Equal(t, Viewers{Access: AccessLocal}, r.Viewers())
	require.ErrorIs(t, r.ReplaceKey(keys.FirstName), ErrKey)
	require.NoError(t, end(t, r))

	cfg.HTTP.Address = ":0"
	r = begin(t, cfg)
	require.Equal(t, AccessKey, r.Viewers().Access)
	link, err := url.Parse(r.ViewerURL())
	require.NoError(t, err)
	address, err := netip.ParseAddrPort(link.Host)
	require.NoError(t, err)
	require.False(t, address.Addr().IsUnspecified(), "somebody must be able to open it")
	secret := secretIn(t, r.ViewerURL())
	client := browser(t)
	base := fmt.Sprintf("http://127.0.0.1:%d", address.Port())
	code, _ := get(t, client, base+"/api/v1/status")
	require.Equal(t, http.StatusUnauthorized, code)
	code, _ = get(t, client, base+"/api/v1/status?key="+secret)
	require.Equal(t, http.StatusOK, code)
	require.NoError(t, end(t, r))

	r = begin(t, cfg)
	require.Equal(t, secret, secretIn(t, r.ViewerURL()), "links stay good")
	require.NoError(t, end(t, r))

	cfg.Access.Mode = AccessOpen
	r = begin(t, cfg)
	require.Equal(t, Viewers{Access: AccessOpen}, r.Viewers())
	require.Equal(t, AccessOpen, r.Snapshot().Access)
	require.NotContains(t, r.ViewerURL(), "key")
	require.NoError(t, end(t, r))

	// A listener on loopback with a public address is behind a proxy, and so for anybody.
	r = begin(t, keyed(t))
	require.Equal(t, "https://clinic.example/isc/?key="+firstSecret(r), r.ViewerURL())
	require.NoError(t, end(t, r))
}

// TestKeysChangeUnderViewers replaces and removes keys while viewers watch, whose cookies are void at once, everywhere.
func TestKeysChangeUnderViewers(t *testing.T) {
	leak.None(t)
	cfg := keyed(t)
	cfg.HTTP.LegacyHLSAddress = "127.0.0.1:0"
	var log bytes.Buffer
	r, err := Start(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	stop := stream(t, r.list()[0].ports, 1)
	await(t, r, func(s status.Snapshot) bool { return s.Channels[0].HLS.Ready && r.list()[0].plain.Status().Ready })

	require.NoError(t, r.AddKey("Ward 3", time.Time{}, []string{"rig1"}))
	all := r.Viewers().Keys
	require.Equal(t, []string{keys.FirstName, "Ward 3"}, []string{all[0].Name, all[1].Name})
	require.Equal(t, r.ViewerURL(), all[0].Link)
	ward, main := secretIn(t, all[1].Link), secretIn(t, all[0].Link)
	client, base := visitor(t, r, ward)
	other, _ := visitor(t, r, main)
	old := "http://" + r.oldListener.Addr().String() + "/"
	playlist := r.Snapshot().Channels[0].HLS
	paths := []string{
		base + "/", base + "/api/v1/status", base + playlist.Path,
		base + fmt.Sprintf("/hls/rig1/%d/index.m3u8", playlist.Epoch),
		base + "/hls/rig1/access", old + ward + "/playlist.m3u8",
	}
	_, text := get(t, client, base+playlist.Path)
	inner := ""
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			inner = strings.TrimSpace(line)
		}
	}
	media := base + fmt.Sprintf("/hls/rig1/%d/", playlist.Epoch) + inner
	_, text = get(t, client, media)
	part := text[strings.LastIndex(text, `,URI="`)+len(`,URI="`):] // the last part's, or the next one's
	part, _, _ = strings.Cut(part, `"`)
	paths = append(paths, media, base+fmt.Sprintf("/hls/rig1/%d/", playlist.Epoch)+part)
	for _, p := range paths {
		code, _ := get(t, client, p)
		require.Less(t, code, 300, p)
	}
	require.Equal(t, 1, r.Viewers().Keys[1].Watching-r.legacy.KeyViewers()["Ward 3"])
	streams := events(t, client, base, func(status.Snapshot) bool { return true })

	refused := func(client *http.Client, code int) {
		t.Helper()
		for _, p := range paths {
			got, body := get(t, client, p)
			require.Equal(t, code, got, p)
			if p != base+"/hls/rig1/access" { // it answers by its status alone
				require.Contains(t, body, "This link is no longer valid", p)
			}
		}
	}
	require.NoError(t, r.ReplaceKey("Ward 3"))
	refused(client, http.StatusUnauthorized)
	_, err = streams.Read(make([]byte, 1<<20)) // what was on the way, and then its end
	for err == nil {
		_, err = streams.Read(make([]byte, 1<<20))
	}
	require.NoError(t, streams.Close())
	code, _ := get(t, other, base+"/api/v1/status")
	require.Equal(t, http.StatusOK, code, "another key's viewers notice nothing")
	fresh := secretIn(t, r.Viewers().Keys[1].Link)
	require.NotEqual(t, ward, fresh)
	code, _ = get(t, browser(t), old+fresh+"/playlist.m3u8")
	require.Equal(t, http.StatusOK, code)
	code, _ = get(t, client, base+"/?key="+fresh)
	require.Equal(t, http.StatusOK, code, "the new link works in the same browser")
	code, _ = get(t, client, media)
	require.Equal(t, http.StatusOK, code)

	require.NoError(t, r.RemoveKey("Ward 3"))
	refused(client, http.StatusUnauthorized)
	require.NoError(t, r.RemoveKey(keys.FirstName))
	require.Empty(t, r.ViewerURL(), "nobody can watch")
	require.Empty(t, r.LegacyURL())
	code, _ = get(t, other, base+"/")
	require.Equal(t, http.StatusUnauthorized, code)
	stop()
	require.NoError(t, end(t, r))
	for _, line := range []string{
		`msg="key added" kind=access key="Ward 3"`, `msg="key replaced" kind=access key="Ward 3"`,
		`msg="key removed" kind=access key="Ward 3"`, `kind=viewer channel=rig1`, `msg="key removed" kind=access key=Viewers`,
	} {
		require.Contains(t, log.String(), line)
	}
	for _, secret := range []string{ward, main, fresh} {
		require.NotContains(t, log.String(), secret)
	}
}

// TestKeysForOneRig has the old address, which is the first rig's, follow who may see that rig.
func TestKeysForOneRig(t *testing.T) {
	cfg := keyed(t)
	cfg.HTTP.LegacyHLSAddress = "127.0.0.1:0"
	second := cfg.Clone().Channels[0]
	second.ID, second.Name = legacyChannel, "Second"
	cfg.Channels = append(cfg.Channels, second)
	r := begin(t, cfg)
	require.NoError(t, r.AddKey("one", time.Time{}, []string{"rig1"}))
	require.NoError(t, r.AddKey("two", time.Time{}, []string{legacyChannel}))
	all := r.Viewers().Keys
	require.Equal(t, r.LegacyURL(), all[0].OldLink)
	require.Contains(t, all[1].OldLink, "/"+r.keys.List()[1].Secret+"/")
	require.Empty(t, all[2].OldLink)
	sees := func(key int, want int) {
		t.Helper()
		address := fmt.Sprintf("http://%s/%s/playlist.m3u8", r.oldListener.Addr(), r.keys.List()[key].Secret)
		code, _ := get(t, browser(t), address)
		require.Equal(t, want, code)
	}
	sees(1, http.StatusServiceUnavailable) // nothing to play yet
	sees(2, http.StatusNotFound)
	code, body := get(t, browser(t), "http://"+r.listener.Addr().String()+"/api/v1/status?key="+r.keys.List()[2].Secret)
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, body, "rig1")

	cfg.Channels[0], cfg.Channels[1] = cfg.Channels[1], cfg.Channels[0]
	require.NoError(t, r.SetChannels(cfg.Channels))
	sees(1, http.StatusNotFound)
	sees(2, http.StatusServiceUnavailable)
	require.NoError(t, end(t, r))
}

// TestAnotherProgramChangesKeys has a run follow its file, and go on where that is broken by hand.
func TestAnotherProgramChangesKeys(t *testing.T) {
	leak.None(t)
	r := begin(t, keyed(t))
	client, base := visitor(t, r, firstSecret(r))
	beside, err := keys.Open(os.Getenv("STATE_DIRECTORY"))
	require.NoError(t, err)
	require.NoError(t, beside.Replace(keys.FirstName, time.Now()))
	require.Eventually(t, func() bool {
		code, _ := get(t, client, base+"/")
		return code == http.StatusUnauthorized
	}, patience, 10*time.Millisecond)
	require.Equal(t, beside.List()[0].Secret, secretIn(t, r.ViewerURL()))

	client, _ = visitor(t, r, firstSecret(r))
	require.NoError(t, os.WriteFile(beside.Path(), []byte("{"), 0o600))
	require.Eventually(t, func() bool {
		return strings.Contains(strings.Join(r.Warnings(), " "), "changed by hand and cannot be read")
	}, patience, 10*time.Millisecond)
	code, _ := get(t, client, base+"/")
	require.Equal(t, http.StatusOK, code)
	require.NoError(t, end(t, r))

	r = begin(t, r.cfg)
	require.Contains(t, strings.Join(r.Warnings(), " "), "links that were given out are void")
	require.NoError(t, end(t, r))
}

func TestKeyOfFormerVersions(t *testing.T) {
	cfg := keyed(t)
	former := filepath.Join(os.Getenv("STATE_DIRECTORY"), "viewer-key")
	const secret = "0123456789abcdef0123456789abcdef"
	require.NoError(t, os.WriteFile(former, []byte(secret+"\n"), 0o600))
	r := begin(t, cfg)
	visitor(t, r, secret)
	require.Equal(t, "https://clinic.example/isc/?key="+secret, r.ViewerURL())
	require.NoError(t, end(t, r))
}

// TestKeysCannotBeKept begins where there is no folder, and replaces a key all the same.
func TestKeysCannotBeKept(t *testing.T) {
	cfg := keyed(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	t.Setenv("STATE_DIRECTORY", filepath.Join(file, "below-a-file"))
	r := begin(t, cfg)
	require.Contains(t, strings.Join(r.Warnings(), "\n"), "viewer-keys.json cannot be read: not a directory. ")
	client, base := visitor(t, r, firstSecret(r))
	err := r.ReplaceKey(keys.FirstName)
	require.ErrorContains(t, err, "is good until the receiver stops")
	require.NotErrorIs(t, err, ErrKey)
	code, _ := get(t, client, base+"/")
	require.Equal(t, http.StatusUnauthorized, code, "it was replaced all the same")
	require.NoError(t, end(t, r))

	t.Setenv("STATE_DIRECTORY", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "")
	r = begin(t, cfg)
	require.Contains(t, strings.Join(r.Warnings(), "\n"), "there is no folder for them")
	require.NoError(t, end(t, r))
}

func TestExpiredKey(t *testing.T) {
	r := begin(t, keyed(t))
	require.NoError(t, r.AddKey("Guest", time.Now().Add(time.Hour), nil))
	require.False(t, r.Viewers().Keys[1].Expired)
	list := r.keys.List()
	all := viewerKeys(keys.List{list[0], {Name: "Guest", Secret: list[1].Secret, Expires: time.Now()}}, r.cfg, "host:1")
	require.True(t, all[1].Expired)
	require.Empty(t, all[1].Link, "it would open nothing")
	require.ErrorContains(t, CheckKey("guest", all), `there is a key "Guest" already`)
	require.NoError(t, CheckKey("Ward", all))
	require.ErrorIs(t, r.AddKey("", time.Time{}, nil), ErrKey)
}

// TestManyChangeKeys changes keys from many goroutines while others look.
func TestManyChangeKeys(t *testing.T) {
	r := begin(t, keyed(t))
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			name := fmt.Sprint("key ", i)
			for _, err := range []error{r.AddKey(name, time.Time{}, nil), r.ReplaceKey(name), r.RemoveKey(name)} {
				if err != nil {
					t.Error(err)
				}
			}
		})
		work.Go(func() {
			for range 10 {
				_, _ = r.Viewers(), r.ViewerURL()
			}
		})
	}
	work.Wait()
	require.Len(t, r.Viewers().Keys, 1)
	require.NoError(t, end(t, r))
}
