// Package feed makes the video of a rig that has no encoder of its own: an ffmpeg child takes the picture of a camera,
// a file or a test picture and sends it as RTP to a local port. It is started again whenever it ends.
package feed

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
)

var (
	// ErrConfig says that a Config asks for the impossible.
	ErrConfig = errors.New("feed")
	// ErrNoProgram says that ffmpeg is not installed.
	ErrNoProgram = errors.New("ffmpeg is not installed, and makes the video: install it (on Debian: apt install " +
		"ffmpeg), or have another program send RTP to the port")
)

// Config says what the video is. Of camera, file and test picture it has one.
type Config struct {
	Camera      string // a device, as "/dev/video0"
	File        string // played in a loop
	TestPicture bool

	Width, Height int // of the picture
	Rate          int // pictures a second
	Bitrate       int // bits a second at most
	PacketSize    int // bytes of an RTP packet at most, its header included
}

// Default returns what suits four bad links.
func Default() Config {
	return Config{Width: 640, Height: 360, Rate: 25, Bitrate: 1_000_000, PacketSize: 1200}
}

// Validate returns what is wrong, as ErrConfig.
func (c Config) Validate() error {
	kinds := 0
	for _, given := range []bool{c.Camera != "", c.File != "", c.TestPicture} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return fmt.Errorf("%w: give one of camera, file and test picture", ErrConfig)
	case c.Camera != "" && runtime.GOOS != "linux":
		return fmt.Errorf("%w: cameras are used on Linux only; here, have another program send RTP to the port", ErrConfig)
	case c.Width < 16, c.Width > 4096, c.Height < 16, c.Height > 4096, c.Width%2 != 0, c.Height%2 != 0:
		return fmt.Errorf("%w: picture of %dx%d, want even sizes from 16 to 4096", ErrConfig, c.Width, c.Height)
	case c.Rate < 1, c.Rate > 120:
		return fmt.Errorf("%w: %d pictures a second, want 1 to 120", ErrConfig, c.Rate)
	case c.Bitrate < 50_000, c.Bitrate > 100_000_000:
		return fmt.Errorf("%w: %d bits a second, want 50k to 100M", ErrConfig, c.Bitrate)
	}
	return nil
}

// arguments returns the command line: nothing is held back for a better picture, a keyframe comes each second with its
// parameter sets, and no second takes more than the bitrate.
func (c Config) arguments(to netip.AddrPort, bitrate int) []string {
	size, rate, bits := fmt.Sprintf("%dx%d", c.Width, c.Height), strconv.Itoa(c.Rate), strconv.Itoa(bitrate)
	fit := fmt.Sprintf("scale=%[1]d:%[2]d:force_original_aspect_ratio=decrease,"+
		"pad=%[1]d:%[2]d:(ow-iw)/2:(oh-ih)/2,setsar=1", c.Width, c.Height)
	arguments := []string{"-hide_banner", "-loglevel", "error", "-nostdin", "-fflags", "nobuffer"}
	switch {
	case c.Camera != "":
		arguments = append(arguments, "-f", "v4l2", "-framerate", rate, "-video_size", size, "-i", c.Camera)
	case c.File != "":
		arguments = append(arguments, "-re", "-stream_loop", "-1", "-i", "file:"+c.File)
	default:
		arguments = append(arguments, "-re", "-f", "lavfi", "-i", "testsrc2=size="+size+":rate="+rate)
	}
	return append(arguments,
		"-an", "-vf", fit, "-r", rate, "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "main", "-bf", "0",
		"-g", rate, "-keyint_min", rate, "-sc_threshold", "0", "-x264-params", "repeat-headers=1",
		"-b:v", bits, "-maxrate", bits, "-bufsize", strconv.Itoa(bitrate/2),
		"-f", "rtp", "-payload_type", "96", // the RTCP reports go to the same port, where they are known as such
		fmt.Sprintf("rtp://%v?rtcpport=%d&pkt_size=%d", to, to.Port(), c.PacketSize),
	)
}
