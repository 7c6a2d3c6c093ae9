package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/wholefile"
)

const (
	fileName   = "viewer-keys.json"
	formerName = "viewer-key" // of former versions: one secret and a line's end
	maxFile    = 1 << 20      // bytes

	brokenTime = "20060102-150405" // in the name of a file that is kept beside
)

var (
	// ErrBroken is wrapped where the file is there and holds no keys that can be used.
	ErrBroken = errors.New("the file is broken")

	// ErrNoFile is wrapped where a link, a folder or a pipe is in the file's place.
	ErrNoFile = errors.New("it is a link, a folder or a device, and no plain file")

	// ErrBusy is wrapped where another program keeps the file to itself.
	ErrBusy = errors.New("another program has been changing the keys for a while")
)

// errNoFolder is the error of all that is done with a file in no folder.
var errNoFolder = errors.New("there is no folder for them")

// file is the keys' file in a folder.
type file struct{ folder string }

// content is what the file holds, as JSON.
type content struct {
	Keys List `json:"keys"`
}

// Path returns where the keys of a folder are kept.
func Path(folder string) string { return filepath.Join(folder, fileName) }

func (f file) path() string   { return Path(f.folder) }
func (f file) former() string { return filepath.Join(f.folder, formerName) }

// read returns the keys and what the file was when it held them; nil where they are from the file of former versions.
func (f file) read() (List, fs.FileInfo, error) {
	if f.folder == "" {
		return nil, nil, errNoFolder
	}
	text, info, err := readPlain(f.path())
	if errors.Is(err, fs.ErrNotExist) {
		list, formerErr := f.readFormer()
		return list, nil, formerErr
	}
	if err != nil {
		return nil, nil, err
	}
	list, err := decode(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w: %w", f.path(), ErrBroken, err)
	}
	return list, info, nil
}

// openPlain opens a plain file. It waits for nobody, as opening a pipe would, and follows no link: who may write to the
// folder could have root write elsewhere by one.
func openPlain(path string, flag int) (*os.File, fs.FileInfo, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: %w", path, ErrNoFile)
	}
	opened, err := os.OpenFile(path, flag|plainOnly, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := opened.Stat()
	if err == nil && !info.Mode().IsRegular() { // it was put there meanwhile
		err = fmt.Errorf("%s: %w", path, ErrNoFile)
	}
	if err != nil {
		_ = opened.Close() // nothing came of it
		return nil, nil, err
	}
	return opened, info, nil
}

// readPlain returns what a plain file holds, up to a byte more than the keys' file may, and what it was then.
func readPlain(path string) ([]byte, fs.FileInfo, error) {
	opened, info, err := openPlain(path, os.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = opened.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	return text, info, err
}

// decode reads what the file holds.
func decode(text []byte) (List, error) {
	if len(text) > maxFile {
		return nil, errors.New("it is too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // what is not understood may limit a key
	var held content
	if err := decoder.Decode(&held); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after its end")
	}
	if held.Keys == nil {
		return nil, errors.New("it names no keys")
	}
	return held.Keys, held.Keys.check()
}

// readFormer returns the key of former versions, so that links which were given out stay good.
func (f file) readFormer() (List, error) {
	text, info, err := readPlain(f.former())
	if err != nil {
		return nil, err
	}
	secret := strings.TrimSpace(string(text))
	if !validSecret(secret) {
		return nil, fmt.Errorf("%s: %w", f.former(), fs.ErrNotExist) // former versions made a new one then
	}
	return List{{Name: FirstName, Secret: secret, Made: stamped(info.ModTime())}}, nil
}

// write writes the keys, for their owner alone, and removes the file of former versions, which could bring a key back
// that was replaced.
func (f file) write(list List) (fs.FileInfo, error) {
	if f.folder == "" {
		return nil, errNoFolder
	}
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return nil, err
	}
	if list == nil {
		list = List{}
	}
	text, err := json.MarshalIndent(content{list}, "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	if err = wholefile.Write(f.path(), text, 0o600); err != nil && f.overwrite(text) != nil {
		return nil, err
	}
	if err = os.Remove(f.former()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.Lstat(f.path())
}

// overwrite writes into the file that is there, where the text is no longer than what that holds. So a key that is
// removed while the disk is full is gone all the same. After a power cut at this very moment the file may be broken,
// which opens nothing.
func (f file) overwrite(text []byte) error {
	opened, info, err := openPlain(f.path(), os.O_WRONLY)
	if err != nil {
		return err
	}
	room := int(info.Size()) - len(text)
	if room < 0 {
		return errors.Join(errors.New("it takes more room"), opened.Close())
	}
	_, err = opened.WriteAt(append(text, bytes.Repeat([]byte("\n"), room)...), 0)
	return errors.Join(err, opened.Sync(), opened.Close())
}

// moveAside keeps a broken file under another name, which it returns.
func (f file) moveAside(now time.Time) (string, error) {
	kept := f.path() + ".broken-" + now.Format(brokenTime)
	return kept, os.Rename(f.path(), kept)
}

// exposed tells whether others on this machine may read the file, which is as info says, or put another in its place.
func (f file) exposed(info fs.FileInfo) bool {
	if !hasModes || info == nil {
		return false
	}
	folder, err := os.Stat(f.folder)
	return info.Mode().Perm()&0o077 != 0 || err == nil && folder.Mode().Perm()&0o002 != 0
}
