//go:build unix

package journal_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/journal"
)

const asProgram = "ISC_TEST_AS_PROGRAM" // makes the test binary a program that logs and fails

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		log := journal.Log(slog.LevelDebug)
		log.Debug("a detail", "n", 1)
		log.Info("receiving", "page", "[::]:5076", "level", "high", "time", "noon")
		log.With("channel", "rig1").Info("live")
		log.WithGroup("link").Warn("it is\nsilent", "for", "2 s")
		log.Info("stopped")
		journal.Complain(os.Stderr, "program", errors.New("it failed"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// output returns what the program writes to standard error where that is a pipe and JOURNAL_STREAM names the inode that
// follow adds to the pipe's.
func output(t *testing.T, follow uint64) string {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	info, err := write.Stat()
	require.NoError(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = append(os.Environ(), asProgram+"=1",
		fmt.Sprintf("JOURNAL_STREAM=%d:%d", stat.Dev, uint64(stat.Ino)+follow)) //nolint:unconvert // as systems differ
	program.Stderr = write
	require.NoError(t, program.Start())
	require.NoError(t, write.Close())
	text, err := io.ReadAll(read)
	require.NoError(t, err)
	require.NoError(t, read.Close())
	require.NoError(t, program.Wait())
	return string(text)
}

func TestJournal(t *testing.T) {
	require.Equal(t, `<7>a detail n=1
<6>receiving page=[::]:5076 level=high time=noon
<6>live channel=rig1
<4>"it is\nsilent" link.for="2 s"
<6>stopped
<3>program: it failed
`, output(t, 0))
}

// Standard error may be something else than what JOURNAL_STREAM was set for.
func TestNoJournal(t *testing.T) {
	text := output(t, 1)
	require.Regexp(t, `(?m)^time=\S+ level=INFO msg=receiving page=\[::\]:5076`, text)
	require.Contains(t, text, "\nprogram: it failed\n")
}
