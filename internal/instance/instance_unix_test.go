//go:build linux || darwin

package instance

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func never(string) bool { return false }

// open opens the first instance of a folder, with a show that notes its arguments.
func open(t *testing.T, folder string) (first *First, shown chan string) {
	t.Helper()
	shown = make(chan string, 100)
	first, pid, err := Open(folder, "test", "", func(argument string) bool {
		shown <- argument
		return true
	})
	require.NoError(t, err)
	require.NotNil(t, first)
	require.Equal(t, os.Getpid(), pid)
	return first, shown
}

func TestSecondTellsFirst(t *testing.T) {
	folder := t.TempDir()
	first, shown := open(t, folder)
	for _, argument := range []string{"", "/a/b c.pcap", "with \"quotes\"\nand a line", strings.Repeat("x", 4096)} {
		second, pid, err := Open(folder, "test", argument, never)
		require.NoError(t, err)
		require.Nil(t, second)
		require.Equal(t, os.Getpid(), pid)
		require.Equal(t, argument, <-shown)
	}
	require.NoError(t, first.Close())
	next, _ := open(t, folder)
	require.NoError(t, next.Close())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1, "the lock, but no socket")
}

func TestNamesAndFoldersAreApart(t *testing.T) {
	folder := t.TempDir()
	first, _ := open(t, folder)
	other, _, err := Open(folder, "other", "", never)
	require.NoError(t, err)
	require.NotNil(t, other)
	require.NoError(t, other.Close())
	elsewhere, _ := open(t, t.TempDir())
	require.NoError(t, elsewhere.Close())
	require.NoError(t, first.Close())
}

func TestExactlyOneIsFirst(t *testing.T) {
	folder := t.TempDir()
	const starts = 32
	var shown atomic.Int32
	var firsts []*First
	var mu sync.Mutex
	var all sync.WaitGroup
	for range starts {
		all.Go(func() {
			first, _, err := Open(folder, "test", "", func(string) bool { shown.Add(1); return true })
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if first != nil {
				firsts = append(firsts, first)
			}
		})
	}
	all.Wait()
	require.Len(t, firsts, 1)
	require.Equal(t, int32(starts-1), shown.Load())
	require.NoError(t, firsts[0].Close())
}

// TestMain lets the test be a second program, for those tests that need one.
func TestMain(m *testing.M) {
	folder := os.Getenv("ISC_TEST_INSTANCE")
	if folder == "" {
		os.Exit(m.Run())
	}
	first, pid, err := Open(folder, "test", "from "+strconv.Itoa(os.Getpid()), func(string) bool { return true })
	fmt.Println(first != nil, pid, err)
	if first != nil {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until it is killed, or its stdin ends
		if err := first.Close(); err != nil {
			os.Exit(1)
		}
	}
	os.Exit(0)
}

// program is another process that has called Open.
type program struct {
	*exec.Cmd
	first bool
	pid   int // that Open returned
}

func startProgram(t *testing.T, folder string) *program {
	t.Helper()
	p := &program{Cmd: exec.Command(os.Args[0])}
	p.Env = append(os.Environ(), "ISC_TEST_INSTANCE="+folder)
	stdin, err := p.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = p.Wait() // some were killed
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	var failure string
	_, err = fmt.Sscan(line, &p.first, &p.pid, &failure)
	require.NoError(t, err)
	require.Equal(t, "<nil>", failure)
	return p
}

func TestAcrossProcesses(t *testing.T) {
	folder := t.TempDir()
	a := startProgram(t, folder)
	require.True(t, a.first)
	require.Equal(t, a.Process.Pid, a.pid)
	b := startProgram(t, folder)
	require.False(t, b.first)
	require.Equal(t, a.Process.Pid, b.pid)

	// One that is killed leaves its socket. The next one takes its place.
	require.NoError(t, a.Process.Kill())
	require.Error(t, a.Wait())
	require.FileExists(t, filepath.Join(folder, "test.socket"))
	c := startProgram(t, folder)
	require.True(t, c.first)
	require.Equal(t, c.Process.Pid, c.pid)
}

func TestSilentFirst(t *testing.T) {
	folder := t.TempDir()
	first, _, err := Open(folder, "test", "", never)
	require.NoError(t, err)
	second, pid, err := Open(folder, "test", "", never)
	require.ErrorIs(t, err, ErrSilent)
	require.Nil(t, second)
	require.Equal(t, os.Getpid(), pid, "so that it can be ended")
	require.NoError(t, first.Close())
}

func TestStoppedFirst(t *testing.T) {
	folder := t.TempDir()
	a := startProgram(t, folder)
	t.Cleanup(func() { _ = a.Process.Signal(syscall.SIGCONT) }) // else it would not end
	require.NoError(t, a.Process.Signal(syscall.SIGSTOP))
	var status syscall.WaitStatus // a busy machine takes a while to stop all threads
	_, err := syscall.Wait4(a.Process.Pid, &status, syscall.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, status.Stopped())
	f := &First{show: never, lock: filepath.Join(folder, "test.lock")}
	_, pid, err := f.open("", time.Now().Add(200*time.Millisecond))
	require.ErrorIs(t, err, ErrSilent)
	require.Equal(t, a.Process.Pid, pid)
}

// TestEndingFirst starts a second instance while the first is on its way out and takes no more.
func TestEndingFirst(t *testing.T) {
	folder := t.TempDir()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(folder, "test.socket")})
	require.NoError(t, err)
	listener.SetUnlinkOnClose(false)
	go func() {
		<-time.After(50 * time.Millisecond)
		_ = listener.Close() // what waits to be accepted is cut off
	}()
	first, _ := open(t, folder)
	require.NoError(t, first.Close())
}

// TestNonsense speaks to the first instance as no instance does: it goes on.
func TestNonsense(t *testing.T) {
	folder := t.TempDir()
	first, shown := open(t, folder)
	for _, text := range []string{"\n", "plain\n", "\"a", strings.Repeat("x", 2*maxMessage), "\"\\q\"\n", ""} {
		conn, err := net.Dial("unix", filepath.Join(folder, "test.socket"))
		require.NoError(t, err)
		_, _ = conn.Write([]byte(text)) // it may be cut off
		require.NoError(t, conn.(*net.UnixConn).CloseWrite())
		_, err = conn.Read(make([]byte, 1))
		require.Error(t, err, "no answer")
		require.NoError(t, conn.Close())
	}
	second, _, err := Open(folder, "test", "good", never)
	require.NoError(t, err)
	require.Nil(t, second)
	require.Equal(t, "good", <-shown)
	require.Empty(t, shown)
	require.NoError(t, first.Close())
}

func TestFolder(t *testing.T) {
	runtime := t.TempDir()
	require.NoError(t, os.Chmod(runtime, 0o700))
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	folder, err := Folder()
	require.NoError(t, err)
	require.Equal(t, runtime, folder)

	// Without one, or with one that others can enter, it is in the folder for temporary files.
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	own := filepath.Join(temporary, "isc-receiver-"+strconv.Itoa(os.Getuid()))
	for _, unusable := range []string{"", filepath.Join(runtime, "none"), runtime} {
		require.NoError(t, os.Chmod(runtime, 0o755))
		t.Setenv("XDG_RUNTIME_DIR", unusable)
		folder, err = Folder()
		require.NoError(t, err)
		require.Equal(t, own, folder)
		require.True(t, private(own))
	}

	// What others can enter, or a link to somewhere else, is not trusted.
	require.NoError(t, os.Chmod(own, 0o777))
	_, err = Folder()
	require.ErrorIs(t, err, ErrFolder)
	require.NoError(t, os.Remove(own))
	require.NoError(t, os.Symlink(t.TempDir(), own))
	_, err = Folder()
	require.ErrorIs(t, err, ErrFolder)
}

func TestUnusableFolder(t *testing.T) {
	_, _, err := Open(filepath.Join(t.TempDir(), "none"), "test", "", never)
	require.ErrorIs(t, err, ErrFolder)
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "test.socket", "not empty"), 0o700))
	_, _, err = Open(folder, "test", "", never)
	require.ErrorIs(t, err, ErrFolder)
}
