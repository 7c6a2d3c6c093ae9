// Package webassets is the browser page: its sources in src, bundled by build.mjs into dist, which is embedded here.
// The repository holds no bundle, so a program built without `make web` serves a page that says so.
package webassets

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// The page's path in dist, and the folder of files whose names carry a hash of their content.
const (
	index     = "index.html"
	immutable = "assets/"
)

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="dark light">
<title>ISC Receiver</title>
<h1>The player was not built</h1>
<p>This program was compiled without its browser page. Run <code>make web</code>, then build the program again.</p>
<p>Everything else works: <a href="/api/v1/status">status</a>, and a player such as VLC can open
<code>/hls/rig1/index.m3u8</code> at this address, with the channel's id for rig1, and with <code>?key=</code> and the
key if there is one.</p>
</html>
`

// Built tells whether the page was bundled before this program was compiled.
func Built() bool { return built(distFiles()) }

// Handler serves the page at "/", and the files that it loads below "/assets/". It may be called concurrently.
//
// The page itself is asked for anew each time; all else is kept for a year, since a change changes its name. A file is
// sent as Brotli or gzip where the client takes it. Without a bundle, "/" is a page that says how to make one.
func Handler() http.Handler { return newHandler(distFiles()) }

func distFiles() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the path is a constant
	}
	return files
}

func built(files fs.FS) bool {
	info, err := fs.Stat(files, index)
	return err == nil && !info.IsDir()
}

// asset is a file with its precompressed copies.
type asset struct {
	contentType string
	etag        string
	bodies      map[string][]byte // by content coding: "", "gzip", "br"
}

type handler struct {
	assets map[string]asset // by URL path
	built  bool
}

func newHandler(files fs.FS) *handler {
	h := &handler{assets: make(map[string]asset), built: built(files)}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		extension := path.Ext(name)
		if err != nil || entry.IsDir() || extension == ".gz" || extension == ".br" || strings.HasPrefix(name, ".") {
			return err
		}
		loaded, err := load(files, name)
		h.assets["/"+name] = loaded
		return err
	})
	if err != nil {
		panic(fmt.Errorf("webassets: %w", err)) // embedded files are always readable
	}
	if h.built {
		h.assets["/"] = h.assets["/"+index]
		delete(h.assets, "/"+index)
	}
	return h
}

func load(files fs.FS, name string) (asset, error) {
	body, err := fs.ReadFile(files, name)
	if err != nil {
		return asset{}, err
	}
	sum := sha256.Sum256(body)
	loaded := asset{
		contentType: contentType(path.Ext(name)),
		etag:        hex.EncodeToString(sum[:8]),
		bodies:      map[string][]byte{"": body},
	}
	for coding, suffix := range map[string]string{"gzip": ".gz", "br": ".br"} {
		if packed, err := fs.ReadFile(files, name+suffix); err == nil {
			loaded.bodies[coding] = packed
		}
	}
	return loaded, nil
}

// contentType is the media type of the kinds of files that build.mjs makes. The mime package asks the machine, too.
func contentType(extension string) string {
	switch extension {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.built && r.URL.Path == "/" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(notBuilt)) // the client may be gone
		return
	}
	found, ok := h.assets[r.URL.Path]
	if !ok {
		http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		return
	}
	coding := found.choose(r.Header.Get("Accept-Encoding"))
	header := w.Header()
	header.Set("Content-Type", found.contentType)
	header.Set("Vary", "Accept-Encoding")
	header.Set("Etag", strconv.Quote(found.etag+coding))
	header.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(r.URL.Path, "/"+immutable) {
		header.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	// A zero time: the entity tag alone says whether the client's copy is the present one.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.bodies[coding]))
}

// choose returns the best content coding that the client takes (RFC 9110, section 12.5.3; weights above 0 are alike).
func (a asset) choose(accepted string) string {
	taken := make(map[string]bool)
	for item := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(item, " ", ""), ";")
		zero := strings.HasPrefix(weight, "q=0") && strings.Trim(weight[3:], ".0") == ""
		taken[strings.ToLower(name)] = !zero
	}
	for _, coding := range []string{"br", "gzip"} {
		if a.bodies[coding] != nil && taken[coding] {
			return coding
		}
	}
	return ""
}
