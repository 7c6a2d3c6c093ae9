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

// ErrBroken is wrapped where the file is there and holds no keys that can be used.
var ErrBroken = errors.New("the file is broken")

// errNoFolder is the error of all that is done with a file in no folder.
var errNoFolder = errors.New("there is no folder for them")

// file is the keys' file in a folder.
type file struct{ folder string }

// content is what the file holds, as JSON.
type content struct {
	Keys List `json:"keys"`
}

func (f file) path() string   { return filepath.Join(f.folder, fileName) }
func (f file) former() string { return filepath.Join(f.folder, formerName) }

// read returns the keys and what the file was when it held them; nil where they are from the file of former versions.
func (f file) read() (List, fs.FileInfo, error) {
	if f.folder == "" {
		return nil, nil, errNoFolder
	}
	opened, err := os.Open(f.path())
	if errors.Is(err, fs.ErrNotExist) {
		list, formerErr := f.readFormer()
		return list, nil, formerErr
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = opened.Close() }() // it was only read
	info, err := opened.Stat()
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err != nil {
		return nil, nil, err
	}
	list, err := decode(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w: %w", f.path(), ErrBroken, err)
	}
	return list, info, nil
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
	text, err := os.ReadFile(f.former())
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(f.former())
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
	if err = wholefile.Write(f.path(), append(text, '\n'), 0o600); err != nil {
		return nil, err
	}
	if err = os.Remove(f.former()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.Stat(f.path())
}

// moveAside keeps a broken file under another name, which it returns.
func (f file) moveAside(now time.Time) (string, error) {
	kept := f.path() + ".broken-" + now.Format(brokenTime)
	return kept, os.Rename(f.path(), kept)
}
