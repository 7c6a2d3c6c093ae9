package preview

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// child is one ffmpeg process and the two goroutines that look after it.
type child struct {
	cmd      *exec.Cmd
	stdin    *os.File
	stdout   *os.File
	stderr   tail
	arrivals arrivals
	pictures atomic.Uint64

	exited chan struct{} // the process has been waited for
	done   chan struct{} // that, and the reader has ended
	err    error         // of Wait; read after exited
}

// startChild starts the process. Its pictures go to ring; first is called with the first of them.
func startChild(cfg Config, ring *pictures, first func()) (*child, error) {
	path, err := exec.LookPath(cfg.Command)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNoDecoder, cfg.Command)
	}
	c := &child{exited: make(chan struct{}), done: make(chan struct{})}
	c.cmd = exec.Command(path, arguments(cfg)...)
	c.cmd.SysProcAttr = dieWithParent()
	c.cmd.Stderr = &c.stderr
	c.cmd.WaitDelay = time.Second // for a stderr that something else holds open

	// Pipes of our own, for the write deadline and so that Wait leaves the reader's end alone.
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecoder, err)
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrDecoder, err), inRead.Close(), inWrite.Close())
	}
	c.cmd.Stdin, c.cmd.Stdout = inRead, outWrite
	c.stdin, c.stdout = inWrite, outRead

	started := make(chan error)
	go c.supervise(started)
	err = <-started
	// The child has its own copies, or there is no child.
	_ = inRead.Close()
	_ = outWrite.Close()
	if err != nil {
		_ = inWrite.Close()
		_ = outRead.Close()
		return nil, fmt.Errorf("%w: %w", ErrDecoder, err)
	}
	go c.read(ring, first)
	return c, nil
}

// arguments is the command line. A larger probe, or nobuffer among the flags, would cost the first second of pictures.
func arguments(cfg Config) []string {
	fit := fmt.Sprintf("scale=%[1]d:%[2]d:force_original_aspect_ratio=decrease:flags=fast_bilinear,"+
		"pad=%[1]d:%[2]d:(ow-iw)/2:(oh-ih)/2", cfg.Width, cfg.Height)
	return []string{
		"-hide_banner", "-loglevel", "error", "-threads", "1", "-flags", "low_delay",
		"-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0",
		"-f", "h264", "-framerate", "25", "-i", "pipe:0", "-an",
		"-filter_threads", "1", "-vf", fit, "-fps_mode", "passthrough", "-flush_packets", "1",
		"-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1",
	}
}

// supervise starts the process and waits for it on one thread, since the kernel ends a child with the thread that
// made it (prctl(2), PR_SET_PDEATHSIG), and Go ends threads when it likes.
func (c *child) supervise(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := c.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	c.err = c.cmd.Wait()
	close(c.exited)
}

// read takes pictures from the child until it ends.
func (c *child) read(ring *pictures, first func()) {
	defer close(c.done)
	for {
		if _, err := io.ReadFull(c.stdout, ring.next()); err != nil {
			break
		}
		ring.publish(c.arrivals.pop(time.Now()))
		if c.pictures.Add(1) == 1 {
			first()
		}
	}
	// A child that closes its output is of no more use.
	c.kill()
	<-c.exited
	_ = c.stdout.Close()
}

// write gives the child data. It returns an error when the child has gone, was killed, or takes nothing for too long.
func (c *child) write(data []byte) error {
	if err := c.stdin.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return c.failure(err)
	}
	if _, err := c.stdin.Write(data); err != nil {
		return c.failure(err)
	}
	return nil
}

// failure ends the child and returns the error of a write with the child's own reason, which tells more.
func (c *child) failure(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: it has taken no data for %v", ErrDecoder, writeTimeout)
	}
	// The pipe breaks when the child dies: give it the moment that it takes to be waited for.
	c.kill()
	<-c.done
	return c.reason()
}

// kill ends the child and frees a blocked write.
func (c *child) kill() {
	_ = c.stdin.Close()
	_ = c.cmd.Process.Kill()
}

// reason says why the child ended; to be called after done.
func (c *child) reason() error {
	words := c.stderr.String()
	switch {
	case words != "":
		return fmt.Errorf("%w: %s", ErrDecoder, words)
	case c.err != nil:
		return fmt.Errorf("%w: %w", ErrDecoder, c.err)
	default:
		return fmt.Errorf("%w: it ended", ErrDecoder)
	}
}

// tail keeps the last line written to it, up to 200 bytes.
type tail struct {
	mu   sync.Mutex
	last []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(p), []byte{'\n'})
	if line := lines[len(lines)-1]; len(line) > 0 {
		t.last = append(t.last[:0], line[:min(len(line), 200)]...)
	}
	return len(p), nil
}

// String returns the last line as printable text.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.last), "?")
}
