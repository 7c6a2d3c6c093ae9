package e2e

import (
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
)

// drawClip has ffmpeg draw a clip of 4 s, of some size, as 640x360, and rate, as 800k, with a keyframe each second.
func drawClip(t *testing.T, size, rate string) *rig.Clip {
	t.Helper()
	second := strconv.Itoa(int(time.Second / rigInterval)) // in pictures
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-loglevel", "error",
		"-f", "lavfi", "-i", "testsrc2=size="+size+":rate="+second, "-t", "4", "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0", "-b:v", rate, "-maxrate", rate,
		"-bufsize", "300k", "-g", second, "-keyint_min", second, "-sc_threshold", "0",
		"-x264-params", "repeat-headers=1:sliced-threads=0", "-bsf:v", "filter_units=remove_types=6", "-f", "h264",
		"-").Output()
	require.NoError(t, err)
	clip, err := rig.ParseClip(out)
	require.NoError(t, err)
	return clip
}
