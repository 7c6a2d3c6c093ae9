package hls

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// play writes units until there is something to play, and some more.
func play(t testing.TB, p *Publisher, c *camera, units int) {
	t.Helper()
	for range units {
		require.NoError(t, p.WriteUnit(c.next()))
	}
	<-p.epoch.playlists.playable
}

func plain() *camera { return &camera{frame: 3600, gop: 25} }

func TestBeforeThereIsSomethingToPlay(t *testing.T) {
	for _, variant := range variants {
		p, c := publisher(t, variant), plain()
		for range 20 {
			w := get(p, "/index.m3u8")
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, "1", w.Header().Get("Retry-After"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Contains(t, w.Body.String(), "nothing to play yet")
			require.NoError(t, p.WriteUnit(c.next()))
			require.Equal(t, http.StatusServiceUnavailable, get(p, "/1000/index.m3u8").Code)
		}
		require.Equal(t, Status{Enabled: true, Epoch: 1000}, p.Status())
		play(t, p, c, 60)
		require.Equal(t, http.StatusFound, get(p, "/index.m3u8").Code)
	}
}

func TestPaths(t *testing.T) {
	for _, variant := range variants {
		p := publisher(t, variant)
		play(t, p, plain(), 100)
		for _, path := range []string{
			"/", "", "/x", "/1000", "/1000/", "/999/index.m3u8", "/1001/index.m3u8", "/01000/index.m3u8", "/1000/x.m3u8",
			"/1000/gap.mp4", "/1000/a/index.m3u8", "/1000/../1000/index.m3u8", "/1000/x_part1.mp4", "/1000/x_part.mp4",
			"/1000/x_part99999999999999999999.mp4", "/x/1000/index.m3u8",
		} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL.Path = path
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			require.Equal(t, http.StatusNotFound, w.Code, path)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(method, "/index.m3u8", nil))
			require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		}
		w := get(p, "/index.m3u8?key=a%20b")
		require.Equal(t, http.StatusFound, w.Code)
		require.Equal(t, "1000/index.m3u8?key=a%20b", w.Header().Get("Location"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))

		w = get(p, `/1000/index.m3u8?key=a%20b"`)
		require.Equal(t, http.StatusOK, w.Code)
		name := "video1_stream.m3u8"
		if variant == "mpegts" {
			name = "main_stream.m3u8"
		}
		require.Contains(t, w.Body.String(), name+"?key=a+b%22\n")
		w = get(p, "/1000/"+name+"?key=a+b%22&_HLS_skip=YES")
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), "?key=a+b%22")
	}
}

// ask sends a request that may wait. The channel gives the answer.
func ask(ctx context.Context, p *Publisher, path string) <-chan *httptest.ResponseRecorder {
	answer := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
		answer <- w
	}()
	return answer
}

// waiting returns a playing Publisher and the paths of requests that have to wait for its next part.
func waiting(t *testing.T) (p *Publisher, c *camera, paths []string) {
	t.Helper()
	p, c = publisher(t, "low-latency"), plain()
	play(t, p, c, 62)
	synctest.Wait()
	now := p.epoch.playlists.now.Load().position
	require.Equal(t, position{segment: 9, parts: 2, previous: 5, part: 12}, now)
	list := get(p, "/1000/"+mediaPlaylist).Body.String()
	_, hint, _ := strings.Cut(list, `PRELOAD-HINT:TYPE=PART,URI="`)
	hint, _, _ = strings.Cut(hint, `"`)
	return p, c, []string{
		"/1000/" + hint + "?key=x",
		"/1000/video1_stream.m3u8?_HLS_msn=9&_HLS_part=2&key=x",
		"/1000/video1_stream.m3u8?_HLS_msn=9&_HLS_part=2&_HLS_skip=YES",
	}
}

func TestBlockingReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, c, paths := waiting(t)
		for _, query := range []string{
			"_HLS_msn=9&_HLS_part=1", "_HLS_msn=8&_HLS_part=7", "_HLS_msn=8", "_HLS_msn=0&_HLS_part=4", "_HLS_msn=3",
		} {
			w := get(p, "/1000/video1_stream.m3u8?"+query)
			require.Equal(t, http.StatusOK, w.Code, query)
		}
		for _, query := range []string{
			"_HLS_msn=11", "_HLS_part=1", "_HLS_msn=x", "_HLS_msn=9&_HLS_part=-1", "_HLS_msn=", "_HLS_msn=99999999999999999999",
		} {
			require.Equal(t, http.StatusBadRequest, get(p, "/1000/video1_stream.m3u8?"+query).Code, query)
		}

		var answers []<-chan *httptest.ResponseRecorder
		for _, path := range paths {
			answers = append(answers, ask(t.Context(), p, path))
		}
		next := ask(t.Context(), p, "/1000/video1_stream.m3u8?_HLS_msn=9")
		synctest.Wait()
		for _, answer := range append(answers, next) {
			require.Empty(t, answer)
		}
		for range 5 {
			require.NoError(t, p.WriteUnit(c.next()))
		}
		for _, answer := range answers {
			w := <-answer
			require.Equal(t, http.StatusOK, w.Code)
			require.NotEmpty(t, w.Body.Bytes())
		}
		synctest.Wait()
		require.Empty(t, next)
		for range 15 {
			require.NoError(t, p.WriteUnit(c.next()))
		}
		require.Contains(t, (<-next).Body.String(), "_seg9.mp4")
	})
}

func TestWaitingEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(p *Publisher, cancel func())
		code int
	}{
		"client gone":    {func(_ *Publisher, cancel func()) { cancel() }, http.StatusOK}, // nobody to answer to
		"closed":         {func(p *Publisher, _ func()) { p.Close() }, http.StatusNotFound},
		"switched off":   {func(p *Publisher, _ func()) { p.SetEnabled(false) }, http.StatusNotFound},
		"nothing comes":  {func(*Publisher, func()) { time.Sleep(12 * time.Second) }, http.StatusServiceUnavailable},
		"new parameters": {func(p *Publisher, _ func()) { writeOther(p) }, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _, paths := waiting(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var answers []<-chan *httptest.ResponseRecorder
				for i := range 300 {
					answers = append(answers, ask(ctx, p, paths[i%len(paths)]))
				}
				synctest.Wait()
				c.end(p, cancel)
				synctest.Wait()
				for _, answer := range answers {
					require.Len(t, answer, 1, "still waiting")
					w := <-answer
					require.Equal(t, c.code, w.Code)
					require.True(t, c.code != http.StatusOK || w.Body.Len() == 0)
				}
			})
		})
	}
}

func writeOther(p *Publisher) {
	other := camera{frame: 3600, gop: 25, width: 40}
	if err := p.WriteUnit(other.next()); err != nil {
		panic(err)
	}
}

// TestManyAtOnce has viewers that follow a real server while the stream is written and the output switched.
func TestManyAtOnce(t *testing.T) {
	units := recorded(t, clip)
	for _, variant := range variants {
		t.Run(variant, func(t *testing.T) {
			p := publisher(t, variant)
			server := httptest.NewServer(p)
			defer server.Close()
			ctx, cancel := context.WithCancel(t.Context())
			var viewers sync.WaitGroup
			for range 6 {
				viewers.Go(func() { follow(ctx, server.URL) })
			}
			for i, u := range units {
				require.NoError(t, p.WriteUnit(u))
				if i == 80 {
					p.SetEnabled(false)
					p.SetEnabled(true)
				}
				_ = p.Status()
			}
			<-p.epoch.playlists.playable
			require.Equal(t, 1001, p.Status().Epoch)
			p.Close()
			cancel()
			viewers.Wait()
		})
	}
}

// follow fetches all that is referred to, over and over.
func follow(ctx context.Context, base string) {
	fetch := func(url string) string {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return ""
		}
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			return ""
		}
		defer w.Body.Close()
		body, err := io.ReadAll(w.Body)
		if err != nil || w.StatusCode != http.StatusOK {
			return ""
		}
		return string(body)
	}
	for ctx.Err() == nil {
		fetch(base + "/index.m3u8")
		for epoch := 1000; epoch < 1002; epoch++ {
			for _, name := range []string{mediaPlaylist, "main_stream.m3u8"} {
				dir := fmt.Sprintf("%s/%d/", base, epoch)
				list := fetch(dir + name)
				for _, m := range quotedURI.FindAllStringSubmatch(list, -1) {
					fetch(dir + m[1])
				}
			}
		}
	}
}
