//go:build browser

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// look is how the page looks from a time on, or what it asked the receiver for at that time.
type look struct {
	At int64 // ms of the Unix time

	State, What, Since, Why, Advice string // what it says
	Clock                           string // what stands before the time of the picture
	Rig, Rigs                       string // the name of the one that is shown, and of all that can be chosen
	Dim, Moves, Still               bool   // whether the picture is dimmed, goes on, and is there at all
	Size                            string // of the picture, as 640x360

	Asked  string // the path; else empty
	Status int    // of the answer; 0 where there was none
}

func (l look) at() time.Time { return time.UnixMilli(l.At) }

// isLive tells whether the page shows a live picture that moves, and says so.
func (l look) isLive() bool { return l.State == "Live" && l.Moves && !l.Dim }

// page is the page in a browser of its own.
type page struct {
	t     *testing.T
	stdin io.WriteCloser
	looks <-chan look
	asked []look // since the beginning, as far as looks were read
	close func() // ends the browser, and fails the test where the page had a fault
}

// openPage opens the page in headless Chromium. The way "native" has it play HLS itself, as Safari does.
func openPage(t *testing.T, url string, way ...string) *page {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", append([]string{script("follow.mjs"), url}, way...)...)
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	var faults bytes.Buffer
	command.Stderr = &faults
	require.NoError(t, command.Start())
	looks := make(chan look, 10_000)
	go func() {
		defer close(looks)
		for decoder := json.NewDecoder(stdout); ; {
			var next look
			if decoder.Decode(&next) != nil {
				return
			}
			looks <- next
		}
	}()
	return &page{t: t, stdin: stdin, looks: looks, close: func() {
		require.NoError(t, stdin.Close())
		for range looks { // to its end, before Wait closes the pipe
		}
		require.NoError(t, command.Wait(), "%s", &faults)
	}}
}

func script(name string) string { return filepath.Join(repository, "webassets", "test", name) }

// await returns the next look of the page for which so is true.
func (p *page) await(what string, so func(look) bool) look {
	p.t.Helper()
	timeout := time.After(startTime)
	var last look
	for {
		select {
		case next, open := <-p.looks:
			require.True(p.t, open, "the browser ended before %s", what)
			if next.Asked != "" {
				p.asked = append(p.asked, next)
				continue
			}
			if last = next; so(next) {
				return next
			}
		case <-timeout:
			require.Fail(p.t, "timeout", "waited for %s; last: %+v", what, last)
		}
	}
}

// says waits until the page says a state in a word.
func (p *page) says(word string) look {
	p.t.Helper()
	return p.await(word, func(l look) bool { return l.State == word })
}

// during reads what comes in a while, and returns how the page looked then, and what it asked for.
func (p *page) during(while time.Duration) (looks, asked []look) {
	p.t.Helper()
	timeout := time.After(while)
	for {
		select {
		case next, open := <-p.looks:
			require.True(p.t, open, "the browser ended")
			if next.Asked != "" {
				asked = append(asked, next)
			} else {
				looks = append(looks, next)
			}
		case <-timeout:
			p.asked = append(p.asked, asked...)
			return looks, asked
		}
	}
}

// do runs JavaScript, on one line, in the page; "accessibility" looks for faults of that kind.
func (p *page) do(line string) {
	p.t.Helper()
	_, err := io.WriteString(p.stdin, line+"\n")
	require.NoError(p.t, err)
}
