package hls

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var variants = []string{"low-latency", "fmp4", "mpegts"}

const clip = "../testdata/c-rtp.pcap"

func publisher(t testing.TB, variant string) *Publisher {
	t.Helper()
	p, err := newPublisher(Config{Variant: variant}, func() time.Time { return time.Unix(1000, 0) })
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestPlays(t *testing.T) {
	units := recorded(t, clip)
	for _, variant := range variants {
		t.Run(variant, func(t *testing.T) {
			p := publisher(t, variant)
			for _, u := range units {
				require.NoError(t, p.WriteUnit(u))
			}
			<-p.epoch.playlists.playable
			require.Equal(t, Status{Enabled: true, Ready: true, Epoch: 1000}, p.Status())
			require.Contains(t, get(p, "/1000/index.m3u8").Body.String(), "RESOLUTION=320x240")
		})
	}
}
