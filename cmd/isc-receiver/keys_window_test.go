//go:build window

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Where the first row of the list of keys is, and the buttons below it; and colours of the dark theme.
const (
	firstKeyY = 308
	keysY     = 551

	selected, danger, primary = 0x1f4a4b, 0xff6b6b, 0x2dd4bf
)

// seeColor waits for a colour at a point of a window, and leaves a picture of that.
func (d desktop) seeColor(window, path string, x, y int, want uint32) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		r, g, b, _ := d.picture(window, path).At(x, y).RGBA()
		return r>>8<<16|g&0xff00|b>>8 == want
	}, patience, 200*time.Millisecond, "%s", path)
}

// TestKeysWindow replaces the viewers' key with real clicks, and adds another: at once the old link is void, and those
// that the window shows are good. With the environment variable ISC_SCREENSHOTS set to a folder, pictures go there.
func TestKeysWindow(t *testing.T) {
	needPrograms(t)
	program := build(t)
	d := desktop{t: t, display: startDisplay(t)}
	home := newHome(t)
	folder := home
	if to := os.Getenv("ISC_SCREENSHOTS"); to != "" {
		folder = to
	}
	udp, tcp := freePorts(t)
	settings := filepath.Join(home, "settings.toml")
	require.NoError(t, os.WriteFile(settings, fmt.Appendf(nil,
		"[http]\naddress='127.0.0.1:%d'\npublic_url='https://clinic.example/'\n", tcp), 0o600))
	env := append(homeEnv(home), "DISPLAY="+d.display, "FYNE_THEME=dark")
	_, out, _ := startProgram(t, env, program, "--config", settings, "--ports", fmt.Sprintf("%d-%d", udp, udp+3))
	window := d.window("ISC Receiver", out)
	d.run("xdotool", "windowmove", window, "0", "0", "windowsize", "--sync", window,
		strconv.Itoa(windowWidth), strconv.Itoa(windowHeight))
	d.run("xdotool", "windowfocus", "--sync", window)
	link := func() *url.URL {
		found := regexp.MustCompile(`Open (\S+)`).FindStringSubmatch(out.String())
		require.NotNil(t, found)
		u, err := url.Parse(found[1])
		require.NoError(t, err)
		return u
	}
	require.Eventually(t, func() bool { return contains(out, "Open https://clinic.example/?key=") },
		patience, 100*time.Millisecond, "%s", out)
	old := link().Query().Get("key")
	file := filepath.Join(home, "config", "isc-receiver", "viewer-keys.json")
	secrets := func() (all []string) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`"secret": "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			all = append(all, found[1])
		}
		return all
	}
	require.Equal(t, []string{old}, secrets())
	require.Equal(t, http.StatusOK, opened(t, tcp, old))

	d.click(window, -shareX, headY)
	d.seeColor(window, filepath.Join(folder, "share-key.png"), 345, 290, 0xffffff) // the ground of the code for phones
	d.click(window, 920, 275)                                                      // Keys...
	d.seeColor(window, filepath.Join(folder, "keys.png"), 500, firstKeyY, selected)
	d.click(window, 880, keysY) // Replace...
	d.seeColor(window, filepath.Join(folder, "keys-replace.png"), 650, 432, danger)
	require.Equal(t, http.StatusOK, opened(t, tcp, old), "it asks first")
	d.click(window, 674, 443) // Replace
	require.Eventually(t, func() bool { return opened(t, tcp, old) == http.StatusUnauthorized },
		patience, 100*time.Millisecond, "the old link is void\n%s", out)
	require.Equal(t, http.StatusOK, opened(t, tcp, secrets()[0]))

	d.seeColor(window, filepath.Join(folder, "keys.png"), 500, firstKeyY, selected)
	d.click(window, 330, keysY) // Add key...
	d.seeColor(window, filepath.Join(folder, "keys-form.png"), 915, 540, primary)
	d.run("xdotool", "type", "--delay", "20", "Ward 3")
	d.run("xdotool", "key", "Return")
	require.Eventually(t, func() bool { return len(secrets()) == 2 }, patience, 100*time.Millisecond, "%s", out)
	for _, secret := range secrets() {
		require.Equal(t, http.StatusOK, opened(t, tcp, secret))
		require.NotEqual(t, old, secret)
	}
	d.seeColor(window, filepath.Join(folder, "keys-added.png"), 500, firstKeyY+32, selected) // the new one is chosen
	require.Contains(t, out.String(), `msg="key replaced" kind=access key=Viewers`)
	require.Contains(t, out.String(), `msg="key added" kind=access key="Ward 3"`)
	require.NotContains(t, out.String(), "Error in Fyne call thread")
	for _, secret := range secrets() {
		require.NotContains(t, out.String(), secret, "a log is no place for secrets")
	}
}

// opened asks the page on a port with a key.
func opened(t *testing.T, port int, key string) int {
	t.Helper()
	address := fmt.Sprintf("http://127.0.0.1:%d/api/v1/status?key=%s", port, key)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}
