package hls

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// PlainPlaylist is the path of the playlist that Publisher.Plain serves.
const PlainPlaylist = "/playlist.m3u8"

const tsPlaylist = "main_stream.m3u8" // of the variant mpegts

// Plain returns a handler for players that know one address alone: /playlist.m3u8 is the media playlist of whatever
// epoch there is, with its segments beside it. It goes on over epochs (RFC 8216, section 6.2.2): sequence numbers grow,
// and each epoch is a discontinuity. The variant must be mpegts. The handler may be called concurrently.
func (p *Publisher) Plain() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := p.shown.Load()
		missing := shown.missing()
		switch {
		case missing != "":
			unavailable(w, missing)
		case r.URL.Path == PlainPlaylist:
			shown.epoch.playlists.servePlain(w, r)
		case strings.HasSuffix(r.URL.Path, ".ts"):
			shown.epoch.playlists.serve(w, r, strings.TrimPrefix(r.URL.Path, "/"))
		default:
			refuse(w, http.StatusNotFound, "not found")
		}
	})
}

// servePlain answers with the playlist, numbered on from the epochs before.
func (p *playlists) servePlain(w http.ResponseWriter, r *http.Request) {
	var list memoryWriter
	inner := r.Clone(r.Context())
	inner.URL = &url.URL{Path: tsPlaylist, RawQuery: r.URL.RawQuery}
	p.serve(&list, inner, tsPlaylist)
	if !strings.HasPrefix(list.body.String(), "#EXTM3U") {
		unavailable(w, "nothing to play yet") // the epoch has just ended
		return
	}
	var out strings.Builder
	for line := range strings.Lines(list.body.String()) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "#EXT-X-MEDIA-SEQUENCE:"); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				line = fmt.Sprintf("#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n",
					n+p.past.segments, p.past.epochs)
			}
		}
		out.WriteString(line)
	}
	w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write([]byte(out.String())) // the client may be gone
}
