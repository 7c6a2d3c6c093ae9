//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLogFormat reads the log as objects, and as text, and finds only what the level asks for.
func TestLogFormat(t *testing.T) {
	p := startProgram(t, "--ports", "0", "--log-format", "json")
	p.end(t, syscall.SIGTERM)
	var messages []string
	for line := range strings.Lines(p.stderr.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record), line)
		at, err := time.Parse(time.RFC3339Nano, record["time"].(string))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), at, patience)
		require.Contains(t, []any{"INFO", "WARN"}, record["level"])
		messages = append(messages, record["msg"].(string))
	}
	require.Contains(t, messages, "receiving")
	require.Equal(t, "stopped", messages[len(messages)-1])

	t.Setenv("ISC_LOG_FORMAT", "json")
	p = startProgram(t, "--ports", "0", "--log-format", "text")
	p.end(t, syscall.SIGTERM)
	require.Contains(t, p.stderr.String(), "level=INFO msg=receiving ")
	p = startProgram(t, "--ports", "0", "--log-level", "error")
	p.end(t, syscall.SIGTERM)
	require.Empty(t, p.stderr.String())
}

// TestWaitingForAPipe has the program play from a pipe that nobody writes to yet: its log says so.
func TestWaitingForAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	p := &program{Cmd: exec.CommandContext(t.Context(), os.Args[0], "run", "--http", "127.0.0.1:0", "--capture", path)}
	p.Env = append(os.Environ(), asMain+"=1", "STATE_DIRECTORY="+t.TempDir())
	p.Stderr = &p.stderr
	require.NoError(t, p.Start())
	p.says(t, "waiting for another program to write to the pipe", 1)
	require.Contains(t, p.stderr.String(), path)
	require.NotContains(t, p.stderr.String(), "receiving")

	content, err := os.ReadFile(capture)
	require.NoError(t, err)
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = pipe.Write(content) // the program may end before it has read all
		_ = pipe.Close()
	}()
	p.says(t, "msg=receiving", 1)
	p.end(t, syscall.SIGTERM)
	<-written
}

// TestOldAddressIsTold wants the address for players of the old server after that of the page.
func TestOldAddressIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	require.NoError(t, os.WriteFile(path, []byte("[http]\nlegacy_hls_address = '127.0.0.1:0'\n"), 0o600))
	p := &program{Cmd: exec.CommandContext(t.Context(), os.Args[0], "run", "--config", path,
		"--http", "127.0.0.1:0", "--ports", "0")}
	p.Env = append(os.Environ(), asMain+"=1", "STATE_DIRECTORY="+t.TempDir())
	p.Stderr = &p.stderr
	output, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	lines := bufio.NewScanner(output)
	require.True(t, lines.Scan(), &p.stderr)
	require.Regexp(t, `^Open http://127\.0\.0\.1:\d+/$`, lines.Text())
	require.True(t, lines.Scan(), &p.stderr)
	require.Regexp(t, `^Players of the old server: http://127\.0\.0\.1:\d+/playlist\.m3u8$`, lines.Text())
	p.end(t, syscall.SIGTERM)
}
