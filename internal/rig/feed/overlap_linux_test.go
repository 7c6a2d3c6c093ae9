package feed

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// TestOverlap changes the bitrate of what can be opened twice: the old child goes on until the new one sends, also
// where the bitrate changes again before that. Nothing runs on after the end.
func TestOverlap(t *testing.T) {
	c := newChildren(t)
	stop := run(t, c.Feed)
	c.wait(1)
	c.Came(packet(1, 0, 0))
	c.SetBitrate(500_000)
	c.wait(1, 1)
	c.Came(packet(1, 1, 0))
	c.SetBitrate(300_000)
	c.wait(1, 0, 1)
	require.Equal(t, 300_000, c.Status().Bitrate)
	c.Came(packet(2, 0, 0))
	c.wait(0, 0, 1)
	c.Came(packet(1, 2, 0)) // a straggler
	c.SetBitrate(500_000)
	c.wait(0, 0, 1, 1)
	stop()
	c.wait(0, 0, 0, 0)
	require.False(t, c.Status().Running)
	require.Empty(t, c.Status().Error)
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
