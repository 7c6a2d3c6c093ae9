package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// child is an ffmpeg that runs, or has ended. A nil one has ended.
type child struct {
	cancel context.CancelFunc
	ended  chan struct{} // closed when it has
	err    error         // of a child that has ended
	words  tail          // of a child that has ended
}

// startChild starts ffmpeg, which is killed when ctx ends. The error is ErrNoProgram.
func startChild(ctx context.Context, arguments []string) (*child, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrNoProgram
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &child{cancel: cancel, ended: make(chan struct{})}
	cmd := exec.CommandContext(ctx, path, arguments...)
	cmd.SysProcAttr = dieWithParent()
	cmd.WaitDelay = time.Second // for an output that something else holds open
	cmd.Stderr = &c.words
	go func() {
		defer close(c.ended)
		// The kernel ends a child with the thread that made it (prctl(2), PR_SET_PDEATHSIG), and Go ends threads when
		// it likes.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.err = cmd.Run()
	}()
	return c, nil
}

// stop ends the child, and returns when it has ended.
func (c *child) stop() {
	if c == nil {
		return
	}
	c.cancel()
	<-c.ended
}

// tail keeps the last line written to it, up to 200 bytes. It is read after the last write.
type tail struct {
	last []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	lines := bytes.Split(bytes.TrimSpace(p), []byte{'\n'})
	if line := lines[len(lines)-1]; len(line) > 0 {
		t.last = append(t.last[:0], line[:min(len(line), 200)]...)
	}
	return len(p), nil
}

// hung says that a child sent nothing any more.
func (t *tail) hung(ended error) error {
	if len(t.last) == 0 {
		return errHung
	}
	return fmt.Errorf("%w; before that, %w", errHung, t.reason(ended))
}

// reason says why a child ended.
func (t *tail) reason(err error) error {
	switch {
	case len(t.last) > 0:
		return fmt.Errorf("ffmpeg says: %s", strings.ToValidUTF8(string(t.last), "?"))
	case err != nil:
		return fmt.Errorf("ffmpeg has ended: %w", err)
	default:
		return errors.New("ffmpeg has ended")
	}
}
