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

// ErrNotStored is wrapped by the errors of changes that hold in this Store but are not in its file.
var ErrNotStored = errors.New("the keys are not stored")

// Store is the keys of one folder: those in its file, which other programs may change too, and beside them what could
// not be stored. Its methods may be called concurrently.
type Store struct {
	file file

	mu    sync.Mutex
	list  List
	seen  fs.FileInfo // of the file when it was read or written last, or found broken; nil for none
	err   error       // why the file does not hold them, or nil
	alien bool        // the file may hold others, which could not be read
	dirty bool        // they are to be stored again
	tried time.Time   // to store them
}

// Open returns the keys in a folder. The error says why there are none: fs.ErrNotExist where none were made yet,
// ErrBroken where the file is of no use, else what the system says.
func Open(folder string) (*Store, error) {
	s := &Store{file: file{folder}}
	var err error
	s.list, s.seen, err = s.file.read()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Begin returns the keys in a folder, for a program that serves viewers whatever becomes of the file. Where there is
// none yet, it makes one with a first key. One that is broken is kept beside and begun anew, and notice then says so in
// a sentence. Where the file cannot be read or written, or the folder's name is empty, there is a first key all the
// same, and Err says why.
func Begin(folder string, now time.Time) (s *Store, notice string) {
	s = &Store{file: file{folder}, tried: now}
	list, seen, err := s.file.read()
	switch {
	case err == nil && seen != nil:
		s.list, s.seen = list, seen
		return s, ""
	case err == nil: // from the file of former versions
		s.list = list
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrBroken):
		s.list = List{first(now)}
	default:
		s.list, s.err, s.alien = List{first(now)}, err, true
		return s, ""
	}
	if errors.Is(err, ErrBroken) {
		kept, moveErr := s.file.moveAside(now)
		if moveErr != nil {
			s.err, s.alien = moveErr, true
			return s, ""
		}
		notice = fmt.Sprintf("The viewers' keys could not be read: %v. That file is now %s, and there is a new key: "+
			"links that were given out are void.", err, kept)
	}
	s.store()
	return s, notice
}

func first(now time.Time) Key { return Key{Name: FirstName, Secret: newSecret(), Made: stamped(now)} }

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

// change changes what the file holds now, so that changes of other programs stay.
func (s *Store) change(now time.Time, f func(List) (List, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	unlock := s.file.lock()
	defer unlock()
	s.readAgain()
	next, err := f(s.list)
	if err != nil {
		return err
	}
	s.list = next
	if !s.alien {
		if errors.Is(s.err, ErrBroken) {
			_, s.err = s.file.moveAside(now)
		}
		s.tried = now
		s.store()
	}
	if s.err != nil {
		return fmt.Errorf("%w: %w", ErrNotStored, s.err)
	}
	return nil
}

// Refresh takes over what others have changed in the file, and tries again to store what could not be stored. A file
// that is gone or broken changes nothing; Err tells of the latter. It reports whether the keys have changed, and is
// meant to be called a few times a second.
func (s *Store) Refresh(now time.Time) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dirty {
		if now.Sub(s.tried) >= retryEvery {
			s.tried = now
			unlock := s.file.lock()
			defer unlock()
			s.store()
		}
		return false
	}
	return s.readAgain()
}

// readAgain reads the file if it is another than before, and reports whether it has.
func (s *Store) readAgain() bool {
	info, err := os.Stat(s.file.path())
	if s.dirty || err != nil || s.seen != nil && same(info, s.seen) {
		return false
	}
	list, seen, err := s.file.read()
	switch {
	case errors.Is(err, ErrBroken):
		s.err, s.seen = err, info // it is not looked at again until it is another
		return false
	case err != nil:
		s.err = err
		return false
	case seen == nil: // it has gone meanwhile
		return false
	}
	s.list, s.seen, s.err, s.alien = list, seen, nil, false
	return true
}

// store writes the keys to the file.
func (s *Store) store() {
	s.seen, s.err = s.file.write(s.list)
	s.dirty = s.err != nil
}

// same tells whether two looks at a file have seen the same content.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
