package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

const (
	// FirstName is the name of the key that Begin makes.
	FirstName = "Viewers"

	// retryEvery is how often Refresh tries again to store what could not be stored.
	retryEvery = 5 * time.Second
)

var (
	// ErrNotStored is wrapped by the errors of changes that hold in this Store but are not in its file.
	ErrNotStored = errors.New("the keys are not stored")

	// ErrNotRead is wrapped by Err as long as the file has never been read, so that its keys open nothing.
	ErrNotRead = errors.New("the keys are not read")
)

// Store is the keys of one folder: those in its file, which other programs may change too, with what could not be
// stored yet. Its methods may be called concurrently. List and Err wait for no disk.
type Store struct {
	file file

	work   sync.Mutex  // held while the file is read or written; guards the first group
	stored List        // what the file held when it was read or written last
	seen   fs.FileInfo // of the file at that time, or when it was found broken; nil for none
	unread bool        // the file is there and was never read, so it is not written to
	dirty  bool        // there is something to be stored
	tried  time.Time   // to store it

	mu      sync.Mutex // guards the second group
	list    List
	err     error // why the file does not hold them, or nil
	exposed bool
	news    bool // the list is another than when Refresh was called last
}

// Open returns the keys in a folder. The error says why there are none: fs.ErrNotExist where none were made yet,
// ErrBroken where the file is of no use, else what the system says.
func Open(folder string) (*Store, error) {
	s := &Store{file: file{folder}}
	list, seen, err := s.file.read()
	if err != nil {
		return nil, err
	}
	s.list = list
	s.have(list, seen)
	return s, nil
}

// Begin returns the keys in a folder, for a program that serves viewers whatever becomes of the file. Where there is
// none yet, it makes one with a first key. One that is broken is kept beside and begun anew, and notice then says so in
// a sentence. Where the file cannot be read or written, or the folder's name is empty, there is a first key all the
// same, and Err says why.
func Begin(folder string, now time.Time) (s *Store, notice string) {
	s = &Store{file: file{folder}}
	list, seen, err := s.file.read()
	s.list = list
	if err == nil && seen != nil {
		s.have(list, seen)
		return s, ""
	}
	if err == nil { // from the file of former versions
		s.save(now)
		return s, ""
	}
	s.list = List{{Name: FirstName, Secret: newSecret(), Made: stamped(now)}}
	s.stored = s.list // so that it is not taken for what somebody has added
	if errors.Is(err, ErrBroken) {
		kept, moveErr := s.file.moveAside(now)
		if moveErr == nil {
			notice = fmt.Sprintf("The viewers' keys could not be read: %v. That file is now %s, and there is a new key: "+
				"links that were given out are void.", err, kept)
			err = fs.ErrNotExist
		}
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoFolder) {
		s.save(now)
		return s, notice
	}
	s.unread = true
	s.setErr(fmt.Errorf("%w: %w", ErrNotRead, err))
	return s, ""
}

// Path returns where the keys are kept.
func (s *Store) Path() string { return s.file.path() }

// List returns the keys.
func (s *Store) List() List {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// Err says why the keys are not those in the file, or is nil. What is not stored is lost with the Store.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Exposed tells whether others on this machine may read the file, or put another in its place.
func (s *Store) Exposed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exposed
}

// Add adds a key, of which it makes the secret. The error wraps ErrKey where the key cannot be, and nothing has
// changed then, or ErrNotStored.
func (s *Store) Add(k Key, now time.Time) error {
	return s.change(now, func(l List) (List, error) { return l.add(k, now) })
}

// Replace gives a key another secret: the old one opens nothing any more. The errors are as of Add.
func (s *Store) Replace(name string, now time.Time) error {
	return s.change(now, func(l List) (List, error) { return l.replace(name, now) })
}

// Remove removes a key. The errors are as of Add.
func (s *Store) Remove(name string, now time.Time) error {
	return s.change(now, func(l List) (List, error) { return l.remove(name) })
}

// change changes what the file holds now, so that changes of other programs stay. It holds before it is stored, however
// long that takes.
func (s *Store) change(now time.Time, f func(List) (List, error)) error {
	s.work.Lock()
	defer s.work.Unlock()
	unlock, busy := s.file.lock()
	defer unlock()
	if busy == nil {
		s.takeOver()
	}
	next, err := f(s.List())
	if err != nil {
		return err
	}
	s.setList(next)
	s.dirty = true
	if busy == nil {
		s.save(now)
	} else {
		s.tried = now
		s.setErr(busy)
	}
	if err = s.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	return nil
}

// Refresh takes over what others have changed in the file, and tries again every 5 s to store what could not be
// stored. A file that is gone changes nothing, nor does one that is broken, of which Err tells. It reports whether the
// keys are others than when it was called last, and is meant to be called a few times a second. While a change waits
// for the disk, it does not.
func (s *Store) Refresh(now time.Time) (changed bool) {
	if s.work.TryLock() {
		defer s.work.Unlock()
		s.takeOver()
		if s.dirty && now.Sub(s.tried) >= retryEvery {
			s.saveLocked(now)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed, s.news = s.news, false
	return changed
}

// Flush tries once more to store what could not be stored, before the Store is given up. The error is that of Err.
func (s *Store) Flush(now time.Time) error {
	s.work.Lock()
	defer s.work.Unlock()
	if s.dirty {
		s.saveLocked(now)
	}
	return s.Err()
}

// saveLocked stores the keys with what others have changed before.
func (s *Store) saveLocked(now time.Time) {
	s.tried = now
	unlock, err := s.file.lock()
	defer unlock()
	if err != nil {
		return // the next try is as good
	}
	s.takeOver()
	s.save(now)
}

// takeOver reads the file if it is another than before, and puts what is not stored yet on top of what it holds.
func (s *Store) takeOver() {
	info, err := os.Lstat(s.file.path())
	if errors.Is(err, fs.ErrNotExist) {
		if s.unread { // somebody has cleared it away
			s.unread, s.dirty = false, true
		}
		return
	}
	if err == nil && s.seen != nil && same(info, s.seen) {
		return
	}
	list, seen, err := s.file.read()
	switch {
	case errors.Is(err, ErrBroken) && !s.unread:
		s.setErr(err)
		s.seen = info // it is not looked at again until it is another
	case err != nil && s.unread:
		s.setErr(fmt.Errorf("%w: %w", ErrNotRead, err))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		s.setErr(err)
		s.seen = nil // so that it is read once it can be
	case err == nil && seen != nil:
		s.setList(merge(s.stored, s.List(), list))
		s.have(list, seen)
	}
}

// have takes note of what the file holds.
func (s *Store) have(list List, seen fs.FileInfo) {
	s.stored, s.seen, s.unread = list, seen, false
	exposed := s.file.exposed(seen)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exposed = exposed; !s.dirty {
		s.err = nil
	}
}

// save writes the keys to the file, unless that was never read.
func (s *Store) save(now time.Time) {
	s.tried = now
	if s.unread {
		return
	}
	if errors.Is(s.Err(), ErrBroken) {
		if _, err := s.file.moveAside(now); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.setErr(err)
			return
		}
	}
	list := s.List()
	seen, err := s.file.write(list)
	if s.dirty = err != nil; err != nil {
		s.setErr(err)
		return
	}
	s.have(list, seen)
}

func (s *Store) setList(list List) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.news = list, true
}

func (s *Store) setErr(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// same tells whether two looks at a file have seen the same content, for the same people.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}
