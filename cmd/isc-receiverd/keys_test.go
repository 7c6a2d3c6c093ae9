package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/cli"
)

// keysCalled runs isc-receiverd keys, which must end well, and returns what it prints.
func keysCalled(t *testing.T, args ...string) string {
	t.Helper()
	exit, stdout, stderr := call(append([]string{"keys"}, args...)...)
	require.Zero(t, exit, stderr)
	require.Empty(t, stderr)
	return stdout
}

// linkIn returns the last line of a text.
func linkIn(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestKeys(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("ISC_STATE", folder)
	former := filepath.Join(folder, "viewer-key")
	require.NoError(t, os.WriteFile(former, []byte("0123456789abcdef\n"), 0o600))
	settings := filepath.Join(folder, "config.toml")
	require.NoError(t, os.WriteFile(settings, []byte("[http]\npublic_url='https://clinic.example/'\n"+
		"[[channel]]\nid='a'\nports='1-4'\n[[channel]]\nid='b'\nports='5-8'\n"), 0o600))
	t.Setenv("ISC_CONFIG", settings)

	stdout := keysCalled(t)
	require.Contains(t, stdout, "https://clinic.example/?key=0123456789abcdef\n")
	require.Regexp(t, `Viewers +all +never `, stdout)
	require.Contains(t, stdout, "kept in "+filepath.Join(folder, "viewer-keys.json")+"\n")
	stdout = keysCalled(t, "add", "Ward 3", "--for", "7d", "--channel", "a,b")
	ward := linkIn(stdout)
	require.Regexp(t, `^https://clinic.example/\?key=[0-9a-f]{32}$`, ward)
	keysCalled(t, "add", "Theatre", "--until", "2099-12-31")
	stdout = keysCalled(t, "list")
	require.Contains(t, stdout, ward)
	require.Regexp(t, `Ward 3 +a,b +\d{4}-`, stdout)
	require.Regexp(t, `Theatre +all +2100-01-01 00:00 `, stdout)

	next := linkIn(keysCalled(t, "replace", "ward 3"))
	require.NotEqual(t, ward, next)
	stdout = keysCalled(t)
	require.Contains(t, stdout, next)
	require.NotContains(t, stdout, ward)
	for _, name := range []string{"Viewers", "Ward 3", "Theatre"} {
		require.Contains(t, keysCalled(t, "remove", name), `"`+name+`" is removed`)
	}
	require.Contains(t, keysCalled(t), "Nobody can watch: there is no key that is good. Add one:")

	require.NoError(t, os.WriteFile(settings, []byte("[access]\nmode='open'\n"), 0o600))
	require.Contains(t, keysCalled(t, "add", "x"), "access is open to everyone")
	require.NoError(t, os.WriteFile(settings, []byte("[http]\naddress='localhost:1'\n"), 0o600))
	require.Contains(t, keysCalled(t), "only this computer reaches the address")
	unplugged := "[http]\naddress=':1'\n[[channel]]\nid='rig1'\ninterface='unplugged0'\n"
	require.NoError(t, os.WriteFile(settings, []byte(unplugged), 0o600))
	require.NotContains(t, keysCalled(t), "need no key", "the page listens at all addresses, whatever has none now")
}

func TestKeysRefused(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("ISC_STATE", folder)
	exit, _, stderr := call("keys", "add", "x")
	require.Equal(t, cli.Failed, exit)
	require.Contains(t, stderr, "There are no keys in "+folder+" yet. Start the receiver once")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "viewer-key"), []byte("0123456789abcdef\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		exit int
		want string
	}{
		"taken":         {[]string{"add", "viewers"}, cli.Failed, `there is a key "Viewers" already`},
		"unknown":       {[]string{"remove", "x"}, cli.Failed, `there is no key "x"`},
		"unknown rig":   {[]string{"add", "x", "--channel", "y"}, cli.Usage, `no rig "y", but rig1; say with --config`},
		"no time":       {[]string{"add", "x", "--for", "5"}, cli.Usage, "write it as 90m, 8h or 7d"},
		"a past time":   {[]string{"add", "x", "--until", "2001-02-03 04:05"}, cli.Failed, "2001-02-03 04:05 has passed"},
		"no day":        {[]string{"add", "x", "--until", "Friday"}, cli.Usage, "write it as 2026-12-31 or"},
		"both":          {[]string{"add", "x", "--for", "1h", "--until", "2099-01-01"}, cli.Usage, "can't be used together"},
		"no settings":   {[]string{"list", "--config", "none.toml"}, cli.Usage, "none.toml is not there"},
		"no such state": {[]string{"list", "--state", "none"}, cli.Failed, "There are no keys in none yet."},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, complaint := call(append([]string{"keys"}, c.args...)...)
			require.Equal(t, c.exit, status, complaint)
			require.Empty(t, stdout)
			require.Contains(t, complaint, c.want)
		})
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "viewer-keys.json"), []byte("{"), 0o600))
	exit, _, stderr = call("keys")
	require.Equal(t, cli.Failed, exit)
	require.Contains(t, stderr, "The keys cannot be read: ")
}

// TestKeysInTrouble has a file that others can read, and a folder in its place.
func TestKeysInTrouble(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("ISC_STATE", folder)
	path := filepath.Join(folder, "viewer-keys.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"keys":[{"name":"a","secret":"0123456789abcdef"}]}`), 0o644))
	require.Contains(t, keysCalled(t), "Others on this computer can read the viewers' keys, or replace their file. "+
		"Run: chmod 700 "+folder+"; chmod 600 "+path+".")
	keysCalled(t, "replace", "a")
	require.NotContains(t, keysCalled(t), "Others on this computer")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	exit, _, stderr := call("keys")
	require.Equal(t, cli.Failed, exit)
	require.Contains(t, stderr, path+" cannot be read: a link, a folder or a device has that name. "+
		"Put the file itself in its place.")
}

// statusWith asks a program's page with a key.
func statusWith(t *testing.T, host, key string) int {
	t.Helper()
	address := url.URL{Scheme: "http", Host: host, Path: "/api/v1/status", RawQuery: url.Values{"key": {key}}.Encode()}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address.String(), http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}
