package keys

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smallDisk returns a folder on a disk of 64 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=64k,mode=700"); err != nil {
		t.Skip("no disk can be mounted here:", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	return folder
}

// fill fills the disk of a folder and returns the file that does.
func fill(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "filling")
	file, err := os.Create(path)
	require.NoError(t, err)
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, file.Close())
	return path
}

// TestFullDisk shuts people out while the disk is full: that lasts. What finds no room is told of, and is stored later.
func TestFullDisk(t *testing.T) {
	folder := smallDisk(t)
	s := begin(t, folder)
	require.NoError(t, s.Add(Key{Name: "Ward"}, noon))
	require.NoError(t, s.Add(Key{Name: "Theatre"}, noon))
	filling := fill(t, folder)

	require.NoError(t, s.Remove("Ward", noon))
	require.NoError(t, s.Replace("Theatre", noon))
	require.Equal(t, s.List(), begin(t, folder).List(), "after a restart")
	command, err := Open(folder)
	require.NoError(t, err)
	require.NoError(t, command.Remove(FirstName, noon))
	require.True(t, s.Refresh(noon))
	require.Equal(t, []string{"Theatre"}, names(s.List()))

	for err = nil; err == nil; {
		err = s.Add(Key{Name: fmt.Sprint("key ", len(s.List()))}, noon)
	}
	require.ErrorIs(t, err, ErrNotStored)
	require.ErrorIs(t, s.Err(), syscall.ENOSPC)
	require.ErrorIs(t, s.Flush(noon), syscall.ENOSPC)
	require.NoError(t, os.Remove(filling))
	require.NoError(t, s.Flush(noon))
	require.Equal(t, s.List(), begin(t, folder).List())
}

// TestFullAtTheStart begins on a full disk, where the keys are put back later: all of those hold.
func TestFullAtTheStart(t *testing.T) {
	folder := smallDisk(t)
	filling := fill(t, folder)
	s, _ := Begin(folder, noon)
	require.ErrorIs(t, s.Err(), syscall.ENOSPC)
	former := begin(t, t.TempDir())
	text, err := os.ReadFile(former.Path())
	require.NoError(t, err)
	require.NoError(t, os.Remove(filling))
	require.NoError(t, os.WriteFile(s.Path(), text, 0o600))
	require.True(t, s.Refresh(noon.Add(retryEvery)))
	require.NoError(t, s.Err())
	require.Equal(t, former.List(), s.List())
	require.Equal(t, former.List(), begin(t, folder).List())
}

// TestWhatIsNoFile finds something else in the place of the file, at the start and while the program runs. It waits for
// nothing, opens nothing, and takes nothing away.
func TestWhatIsNoFile(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"folder":        func(path string) error { return os.Mkdir(path, 0o700) },
		"pipe":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"link":          func(path string) error { return os.Symlink(path+".there", path) },
		"link to none":  func(path string) error { return os.Symlink("nowhere", path) },
		"link to zeros": func(path string) error { return os.Symlink("/dev/zero", path) },
		"itself":        func(path string) error { return os.Symlink(path, path) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			elsewhere := begin(t, t.TempDir())
			path := filepath.Join(folder, fileName)
			require.NoError(t, os.Rename(elsewhere.Path(), path+".there"))
			require.NoError(t, put(path))
			_, err := Open(folder)
			require.ErrorIs(t, err, ErrNoFile)

			s, notice := Begin(folder, noon)
			require.Empty(t, notice)
			require.ErrorIs(t, s.Err(), ErrNotRead)
			require.ErrorIs(t, s.Err(), ErrNoFile)
			require.NotEqual(t, elsewhere.List(), s.List())
			require.ErrorIs(t, s.Replace(FirstName, noon), ErrNotStored)
			info, err := os.Lstat(path)
			require.NoError(t, err)
			require.False(t, info.Mode().IsRegular(), "it is left as it is")

			require.NoError(t, os.Remove(path))
			s.Refresh(noon.Add(retryEvery))
			require.NoError(t, s.Err())
			require.Equal(t, s.List(), begin(t, folder).List())
			require.NoError(t, os.Remove(path))
			require.NoError(t, put(path))
			before := s.List()
			s.Refresh(noon)
			require.ErrorIs(t, s.Err(), ErrNoFile)
			require.Equal(t, before, s.List(), "those that there were go on")
		})
	}
}

// TestFormerPipe begins where the file of former versions is a pipe, or holds more than memory does.
func TestFormerPipe(t *testing.T) {
	folder := t.TempDir()
	former := filepath.Join(folder, formerName)
	require.NoError(t, syscall.Mkfifo(former, 0o600))
	s, _ := Begin(folder, noon)
	require.ErrorIs(t, s.Err(), ErrNoFile)
	require.NoError(t, os.Remove(former))
	require.NoError(t, os.WriteFile(former, nil, 0o600))
	require.NoError(t, os.Truncate(former, 1<<40))
	require.Len(t, begin(t, folder).List(), 1)
}

// TestExposed tells of files that others can read or replace, until they no longer can.
func TestExposed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	s := begin(t, folder)
	require.False(t, s.Exposed())
	for _, mode := range []os.FileMode{0o640, 0o604, 0o666} {
		require.NoError(t, os.Chmod(s.Path(), mode))
		s.Refresh(noon)
		require.True(t, s.Exposed())
		require.True(t, begin(t, folder).Exposed())
		require.NoError(t, os.Chmod(s.Path(), 0o600))
		s.Refresh(noon)
		require.False(t, s.Exposed())
	}
	require.NoError(t, os.Chmod(folder, 0o703))
	require.True(t, begin(t, folder).Exposed())
}

// hold keeps the file of a store from being changed, as another program does that hangs.
func hold(t *testing.T, folder string) (release func()) {
	t.Helper()
	held, err := os.Open(folder)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))
	return func() { require.NoError(t, held.Close()) }
}

// TestAnotherProgramHangs changes keys while another program hangs in a change. That holds, but is not stored, so what
// others change meanwhile is put together with it.
func TestAnotherProgramHangs(t *testing.T) {
	folder := t.TempDir()
	s := begin(t, folder)
	for _, name := range []string{"Ward", "Theatre", "Night"} {
		require.NoError(t, s.Add(Key{Name: name}, noon))
	}
	old := s.List()
	release := hold(t, folder)
	began := time.Now()
	require.ErrorIs(t, s.Remove("Ward", noon), ErrBusy)
	require.Less(t, time.Since(began), 10*time.Second)
	require.ErrorIs(t, s.Replace(FirstName, noon), ErrNotStored)
	require.True(t, s.Refresh(noon))
	require.Equal(t, []string{FirstName, "Theatre", "Night"}, names(s.List()))
	release()

	command, err := Open(folder)
	require.NoError(t, err)
	require.NoError(t, command.Remove("Theatre", noon))
	require.NoError(t, command.Add(Key{Name: "Guest"}, noon))
	require.NoError(t, command.Replace("Ward", noon))
	s.Refresh(noon.Add(retryEvery))
	require.NoError(t, s.Err())
	require.Equal(t, []string{FirstName, "Night", "Guest"}, names(s.List()), "what one of them removed is gone")
	require.NotEqual(t, old[0].Secret, s.List()[0].Secret, "what was replaced is")
	require.Equal(t, s.List(), begin(t, folder).List())
}

// TestSlowDisk looks at the keys while a change waits for the disk: who is shut out is, at once.
func TestSlowDisk(t *testing.T) {
	folder := t.TempDir()
	s := begin(t, folder)
	s.work.Lock() // as a change does that waits
	require.NoError(t, s.Err())
	require.Len(t, s.List(), 1)
	require.False(t, s.Refresh(noon))
	s.setList(nil)
	require.True(t, s.Refresh(noon))
	s.work.Unlock()
}

// TestBrokenAndReadOnly begins with a broken file that cannot be kept beside.
func TestBrokenAndReadOnly(t *testing.T) {
	folder := smallDisk(t)
	path := filepath.Join(folder, fileName)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	require.NoError(t, syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	s, notice := Begin(folder, noon)
	require.Empty(t, notice)
	require.ErrorIs(t, s.Err(), ErrNotRead)
	require.ErrorIs(t, s.Err(), ErrBroken)
	err := s.Remove(FirstName, noon)
	require.ErrorIs(t, err, ErrNotStored)
	require.NotErrorIs(t, err, ErrKey)
}
