package hls

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPlain wants one address with five files of three seconds that goes on over a new epoch.
func TestPlain(t *testing.T) {
	p, err := New(Config{Variant: "mpegts", Segment: 3 * time.Second, Files: 5})
	require.NoError(t, err)
	defer p.Close()
	h, c := p.Plain(), plain()
	w := get(h, PlainPlaylist)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "nothing to play yet")

	files := regexp.MustCompile(`(?m)^#EXTINF:3\.00000,\n(\S+\.ts)$`)
	look := func() (text string, uris [][]string) {
		w := get(h, PlainPlaylist)
		require.Equal(t, http.StatusOK, w.Code)
		uris = files.FindAllStringSubmatch(w.Body.String(), -1)
		for _, uri := range uris {
			require.Equal(t, http.StatusOK, get(h, "/"+uri[1]).Code)
		}
		return w.Body.String(), uris
	}
	play(t, p, c, 30*25+1)
	text, uris := look()
	require.Len(t, uris, 5)
	require.Contains(t, text, "#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n")
	old := uris[0][1]

	c.width = 40
	play(t, p, c, 4*25)
	text, uris = look()
	require.Len(t, uris, 1)
	require.Contains(t, text, "#EXT-X-MEDIA-SEQUENCE:11\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n")
	for _, path := range []string{"/" + old, "/", "/index.m3u8", "/main_stream.m3u8", "/a/" + uris[0][1], "/x.ts"} {
		require.Equal(t, http.StatusNotFound, get(h, path).Code, path)
	}
	p.SetEnabled(false)
	require.Contains(t, get(h, PlainPlaylist).Body.String(), "switched off")
}
