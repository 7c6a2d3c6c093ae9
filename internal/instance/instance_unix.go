//go:build linux || darwin

package instance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// errNobody says that there is no first instance.
var errNobody = errors.New("instance: there is none")

// First is the first instance of a program. It listens for later ones until it is closed.
type First struct {
	listener *net.UnixListener
	show     func(argument string) bool
	lock     string
	closed   chan struct{}
	serving  sync.WaitGroup
}

// Folder returns the folder in which a user's instances meet and which no other user can enter: XDG_RUNTIME_DIR, or
// one in the folder for temporary files, which is made where it is missing. The error wraps ErrFolder.
func Folder() (string, error) {
	if folder := os.Getenv("XDG_RUNTIME_DIR"); folder != "" && private(folder) {
		return folder, nil
	}
	folder := filepath.Join(os.TempDir(), "isc-receiver-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(folder, privateFolder); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if !private(folder) {
		return "", fmt.Errorf("%w: %s is not a folder of this user alone", ErrFolder, folder)
	}
	return folder, nil
}

// private tells whether this user alone can enter a folder. One that another user has put there could be a trap.
func private(folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	system, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(system.Uid) == os.Getuid()
}

// Open makes this program the first instance of a name in a folder. Where there is one already, that one is given the
// argument; first is nil then, and pid is its process. Of several programs that call Open at once exactly one is the
// first. The first instance calls show, one call at a time on a goroutine of its own, with the argument of each later
// one; show reports whether it did what it should, within 2 s. The error wraps ErrFolder, or ErrSilent.
func Open(folder, name, argument string, show func(argument string) bool) (first *First, pid int, err error) {
	f := &First{show: show, lock: filepath.Join(folder, name+".lock"), closed: make(chan struct{})}
	return f.open(argument, time.Now().Add(patience))
}

// open is Open with a deadline.
func (f *First) open(argument string, deadline time.Time) (first *First, pid int, err error) {
	lock, err := acquire(f.lock, deadline)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = lock.Close() }() // this gives the lock back, after what was written to it
	socket := socketOf(f.lock)
	switch pid, err = tell(socket, argument, deadline); {
	case errors.Is(err, ErrSilent):
		return nil, pidIn(lock), err
	case !errors.Is(err, errNobody):
		return nil, pid, err
	}
	// What is left of an instance that crashed is in the way. As the lock is held, it is not one that is just starting.
	if err = os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, 0, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	f.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	f.listener.SetUnlinkOnClose(false) // by then it may be another's
	if err := notePID(lock); err != nil {
		return nil, 0, errors.Join(fmt.Errorf("%w: %w", ErrFolder, err), f.listener.Close())
	}
	f.serving.Go(f.serve)
	return f, os.Getpid(), nil
}

// Close ends the instance, so that the next one is the first. It returns once show is called no more.
func (f *First) Close() error {
	close(f.closed)
	err := f.listener.Close()
	f.serving.Wait()
	lock, lockErr := acquire(f.lock, time.Now())
	if lockErr != nil {
		return err // the next one has it, and removes what is left here
	}
	return errors.Join(err, os.Remove(socketOf(f.lock)), lock.Close())
}

// serve answers later instances, one after the other.
func (f *First) serve() {
	for {
		conn, err := f.listener.AcceptUnix()
		if err == nil {
			f.answer(conn)
			continue
		}
		select {
		case <-f.closed:
			return
		case <-time.After(retryAccept): // such as for want of file descriptors
		}
	}
}

// answer takes what a later instance was started with, a quoted line, and answers with this process.
func (f *First) answer(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if conn.SetDeadline(time.Now().Add(showPatience)) != nil {
		return // it has gone
	}
	argument, err := receive(conn)
	if err != nil || !f.show(argument) {
		return // it notices that there is no answer
	}
	if conn.SetDeadline(time.Now().Add(showPatience)) == nil {
		_, _ = fmt.Fprintf(conn, "%q\n", strconv.Itoa(os.Getpid())) // who has gone does not want to know
	}
}

// tell gives the first instance the argument and returns its process. Where nobody listens, or no more, the error is
// errNobody.
func tell(socket, argument string, deadline time.Time) (pid int, err error) {
	answer, err := exchange(socket, argument, deadline)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return 0, errNobody
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return 0, errNobody // it closed before it took what was sent: it is just ending
	case err == nil:
		pid, err = strconv.Atoi(answer)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSilent, err)
	}
	return pid, nil
}

// exchange sends a text to a socket and returns what comes back.
func exchange(socket, text string, deadline time.Time) (answer string, err error) {
	conn, err := net.DialTimeout("unix", socket, time.Until(deadline))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err = conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err = fmt.Fprintf(conn, "%q\n", text); err != nil {
		return "", err
	}
	return receive(conn)
}

// receive reads a quoted line.
func receive(from io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(from, maxMessage)).ReadString('\n')
	if err != nil {
		return "", err
	}
	return strconv.Unquote(strings.TrimSuffix(line, "\n"))
}

// socketOf returns the path of the socket that a lock guards.
func socketOf(lock string) string { return strings.TrimSuffix(lock, ".lock") + ".socket" }

// acquire locks a file, which is made where it is missing, until it is closed. It tries until the deadline, and once
// at least.
func acquire(path string, deadline time.Time) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			_ = file.Close()
			return nil, fmt.Errorf("%w: it is locked: %w", ErrFolder, err)
		}
		<-time.After(tryLockEvery)
	}
}

// notePID writes this process into the lock file, for those that get no answer from it.
func notePID(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// pidIn returns the process that a lock file names, or 0.
func pidIn(lock *os.File) int {
	text := make([]byte, 20)
	n, _ := lock.ReadAt(text, 0) // it is shorter than that
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return pid
}
