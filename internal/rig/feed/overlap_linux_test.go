package feed

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/await"
)

// children is a feed whose ffmpeg does nothing but run, and the processes of those that were started.
type children struct {
	*Feed

	t    *testing.T
	list string // a file with their numbers
}

func newChildren(t *testing.T) *children {
	t.Helper()
	list := filepath.Join(t.TempDir(), "list")
	return &children{newFake(t, "echo $$ >>"+list+"\nexec sleep 1000"), t, list}
}

// wait waits until as many children were started, of which those with a one run.
func (c *children) wait(running ...int) {
	c.t.Helper()
	await.Until(c.t, fmt.Sprint("children run: ", running), func() bool {
		text, err := os.ReadFile(c.list)
		if err != nil {
			return false
		}
		var now []int
		for line := range strings.Lines(string(text)) {
			number, err := strconv.Atoi(strings.TrimSpace(line))
			alive := 0
			if err == nil && syscall.Kill(number, 0) == nil {
				alive = 1
			}
			now = append(now, alive)
		}
		return slices.Equal(now, running)
	})
}

// TestOverlap changes the bitrate of what can be opened twice: the old child goes on until the new one sends, and a
// change before that waits for it. Nothing runs on after the end.
func TestOverlap(t *testing.T) {
	c := newChildren(t)
	stop := run(t, c.Feed)
	c.wait(1)
	c.Came(packet(1, 0, 0))
	c.SetBitrate(500_000)
	c.wait(1, 1)
	c.Came(packet(1, 1, 0))
	c.SetBitrate(300_000)
	c.wait(1, 1)
	require.Equal(t, 500_000, c.Status().Bitrate)
	c.Came(packet(2, 0, 0))
	c.wait(0, 1, 1)
	require.Equal(t, 300_000, c.Status().Bitrate)
	c.Came(packet(3, 0, 0))
	c.wait(0, 0, 1)
	c.Came(packet(2, 1, 0)) // a straggler
	c.SetBitrate(500_000)
	c.wait(0, 0, 1, 1)
	stop()
	c.wait(0, 0, 0, 0)
	require.False(t, c.Status().Running)
	require.Empty(t, c.Status().Error)
}

// TestChangeAsTheNextChildBegins has the bitrate change at the moment at which the new child begins to send: the old
// one, whose packets no receiver gets any more, is not the one that goes on.
func TestChangeAsTheNextChildBegins(t *testing.T) {
	runs := func() *child {
		c := &child{ended: make(chan struct{})}
		c.cancel = sync.OnceFunc(func() { close(c.ended) })
		return c
	}
	for range 50 { // as one of two that are ready is chosen by chance
		f := newFake(t, "exec sleep 1000")
		old, next := runs(), runs()
		f.began <- struct{}{}
		f.SetBitrate(300_000)
		still, err := f.watch(t.Context(), next, old, 500_000)
		require.NoError(t, err)
		require.Same(t, next, still)
		<-old.ended
	}
}

// TestCameraIsOpenedOnce does so with a camera, which only one program can have.
func TestCameraIsOpenedOnce(t *testing.T) {
	c := newChildren(t)
	c.config.TestPicture, c.config.Camera = false, "/dev/video0"
	run(t, c.Feed)
	c.wait(1)
	c.Came(packet(1, 0, 0))
	c.SetBitrate(500_000)
	c.wait(0, 1)
}

// TestNextChildHangs has the new child send nothing: both end, and another one is started.
func TestNextChildHangs(t *testing.T) {
	c := newChildren(t)
	c.silent = 2 * time.Second
	run(t, c.Feed)
	c.wait(1)
	c.Came(packet(1, 0, 0))
	c.SetBitrate(500_000)
	c.wait(0, 0, 1)
	require.Contains(t, c.Status().Error, "ffmpeg sent nothing any more")
}
