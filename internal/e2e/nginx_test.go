//go:build nginx

package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/web"
)

// accessKept is how long nginx believes what the receiver said of a viewer, to the second above.
const accessKept = 6 * time.Second

// proxy is nginx, as packaging/nginx.conf has it, before a receiver.
type proxy struct {
	address string // of TLS
	folder  string // of its logs and caches
	process *os.Process
	client  *http.Client
}

// startNginx starts the system's nginx with the file that is shipped. Only ports, folders and the certificate are
// others.
func startNginx(t *testing.T, receiver string) proxy {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // which is not in everybody's path
	}
	require.FileExists(t, program, "nginx is not installed: run packaging/system-packages.sh test")
	folder := t.TempDir()
	certificate, _, err := web.SelfSigned(folder, []string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	require.NotNil(t, certificate)
	p := proxy{address: freeAddress(t), folder: folder}
	site := replaceAll(t, filepath.Join(repository, "packaging", "nginx.conf"),
		"server 127.0.0.1:5076;", "server "+receiver+";",
		"    listen 80;\n    listen [::]:80;\n", "    listen "+freeAddress(t)+";\n",
		"listen 443 ssl http2;", "listen "+p.address+" ssl http2;", "    listen [::]:443 ssl http2;\n", "",
		"/etc/ssl/certs/receiver.example.pem", folder+"/self-signed.crt",
		"/etc/ssl/private/receiver.example.key", folder+"/self-signed.key",
		"/run/isc-receiver-", folder+"/cache-", "/var/log/nginx/", folder+"/")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "site"), []byte(site), 0o600))
	text := "daemon off;\nworker_processes auto;\nworker_rlimit_nofile 16384;\nerror_log stderr;\npid DIR/pid;\n" +
		"events { worker_connections 8192; }\nhttp {\ninclude /etc/nginx/mime.types;\n"
	if os.Getuid() == 0 {
		text = "user root;\n" + text // others cannot come to the folder
	}
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		text += kind + "_temp_path DIR/" + kind + ";\n"
	}
	config := filepath.Join(folder, "nginx.conf")
	text = strings.ReplaceAll(text+"include DIR/site;\n}\n", "DIR", folder)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))

	command := exec.Command(program, "-e", "stderr", "-c", config) //nolint:noctx // it is stopped in order
	command.Stderr = os.Stderr
	require.NoError(t, command.Start())
	p.process = command.Process
	t.Cleanup(func() {
		require.NoError(t, command.Process.Signal(syscall.SIGTERM))
		require.NoError(t, command.Wait())
	})
	jar := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, //nolint:gosec // a test
	}
	t.Cleanup(jar.CloseIdleConnections)
	p.client = &http.Client{Transport: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	until(t, startTime, "nginx", func() bool {
		response, askErr := p.client.Get("https://" + p.address + "/healthz")
		return askErr == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	return p
}

// replaceAll returns a file with each of the old texts, which must be there, replaced by the new one after it.
func replaceAll(t *testing.T, file string, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, string(text), pairs[i])
	}
	return strings.NewReplacer(pairs...).Replace(string(text))
}

// reply is what the proxy or the receiver answered.
type reply struct {
	code   int
	header http.Header
	body   []byte
}

// get asks for a path with a cookie or none, and requires HTTP/2.
func (p *proxy) get(t *testing.T, path, cookie string) reply {
	t.Helper()
	response := p.open(t, path, cookie)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Equal(t, 2, response.ProtoMajor)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, body}
}

func (p *proxy) open(t *testing.T, path, cookie string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+p.address+path, nil)
	require.NoError(t, err)
	request.Header.Set("Cookie", cookie)
	request.Header.Set("X-Forwarded-For", "192.0.2.99") // which is to be replaced
	response, err := p.client.Do(request)
	require.NoError(t, err)
	return response
}

// fetch asks the receiver itself.
func fetch(t *testing.T, url string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, body}
}

// signIn exchanges the key for a cookie.
func (p *proxy) signIn(t *testing.T, key string) (cookie string) {
	t.Helper()
	r := p.get(t, "/?key="+key, "")
	require.Equal(t, http.StatusSeeOther, r.code)
	require.Contains(t, r.header.Get("Set-Cookie"), "Secure", "the receiver believes that viewers have TLS")
	cookie, _, _ = strings.Cut(r.header.Get("Set-Cookie"), ";")
	return cookie
}

// startBehind starts a receiver with the demonstration for a proxy on this machine, with state of its own.
func startBehind(t *testing.T, address string) (receiver daemon, key string) {
	t.Helper()
	settings := publicAt("http://"+address+"/") + "trusted_proxies = [\"127.0.0.1\"]\n"
	receiver = startPublic(t, address, t.TempDir(), settings, "--demo", "--ports", freePorts(t, 4))
	key = keyOf(t, receiver.url)
	until(t, startTime, "something to play", func() bool {
		return fetch(t, "http://"+address+"/hls/rig1/index.m3u8?key="+key).code == http.StatusOK
	})
	return receiver, key
}

// Through nginx viewers get what the receiver has, to the byte, and nobody gets anything without a key, though it lies
// in the cache.
func TestNginx(t *testing.T) {
	address := freeAddress(t)
	receiver, key := startBehind(t, address)
	p := startNginx(t, address)
	cookie := p.signIn(t, key)
	require.Equal(t, http.StatusOK, p.get(t, "/", cookie).code)
	require.Equal(t, http.StatusUnauthorized, p.get(t, "/", "").code)
	require.Equal(t, http.StatusUnauthorized, p.get(t, "/metrics", "").code, "nginx is no program of this machine")

	redirect := p.get(t, "/hls/rig1/index.m3u8", cookie)
	require.Equal(t, http.StatusFound, redirect.code)
	base := "/hls/rig1/" + strings.TrimSuffix(redirect.header.Get("Location"), "index.m3u8")
	list, files := p.listed(t, base, cookie)
	same := 0
	for _, file := range files {
		got := p.get(t, base+file, cookie)
		own := fetch(t, "http://"+address+base+file+"?key="+key)
		if own.code == http.StatusNotFound {
			continue // it has become too old meanwhile
		}
		require.Equal(t, http.StatusOK, got.code, file)
		require.Equal(t, own.body, got.body, file)
		require.Equal(t, "video/mp4", got.header.Get("Content-Type"))
		same++
	}
	require.Greater(t, same, 5)
	for _, file := range files {
		for _, stranger := range []string{"", "isc_00000000=x.y", cookie[:len(cookie)-4]} {
			requireRefused(t, p.get(t, base+file, stranger))
		}
		requireRefused(t, p.get(t, base+file+"?key=", ""))
	}
	tail, err := parseTail(list)
	require.NoError(t, err)
	next := fmt.Sprintf("%svideo1_stream.m3u8?_HLS_msn=%d&_HLS_part=%d", base, tail.segment+1, 0)
	require.Equal(t, http.StatusOK, p.get(t, next, cookie).code)
	requireRefused(t, p.get(t, next, ""))

	t.Run("tricks", func(t *testing.T) { testTricks(t, p, base+files[0], key) })
	t.Run("players with a key", func(t *testing.T) { testKeyedPlayer(t, p, base, key) })
	t.Run("events", func(t *testing.T) { testEvents(t, p, cookie) })
	t.Run("another receiver", func(t *testing.T) {
		_, files = p.listed(t, base, cookie)
		file := base + files[len(files)-1]
		require.Equal(t, http.StatusOK, p.get(t, file, cookie).code)
		receiver.stop(syscall.SIGTERM)
		for _, path := range []string{"/", base + "video1_stream.m3u8", base + "none.mp4"} {
			down := p.get(t, path, cookie+"; another=one") // whose access is not known yet
			require.Equal(t, http.StatusBadGateway, down.code, path)
			require.Contains(t, string(down.body), "The receiver does not answer.")
		}
		_, key = startBehind(t, address)
		began := time.Now()
		until(t, accessKept+time.Second, "the end of the old key", func() bool {
			return p.get(t, file, cookie).code == http.StatusUnauthorized
		})
		t.Logf("the cookie of a key that is gone opened what was kept for %v after the receiver was back",
			time.Since(began).Round(100*time.Millisecond))
		again := p.get(t, "/hls/rig1/index.m3u8", p.signIn(t, key))
		require.NotEqual(t, redirect.header.Get("Location"), again.header.Get("Location"), "the redirect is never an old one")
	})
}

// listed returns the playlist as it is now, and the files that it names, but for the last one, which is to come.
func (p *proxy) listed(t *testing.T, base, cookie string) (list []byte, files []string) {
	t.Helper()
	r := p.get(t, base+"video1_stream.m3u8", cookie)
	require.Equal(t, http.StatusOK, r.code)
	files = regexp.MustCompile(`[0-9a-f]+_video1_(init|seg[0-9]+|part[0-9]+)\.mp4`).FindAllString(string(r.body), -1)
	require.Greater(t, len(files), 6)
	return r.body, files[:len(files)-1]
}

func requireRefused(t *testing.T, r reply) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, r.code)
	require.Contains(t, string(r.body), "This link needs the key.")
	require.Less(t, len(r.body), 200)
}

// A player that has the key in each request gets its playlists with the key in them. Nobody else gets these, nor its
// cookie, and the key is nowhere on the disk.
func testKeyedPlayer(t *testing.T, p proxy, base, key string) {
	t.Helper()
	keyed := p.get(t, base+"video1_stream.m3u8?key="+key, "")
	require.Equal(t, http.StatusOK, keyed.code)
	require.Contains(t, string(keyed.body), "key="+key)
	require.Equal(t, http.StatusOK, p.get(t, base+"video1_stream.m3u8?k%65y="+key, "").code)
	other, files := p.listed(t, base, p.signIn(t, key))
	require.NotContains(t, string(other), key)
	part := p.get(t, base+files[len(files)-1]+"?key="+key, "")
	require.Equal(t, http.StatusOK, part.code)
	require.Empty(t, part.header.Get("Set-Cookie"))
	requireRefused(t, p.get(t, base+files[len(files)-1]+"?key=wrong", ""))
	require.NoError(t, p.process.Signal(syscall.SIGUSR1)) // what is to be logged is written now
	until(t, startTime, "the log", func() bool {
		text, err := os.ReadFile(filepath.Join(p.folder, "isc-receiver.access.log"))
		return err == nil && strings.Contains(string(text), `"GET /" 303`)
	})
	require.NoError(t, filepath.WalkDir(p.folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // caches lose files meanwhile
		}
		if text, readErr := os.ReadFile(path); readErr == nil {
			require.NotContains(t, string(text), key, path)
		}
		return nil
	}))
}

// Each event comes at once.
func testEvents(t *testing.T, p proxy, cookie string) {
	t.Helper()
	response := p.open(t, eventsPath, cookie)
	defer func() { _ = response.Body.Close() }() // in the midst of it
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, 2, response.ProtoMajor)
	buffer, text := make([]byte, 1<<16), ""
	for strings.Count(text, "event: status") < 3 {
		n, err := response.Body.Read(buffer)
		require.NoError(t, err)
		text += string(buffer[:n])
	}
	sent := regexp.MustCompile(`"time":"([^"]+)"`).FindAllStringSubmatch(text, -1)
	last, err := time.Parse(time.RFC3339, sent[len(sent)-1][1])
	require.NoError(t, err)
	require.Less(t, time.Since(last), time.Second)
}

// TestNginxMultipliesViewers prints how many requests a receiver gets from viewers through nginx, and from as many
// without, and how late they have each part.
func TestNginxMultipliesViewers(t *testing.T) {
	count, length := 30, 4*time.Second
	if text := os.Getenv(viewersVariable); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
		length = 20 * time.Second
	}
	address := freeAddress(t)
	receiver, key := startBehind(t, address)
	p := startNginx(t, address)
	through := measureCrowd(t, "through nginx", "http://"+address, receiver.pid,
		crowdPlan{Address: p.address, Key: key, Viewers: count, Length: length})
	receiver.stop(syscall.SIGTERM)

	address = freeAddress(t)
	receiver = startPublic(t, address, t.TempDir(),
		publicAt("https://"+address+"/")+"[tls]\nself_signed = true\n", "--demo", "--ports", freePorts(t, 4))
	key = keyOf(t, receiver.url)
	until(t, startTime, "something to play", func() bool { return figuresAt(t, address, key).HLS.Ready })
	without := measureCrowd(t, "without", "https://"+address, receiver.pid,
		crowdPlan{Address: address, Key: key, Viewers: count, Length: length})
	receiver.stop(syscall.SIGTERM)
	require.Less(t, 5*through, without)
}

// measureCrowd returns how many requests a second come to the receiver while a crowd watches.
func measureCrowd(t *testing.T, how, receiver string, pid int, p crowdPlan) float64 {
	t.Helper()
	crowd := startCrowd(t, p)
	before, began := requestsAt(t, receiver), time.Now()
	used := watch(t, pid, p.Length*9/10)
	rate := (requestsAt(t, receiver) - before) / time.Since(began).Seconds()
	seen := crowd.end()
	t.Logf("%d viewers %s: %.0f requests a second at the receiver, which takes %.0f %% of a core and %d MiB; "+
		"parts behind their end, half, 99 of 100, all: %v, %v, %v; %.1f Mb/s; %.1f %% got each within a second",
		p.Viewers, how, rate, 100*used.cores, used.most>>20, seen.Half, seen.Most, seen.All, seen.Megabits,
		100*float64(seen.Punctual)/float64(p.Viewers))
	require.Empty(t, seen.Faults)
	return rate
}

// requestsAt returns how many requests the receiver has had, as it says to programs on its machine.
func requestsAt(t *testing.T, receiver string) float64 {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, //nolint:gosec // a test
	}}
	response, err := client.Get(receiver + "/metrics")
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^isc_http_requests_total (\S+)$`).FindStringSubmatch(string(text))
	require.NotNil(t, line)
	n, err := strconv.ParseFloat(line[1], 64)
	require.NoError(t, err)
	return n
}
