package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhoComesIn wants a warning for each thing that others can see, none else, and all of it in the log.
func TestWhoComesIn(t *testing.T) {
	const (
		open    = "Everyone who reaches the page can watch"
		plain   = "Viewers' connections are not encrypted: whoever is on the way can see the video and the key."
		seen    = "Viewers' connections are not encrypted: whoever is on the way can see the video. Give"
		oldLink = "as the public address begins with http. Write https://wards.example/ there."
		old     = "The address for players of the old server is not encrypted"
	)
	for name, c := range map[string]struct {
		change func(*Config)
		wants  []string
	}{
		"this machine alone":     {func(*Config) {}, nil},
		"open here alone":        {func(c *Config) { c.Access.Mode = AccessOpen }, nil},
		"old players here alone": {func(c *Config) { c.HTTP.LegacyHLSAddress = "127.0.0.1:0" }, nil},
		"every interface":        {func(c *Config) { c.HTTP.Address = ":0" }, []string{plain}},
		"plain HTTP for others":  {func(c *Config) { c.HTTP.PublicURL = "http://wards.example/" }, []string{plain}},
		"a proxy with TLS":       {func(c *Config) { c.HTTP.PublicURL = "https://wards.example/" }, nil},
		"TLS": {func(c *Config) {
			c.HTTP.Address, c.TLS.SelfSigned = ":0", true
		}, nil},
		"TLS, and a link without": {func(c *Config) {
			c.HTTP.PublicURL, c.TLS.SelfSigned = "http://wards.example/", true
		}, []string{oldLink}},
		"TLS, and old players": {func(c *Config) {
			c.HTTP.Address, c.TLS.SelfSigned, c.HTTP.LegacyHLSAddress = ":0", true, ":0"
		}, []string{old}},
		"a page for this machine, and old players": {func(c *Config) { c.HTTP.LegacyHLSAddress = ":0" }, []string{old}},
		"open": {func(c *Config) {
			c.HTTP.Address, c.Access.Mode = ":0", AccessOpen
		}, []string{open, seen}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			c.change(&cfg)
			var text bytes.Buffer
			r, err := Start(cfg, slog.New(slog.NewJSONHandler(&text, nil)))
			require.NoError(t, err)
			warnings := r.Warnings()
			fingerprint := r.Fingerprint()
			require.NoError(t, end(t, r))

			var found []string
			for _, w := range warnings {
				if strings.Contains(w, "ncrypted") || strings.Contains(w, "can watch") {
					found = append(found, w)
					require.Contains(t, text.String(), w, "the log says the same")
				}
			}
			require.Len(t, found, len(c.wants), found)
			for i, want := range c.wants {
				require.Contains(t, found[i], want)
			}
			require.Equal(t, cfg.TLS.SelfSigned, fingerprint != "")
			require.Equal(t, cfg.TLS.SelfSigned, strings.Contains(text.String(), `"fingerprint":"`+fingerprint))
			require.Equal(t, cfg.HTTP.LegacyHLSAddress != "", strings.Contains(text.String(), "old server are served"))
		})
	}
}
