package app

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOriginsAreChecked(t *testing.T) {
	cfg := Default()
	cfg.Access.Origins = []string{
		"https://wards.example", "http://wards.example:8080", "https://192.0.2.7", "https://[2001:db8::7]:8443",
		"https://xn--bcher-kva.example",
	}
	require.NoError(t, cfg.Validate())
	for wrong, want := range map[string]string{
		"*":                            "would let the pages of all sites in; name each, as https://name",
		"null":                         "is no origin; write https://name or https://name:8443",
		"":                             "is no origin; write https://name",
		"wards.example":                "is no origin; write https://name",
		"ftp://wards.example":          "is no origin; write https://name",
		"https://":                     "is no origin; write https://name",
		"https://:8443":                "is no origin; write https://name",
		"https://*.example":            "is no origin; write https://name",
		"https://wards.example/":       "write https://wards.example",
		"https://wards.example/page":   "write https://wards.example",
		"https://wards.example?a=b":    "write https://wards.example",
		"https://user@wards.example":   "write https://wards.example",
		"https://wards.example:443":    "write https://wards.example",
		"http://wards.example:80":      "write http://wards.example",
		"https://wards.example:":       "write https://wards.example",
		"HTTPS://Wards.example":        "write https://wards.example",
		"https://wards.example:99999":  `"99999" is no port`,
		"https://wards.example:0":      `"0" is no port`,
		"https://b\u00fccher.example":  "as in the DNS",
		"https://a.example, https://b": "is no origin",
	} {
		cfg.Access.Origins = []string{"https://wards.example", wrong}
		err := cfg.Validate()
		require.ErrorIs(t, err, ErrSetting, wrong)
		require.ErrorContains(t, err, "access.origins: ")
		require.ErrorContains(t, err, want, wrong)
	}
}

// TestOriginsOverHTTP wants the headers that let another site's page read answers for listed origins alone, at the
// page's address and at the old one.
func TestOriginsOverHTTP(t *testing.T) {
	cfg := testConfig(t)
	cfg.HTTP.LegacyHLSAddress = "127.0.0.1:0"
	cfg.Access.Origins = []string{"https://wards.example", "http://wall.example:8080"}
	r := begin(t, cfg)
	client := browser(t)
	ask := func(address, origin string) http.Header {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Origin", origin)
		response, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.Header
	}
	base := r.ViewerURL()
	for _, address := range []string{base + "api/v1/status", base + "hls/rig1/index.m3u8", r.LegacyURL()} {
		for _, origin := range cfg.Access.Origins {
			header := ask(address, origin)
			require.Equal(t, origin, header.Get("Access-Control-Allow-Origin"), address)
			require.Equal(t, "Origin", header.Get("Vary"))
		}
		for _, origin := range []string{"", "null", "https://wall.example:8080", "https://evil.example"} {
			require.NotContains(t, ask(address, origin), "Access-Control-Allow-Origin", address+" for "+origin)
		}
	}
	require.NoError(t, end(t, r))

	r = begin(t, testConfig(t))
	require.NotContains(t, ask(r.ViewerURL(), "https://wards.example"), "Access-Control-Allow-Origin", "none is listed")
	require.NoError(t, end(t, r))
}
